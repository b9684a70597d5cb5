//! Reading what every request carries.

use axum::http::HeaderMap;

use crate::record::{Cause, CommonProblem};

/// A header that must be there once, in visible ASCII.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Cause> {
    let refuse = |problem| {
        let name = name.into();
        Err(Cause::CommonParameter { name, problem })
    };
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return refuse(CommonProblem::Missing);
    };
    if values.next().is_some() {
        return refuse(CommonProblem::Repeated);
    }
    match value.to_str() {
        Ok(text) if text.trim().is_empty() => refuse(CommonProblem::Missing),
        Ok(text) => Ok(text),
        Err(_) => refuse(CommonProblem::Unreadable),
    }
}

/// The parameters of a query, decoded, in the order in which they came.
pub(super) fn query(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned()
}

/// A query parameter that must be there once.
pub(super) fn parameter(
    parameters: &[(String, String)],
    name: &'static str,
) -> Result<String, Cause> {
    let refuse = |problem| {
        let name = name.into();
        Err(Cause::CommonParameter { name, problem })
    };
    let mut values = parameters.iter().filter(|(key, _)| key == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if !value.is_empty() => Ok(value.clone()),
        (Some(_), Some(_)) => refuse(CommonProblem::Repeated),
        _ => refuse(CommonProblem::Missing),
    }
}
