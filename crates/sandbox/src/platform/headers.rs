//! Reading what every request carries.

use http::{HeaderMap, HeaderName};
use nxcloud_signing::header::{self as names, lower};

use crate::platform::verdict::{Cause, CommonProblem};

/// A header that every request carries: as it is documented, and as it is looked up.
pub(super) struct Header(pub(super) &'static str, HeaderName);

pub(super) static ACCESS_KEY: Header = Header(
    names::ACCESS_KEY,
    HeaderName::from_static(lower::ACCESS_KEY),
);
pub(super) static ACTION: Header = Header(names::ACTION, HeaderName::from_static(lower::ACTION));
pub(super) static APP_HASH: Header =
    Header(names::APP_HASH, HeaderName::from_static(lower::APP_HASH));
pub(super) static APP_ID: Header = Header(names::APP_ID, HeaderName::from_static(lower::APP_ID));
pub(super) static BIZ_TYPE: Header =
    Header(names::BIZ_TYPE, HeaderName::from_static(lower::BIZ_TYPE));
pub(super) static SIGN: Header = Header(names::SIGN, HeaderName::from_static(lower::SIGN));
pub(super) static TS: Header = Header(names::TS, HeaderName::from_static(lower::TS));

/// A header that must be there once, in visible ASCII.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &Header) -> Result<&'a str, Cause> {
    let Header(name, key) = name;
    let refuse = |problem| {
        let name = (*name).into();
        Err(Cause::CommonParameter { name, problem })
    };
    let mut values = headers.get_all(key).iter();
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
