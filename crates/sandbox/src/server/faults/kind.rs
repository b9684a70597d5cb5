//! What each fault is called and what it does: the one place that knows.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use strum::IntoEnumIterator as _;

use super::fault::Fault;
use crate::server::connection::{ConnectionControl, Plan};

/// A number that belongs to a fault.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) usual: u32,
}

/// What a fault is called and what it does.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// Whether the platform acts.
    pub(crate) acts: bool,
    effect: Effect,
    /// Its numbers, each with what it may be.
    pub(crate) numbers: Vec<(Parameter, i64)>,
}

/// What becomes of the reply.
#[derive(Clone, Copy, Debug)]
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

impl Profile {
    fn new(name: &'static str, acts: bool, effect: Effect, description: &'static str) -> Self {
        Self {
            name,
            description,
            acts,
            effect,
            numbers: Vec::new(),
        }
    }

    fn number(
        mut self,
        name: &'static str,
        value: i64,
        (min, usual, max): (u32, u32, u32),
    ) -> Self {
        let parameter = Parameter {
            name,
            min,
            max,
            usual,
        };
        self.numbers.push((parameter, value));
        self
    }

    fn status(self, status: u16) -> Self {
        self.number("status", status.into(), (400, 503, 599))
    }
}

impl Fault {
    pub(crate) fn profile(self) -> Profile {
        use Effect::{Code, Connection, Html, NotJson, Page};
        let page = |status, retry_after| Page {
            status,
            retry_after,
        };
        match self {
            Self::ResetBeforeAccept => Profile::new(
                "reset-before-accept",
                !ACTS,
                Connection(Plan::Reset),
                "The connection is reset before the platform acts.",
            ),
            Self::ResetAfterAccept => Profile::new(
                "reset-after-accept",
                ACTS,
                Connection(Plan::Reset),
                "The platform acts, then the connection is reset without a reply.",
            ),
            Self::ResetMidReply => Profile::new(
                "reset-mid-reply",
                ACTS,
                Connection(Plan::Cut { reset: true }),
                "The platform acts, then the connection is reset in the middle of the reply.",
            ),
            Self::StallBeforeAccept => Profile::new(
                "stall-before-accept",
                !ACTS,
                Connection(Plan::Stall),
                "The platform does not act and never answers.",
            ),
            Self::StallAfterAccept => Profile::new(
                "stall-after-accept",
                ACTS,
                Connection(Plan::Stall),
                "The platform acts and never answers.",
            ),
            Self::Slow(pause) => Profile::new(
                "slow",
                ACTS,
                Connection(Plan::Slow(pause)),
                "The reply comes 16 bytes at a time, with this pause before each piece.",
            )
            .number(
                "milliseconds",
                i64::try_from(pause.as_millis()).unwrap_or(i64::MAX),
                (1, 200, 60_000),
            ),
            Self::Truncated => Profile::new(
                "truncated",
                ACTS,
                Connection(Plan::Cut { reset: false }),
                "The platform acts; its reply ends early.",
            ),
            Self::Malformed => Profile::new(
                "malformed",
                ACTS,
                NotJson,
                "The platform acts; its reply is no JSON.",
            ),
            Self::WrongContentType => Profile::new(
                "wrong-content-type",
                ACTS,
                Html,
                "The platform acts; its reply has the content type text/html.",
            ),
            Self::Status(status) => Profile::new(
                "status",
                !ACTS,
                page(status, None),
                "A page with this HTTP status, before the platform acts.",
            )
            .status(status),
            Self::StatusAfterAccept(status) => Profile::new(
                "status-after-accept",
                ACTS,
                page(status, None),
                "A page with this HTTP status, after the platform acted.",
            )
            .status(status),
            Self::RetryAfter(status, seconds) => Profile::new(
                "retry-after",
                !ACTS,
                page(status, Some(seconds)),
                "A page with this HTTP status that asks to wait, before the platform acts.",
            )
            .status(status)
            .number("seconds", seconds.into(), (0, 5, 86_400)),
            Self::Code(code) => Profile::new(
                "code",
                !ACTS,
                Code(code),
                "The platform refuses with this result code and does not act.",
            )
            .number("code", code, (1, 99, 999_999)),
        }
    }

    /// Every kind of fault, with its usual numbers.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::iter().map(|fault| {
            let numbers = fault.profile().numbers;
            let usual: Vec<_> = numbers.iter().map(|(number, _)| number.usual).collect();
            fault.with_numbers(&usual)
        })
    }

    /// The kind of a name, with its usual numbers.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|fault| fault.profile().name == name)
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
}

impl Fault {
    /// Whether the platform acts all the same.
    #[must_use]
    pub fn is_after_accept(self) -> bool {
        self.profile().acts
    }

    /// The code with which the platform refuses.
    pub(crate) fn code(self) -> i64 {
        let profile = self.profile();
        match profile.effect {
            Effect::Code(code) => code,
            Effect::Page { status, .. } if !profile.acts => status.into(),
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
            let name = fault.profile().name;
            assert!(names.insert(name), "{name} twice");
            let numbers: Vec<u32> = (400..).take(fault.profile().numbers.len()).collect();
            let made = fault.with_numbers(&numbers);
            let profile = made.profile();
            assert_eq!(profile.name, name);
            let values = profile.numbers.iter().map(|(_, value)| *value);
            assert_eq!(
                values.collect::<Vec<_>>(),
                numbers.iter().map(|n| i64::from(*n)).collect::<Vec<_>>()
            );
            let usual = Fault::named(name).unwrap().profile();
            for (number, value) in usual.numbers {
                assert_eq!(i64::from(number.usual), value, "{name}");
                assert!((number.min..=number.max).contains(&number.usual), "{name}");
            }
        }
        assert!(Fault::named("none").is_none());
    }
}
