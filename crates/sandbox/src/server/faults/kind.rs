//! What each fault does: the one place that knows.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value, json};
use strum::{EnumMessage as _, IntoEnumIterator as _};

use super::fault::Fault;
use crate::server::connection::{ConnectionControl, Plan};

/// What a number of a fault may be.
#[derive(Serialize)]
pub(crate) struct Parameter {
    name: &'static str,
    min: u32,
    max: u32,
    usual: u32,
}

/// What becomes of the reply.
enum Effect {
    /// The connection carries it as planned.
    Connection(Plan),
    /// A page in HTML takes its place.
    Page {
        status: u16,
        retry_after: Option<u32>,
    },
    /// It is the platform's refusal with this code.
    Code(i64),
    /// Its body is no JSON.
    NotJson,
    /// Its content type is that of HTML.
    Html,
}

/// Whether the platform acts, what becomes of the reply, and what the numbers may be.
type Profile = (bool, Effect, &'static [Parameter]);

/// Whether the platform acts.
const ACTS: bool = true;
const STATUS: Parameter = parameter("status", [400, 503, 599]);

const fn parameter(name: &'static str, [min, usual, max]: [u32; 3]) -> Parameter {
    Parameter {
        name,
        min,
        max,
        usual,
    }
}

impl Fault {
    fn profile(self) -> Profile {
        use Effect::{Code, Connection, Html, NotJson, Page};
        const PAUSE: &[Parameter] = &[parameter("milliseconds", [1, 200, 60_000])];
        const WAIT: &[Parameter] = &[STATUS, parameter("seconds", [0, 5, 86_400])];
        const CODE: &[Parameter] = &[parameter("code", [1, 99, 999_999])];
        let page = |status, retry_after| Page {
            status,
            retry_after,
        };
        let slow = |milliseconds: u32| Plan::Slow(Duration::from_millis(milliseconds.into()));
        match self {
            Self::ResetBeforeAccept => (!ACTS, Connection(Plan::Reset), &[]),
            Self::ResetAfterAccept => (ACTS, Connection(Plan::Reset), &[]),
            Self::ResetMidReply => (ACTS, Connection(Plan::Cut { reset: true }), &[]),
            Self::StallBeforeAccept => (!ACTS, Connection(Plan::Stall), &[]),
            Self::StallAfterAccept => (ACTS, Connection(Plan::Stall), &[]),
            Self::Slow { milliseconds } => (ACTS, Connection(slow(milliseconds)), PAUSE),
            Self::Truncated => (ACTS, Connection(Plan::Cut { reset: false }), &[]),
            Self::Malformed => (ACTS, NotJson, &[]),
            Self::WrongContentType => (ACTS, Html, &[]),
            Self::Status { status } => (!ACTS, page(status, None), &[STATUS]),
            Self::StatusAfterAccept { status } => (ACTS, page(status, None), &[STATUS]),
            Self::RetryAfter { status, seconds } => (!ACTS, page(status, Some(seconds)), WAIT),
            Self::Code { code } => (!ACTS, Code(code), CODE),
        }
    }

    /// Every kind of fault as the page shows it.
    pub(crate) fn kinds() -> impl Iterator<Item = Value> {
        Self::iter().map(|kind| {
            let (acts, _, parameters) = kind.profile();
            json!({
                "name": <&str>::from(kind),
                "description": kind.get_documentation(),
                "acts": acts,
                "parameters": parameters,
            })
        })
    }

    /// The kind of a name with these numbers, and the usual ones where none is given; or why there is none.
    pub(crate) fn named(name: &str, given: &BTreeMap<String, u32>) -> Result<Self, String> {
        let kind = Self::iter().find(|kind| <&str>::from(kind) == name);
        let (.., parameters) = kind.ok_or(format!("there is no fault {name}"))?.profile();
        let is_known = |name: &String| parameters.iter().any(|one| one.name == name);
        if let Some(other) = given.keys().find(|name| !is_known(name)) {
            return Err(format!("{name} has no parameter {other}"));
        }
        let mut numbers = Map::new();
        for Parameter {
            name,
            min,
            max,
            usual,
        } in parameters
        {
            let number = given.get(*name).unwrap_or(usual);
            if !(min..=max).contains(&number) {
                return Err(format!("{name} is not from {min} to {max}"));
            }
            numbers.insert((*name).to_owned(), (*number).into());
        }
        let mut fault = json!({ "fault": name });
        if !numbers.is_empty() {
            fault["parameters"] = numbers.into();
        }
        serde_json::from_value(fault).map_err(|error| error.to_string())
    }

    /// Whether the platform acts in spite of the fault.
    #[must_use]
    pub fn is_after_accept(self) -> bool {
        let (acts, ..) = self.profile();
        acts
    }

    /// The code with which the platform refuses.
    pub(crate) fn code(self) -> i64 {
        match self.profile() {
            (_, Effect::Code(code), _) => code,
            (false, Effect::Page { status, .. }, _) => status.into(),
            _ => 0,
        }
    }

    /// Does to a reply and its connection what the fault says.
    pub(crate) fn spoil(
        self,
        mut response: Response,
        control: Option<&ConnectionControl>,
    ) -> Response {
        let (_, effect, _) = self.profile();
        match effect {
            Effect::NotJson => *response.body_mut() = Body::from("{\"code\": 0, \"mess"),
            Effect::Html => {
                let html = HeaderValue::from_static("text/html");
                response.headers_mut().insert(CONTENT_TYPE, html);
            }
            Effect::Page {
                status,
                retry_after,
            } => {
                page(&mut response, status);
                if let Some(seconds) = retry_after {
                    let headers = response.headers_mut();
                    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
            }
            Effect::Code(_) => {}
            Effect::Connection(plan) => {
                if let Some(control) = control {
                    control.plan(plan);
                }
            }
        }
        response
    }
}

fn page(response: &mut Response, status: u16) {
    *response.body_mut() = Body::from(format!("<html><h1>{status}</h1></html>"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let html = HeaderValue::from_static("text/html");
    response.headers_mut().insert(CONTENT_TYPE, html);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes over the enum itself, so it cannot miss a variant.
    #[test]
    fn every_fault_is_read_by_its_name_with_its_numbers_and_written_so() {
        for kind in Fault::iter() {
            let name = <&str>::from(kind);
            let (.., parameters) = kind.profile();
            let numbers = parameters.iter().zip(1..);
            let numbers = numbers.map(|(one, more)| (one.name.to_owned(), one.min + more));
            let numbers = numbers.collect::<BTreeMap<_, _>>();
            let fault = Fault::named(name, &numbers).unwrap();
            let written = serde_json::to_value(fault).unwrap();
            assert_eq!(written["fault"], name);
            let expected = if numbers.is_empty() {
                Value::Null
            } else {
                json!(numbers)
            };
            assert_eq!(written["parameters"], expected, "{name}");
            assert_eq!(serde_json::from_value::<Fault>(written).unwrap(), fault);
            assert!(Fault::named(name, &BTreeMap::new()).is_ok(), "{name}");
            assert!(kind.get_documentation().unwrap().ends_with('.'), "{name}");
        }
        assert!(Fault::named("none", &BTreeMap::new()).is_err());
    }
}
