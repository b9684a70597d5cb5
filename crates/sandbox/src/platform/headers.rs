//! Reads the common parameters of a request.

use http::HeaderMap;

use crate::platform::verdict::{Cause, CommonProblem};

fn refusal(name: &'static str, problem: CommonProblem) -> Cause {
    let name = name.into();
    Cause::CommonParameter { name, problem }
}

/// A header that must be present exactly once, in visible ASCII.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Cause> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(|value| value.to_str());
    match value {
        Some(_) if values.next().is_some() => Err(refusal(name, CommonProblem::Repeated)),
        Some(Err(_)) => Err(refusal(name, CommonProblem::Unreadable)),
        Some(Ok(text)) if !text.bytes().all(|byte| byte.is_ascii_whitespace()) => Ok(text),
        _ => Err(refusal(name, CommonProblem::Missing)),
    }
}

/// A query parameter that must be present exactly once.
pub(super) fn parameter(
    parameters: &[(String, String)],
    name: &'static str,
) -> Result<String, Cause> {
    let mut values = parameters.iter().filter(|(key, _)| key == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if !value.is_empty() => Ok(value.clone()),
        (Some(_), Some(_)) => Err(refusal(name, CommonProblem::Repeated)),
        _ => Err(refusal(name, CommonProblem::Missing)),
    }
}
