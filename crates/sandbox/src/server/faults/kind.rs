//! The behaviour of each fault. This is the only place that defines it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Map, Value, json};
use strum::{EnumMessage as _, IntoEnumIterator as _};
use tokio::{task, time};

use super::fault::Fault;
use crate::server::connection::ConnectionControl;

/// How many bytes of a body are sent before the connection ends in the middle.
const HALF: usize = 5;
/// How many bytes of a slow reply are sent at once.
const PIECE: usize = 16;

/// A parameter of a fault, with its range.
#[derive(Serialize)]
pub(crate) struct Parameter {
    name: &'static str,
    min: u32,
    max: u32,
    usual: u32,
}

/// The effect on the reply.
enum Effect {
    /// The connection ends after this many bytes of the body, with a reset or normally. With 0 bytes, the head is not
    /// sent either.
    Cut { at: usize, reset: bool },
    /// The reply is never sent.
    Stall,
    /// The body is sent in pieces, with a pause before each.
    Slow(Duration),
    /// An HTML page replaces the reply.
    Page {
        status: u16,
        retry_after: Option<u32>,
    },
    /// The reply is the platform's refusal with this code.
    Code(i64),
    /// The body is not JSON.
    NotJson,
    /// The content type is text/html.
    Html,
}

/// Whether the platform acts, the effect on the reply, and the parameters.
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
        use Effect::{Code, Cut, Html, NotJson, Page, Slow, Stall};
        const PAUSE: &[Parameter] = &[parameter("milliseconds", [1, 200, 60_000])];
        const WAIT: &[Parameter] = &[STATUS, parameter("seconds", [0, 5, 86_400])];
        const CODE: &[Parameter] = &[parameter("code", [1, 99, 999_999])];
        let page = |status, retry_after| Page {
            status,
            retry_after,
        };
        let cut = |at, reset| Cut { at, reset };
        let slow = |milliseconds: u32| Slow(Duration::from_millis(milliseconds.into()));
        match self {
            Self::ResetBeforeAccept => (!ACTS, cut(0, true), &[]),
            Self::ResetAfterAccept => (ACTS, cut(0, true), &[]),
            Self::ResetMidReply => (ACTS, cut(HALF, true), &[]),
            Self::StallBeforeAccept => (!ACTS, Stall, &[]),
            Self::StallAfterAccept => (ACTS, Stall, &[]),
            Self::Slow { milliseconds } => (ACTS, slow(milliseconds), PAUSE),
            Self::Truncated => (ACTS, cut(HALF, false), &[]),
            Self::Malformed => (ACTS, NotJson, &[]),
            Self::WrongContentType => (ACTS, Html, &[]),
            Self::Status { status } => (!ACTS, page(status, None), &[STATUS]),
            Self::StatusAfterAccept { status } => (ACTS, page(status, None), &[STATUS]),
            Self::RetryAfter { status, seconds } => (!ACTS, page(status, Some(seconds)), WAIT),
            Self::Code { code } => (!ACTS, Code(code), CODE),
        }
    }

    /// All kinds of faults as the page lists them.
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

    /// The fault of this name with these parameters, and the defaults for missing ones; or an error message.
    pub(crate) fn named(name: &str, values: &BTreeMap<String, u32>) -> Result<Self, String> {
        let kind = Self::iter().find(|kind| <&str>::from(kind) == name);
        let (.., parameters) = kind
            .ok_or(format!(
                "unknown fault {name}: use one of the list in GET faults"
            ))?
            .profile();
        let is_known = |name: &String| parameters.iter().any(|parameter| parameter.name == name);
        if let Some(other) = values.keys().find(|name| !is_known(name)) {
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
            let number = values.get(*name).unwrap_or(usual);
            if !(min..=max).contains(&number) {
                return Err(format!("{name} must be from {min} to {max}"));
            }
            numbers.insert((*name).to_owned(), (*number).into());
        }
        let mut fault = json!({ "fault": name });
        if !numbers.is_empty() {
            fault["parameters"] = numbers.into();
        }
        serde_json::from_value(fault).map_err(|error| error.to_string())
    }

    /// Whether the platform acts despite the fault.
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

    /// Applies the fault to a reply with this body, and to its connection.
    pub(crate) async fn spoil(
        self,
        mut response: Response,
        body: &Bytes,
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
            Effect::Stall => std::future::pending().await,
            Effect::Slow(pause) => {
                if let Some(control) = control {
                    // A long pause is not the client's fault.
                    control.never_ends();
                }
                in_pieces(&mut response, body, slow(body.clone(), pause));
            }
            Effect::Cut { at, reset } => {
                if let Some(control) = control.filter(|_| reset) {
                    control.reset();
                }
                in_pieces(&mut response, body, cut(body.slice(..at.min(body.len()))));
            }
        }
        response
    }
}

/// Replaces the body with this stream, announced at its full length.
fn in_pieces(
    response: &mut Response,
    body: &Bytes,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) {
    let length = HeaderValue::from(body.len());
    response.headers_mut().insert(CONTENT_LENGTH, length);
    *response.body_mut() = Body::from_stream(pieces);
}

fn slow(mut body: Bytes, pause: Duration) -> impl Stream<Item = io::Result<Bytes>> {
    let pieces = stream::iter(std::iter::from_fn(move || {
        (!body.is_empty()).then(|| body.split_to(PIECE.min(body.len())))
    }));
    pieces.then(move |piece| async move {
        time::sleep(pause).await;
        Ok(piece)
    })
}

/// An error ends the connection. The server waits first, so that the bytes before it are sent.
fn cut(beginning: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    let end = async |beginning: Bytes| {
        if !beginning.is_empty() {
            task::yield_now().await;
        }
        Err(io::ErrorKind::ConnectionReset.into())
    };
    let sent = stream::iter((!beginning.is_empty()).then(|| Ok(beginning.clone())));
    sent.chain(stream::once(end(beginning)))
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
    fn every_fault_is_parsed_and_serialised_by_name() {
        for kind in Fault::iter() {
            let name = <&str>::from(kind);
            let (.., parameters) = kind.profile();
            let numbers = parameters.iter().zip(1..);
            let numbers =
                numbers.map(|(parameter, more)| (parameter.name.to_owned(), parameter.min + more));
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
