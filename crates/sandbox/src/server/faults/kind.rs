//! What each fault does: the one place that knows.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use strum::IntoEnumIterator as _;

use super::fault::Fault;
use crate::server::connection::{ConnectionControl, Plan};

/// A number that belongs to a fault.
#[derive(Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) usual: u32,
    #[serde(skip)]
    pub(crate) value: i64,
}

/// What a fault does.
pub(crate) struct Profile {
    /// Whether the platform acts.
    pub(crate) acts: bool,
    effect: Effect,
    pub(crate) numbers: Vec<Parameter>,
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

/// Whether the platform acts.
const ACTS: bool = true;

impl Fault {
    pub(crate) fn profile(self) -> Profile {
        use Effect::{Code, Connection, Html, NotJson, Page};
        let number = |name, value, (min, usual, max)| Parameter {
            name,
            min,
            max,
            usual,
            value,
        };
        let status = |status: u16| number("status", status.into(), (400, 503, 599));
        let page = |status, retry_after| Page {
            status,
            retry_after,
        };
        let (acts, effect, numbers) = match self {
            Self::ResetBeforeAccept => (!ACTS, Connection(Plan::Reset), vec![]),
            Self::ResetAfterAccept => (ACTS, Connection(Plan::Reset), vec![]),
            Self::ResetMidReply => (ACTS, Connection(Plan::Cut { reset: true }), vec![]),
            Self::StallBeforeAccept => (!ACTS, Connection(Plan::Stall), vec![]),
            Self::StallAfterAccept => (ACTS, Connection(Plan::Stall), vec![]),
            Self::Slow(pause) => {
                let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                let number = number("milliseconds", millis, (1, 200, 60_000));
                (ACTS, Connection(Plan::Slow(pause)), vec![number])
            }
            Self::Truncated => (ACTS, Connection(Plan::Cut { reset: false }), vec![]),
            Self::Malformed => (ACTS, NotJson, vec![]),
            Self::WrongContentType => (ACTS, Html, vec![]),
            Self::Status(code) => (!ACTS, page(code, None), vec![status(code)]),
            Self::StatusAfterAccept(code) => (ACTS, page(code, None), vec![status(code)]),
            Self::RetryAfter(code, seconds) => {
                let wait = number("seconds", seconds.into(), (0, 5, 86_400));
                (!ACTS, page(code, Some(seconds)), vec![status(code), wait])
            }
            Self::Code(code) => {
                let number = number("code", code, (1, 99, 999_999));
                (!ACTS, Code(code), vec![number])
            }
        };
        Profile {
            acts,
            effect,
            numbers,
        }
    }

    /// Every kind of fault, with its usual numbers.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::iter().map(Self::usual)
    }

    /// The kind of a name, with its usual numbers.
    pub(crate) fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self::usual)
    }

    fn usual(self) -> Self {
        let numbers = self.profile().numbers;
        let usual: Vec<_> = numbers.iter().map(|number| number.usual).collect();
        self.with_numbers(&usual)
    }

    /// The same kind with these numbers, in the order of [`Profile::numbers`].
    pub(crate) fn with_numbers(self, numbers: &[u32]) -> Self {
        let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
        let status = || u16::try_from(number(0)).unwrap_or(u16::MAX);
        match self {
            Self::Slow(_) => Self::Slow(Duration::from_millis(number(0).into())),
            Self::Status(_) => Self::Status(status()),
            Self::StatusAfterAccept(_) => Self::StatusAfterAccept(status()),
            Self::RetryAfter(..) => Self::RetryAfter(status(), number(1)),
            Self::Code(_) => Self::Code(number(0).into()),
            without_numbers => without_numbers,
        }
    }

    /// Whether the platform acts all the same.
    #[must_use]
    pub fn is_after_accept(self) -> bool {
        self.profile().acts
    }

    /// The code with which the platform refuses.
    pub(crate) fn code(self) -> i64 {
        match self.profile().effect {
            Effect::Code(code) => code,
            Effect::Page { status, .. } => status.into(),
            _ => 0,
        }
    }

    /// Does to a reply and its connection what the fault says.
    pub(crate) fn spoil(
        self,
        mut response: Response,
        control: Option<&ConnectionControl>,
    ) -> Response {
        match self.profile().effect {
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
    use std::collections::HashSet;

    use super::*;

    /// Goes over the enum itself, so it cannot miss a variant.
    #[test]
    fn every_fault_has_a_name_of_its_own_and_takes_its_numbers() {
        let mut names = HashSet::new();
        for fault in Fault::iter() {
            let name = fault.name();
            assert!(names.insert(name), "{name} twice");
            let numbers: Vec<u32> = (400..).take(fault.profile().numbers.len()).collect();
            let made = fault.with_numbers(&numbers);
            assert_eq!(made.name(), name);
            let made = made.profile();
            let values = made.numbers.iter().map(|number| number.value);
            assert_eq!(
                values.collect::<Vec<_>>(),
                numbers.iter().map(|n| i64::from(*n)).collect::<Vec<_>>()
            );
            let usual = Fault::named(name).unwrap().profile();
            assert!(fault.description().ends_with('.'), "{name}");
            for number in usual.numbers {
                assert_eq!(i64::from(number.usual), number.value, "{name}");
                assert!((number.min..=number.max).contains(&number.usual), "{name}");
            }
        }
        assert!(Fault::named("none").is_none());
    }
}
