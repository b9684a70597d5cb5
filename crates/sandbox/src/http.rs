//! From HTTP to the platform and back.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, DATE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, get};
use axum::{Router, middleware};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::access::{self, Access};
use crate::faults::{Faults, Line};
use crate::platform::{self, Answer, Incoming, Platform};
use crate::push::Pushes;
use crate::record::{Cause, Headers, History, Parts, ReceivedRequest};

/// Room made for a body before any of it has come, whatever length is announced.
const MAX_RESERVED: u64 = 64 * 1024;
/// The first second after the years that a `Date` header can hold.
const END_OF_DATES: u64 = 253_402_300_800;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) platform: Platform,
    pub(crate) faults: Faults,
    pub(crate) history: History,
    pub(crate) pushes: Pushes,
    pub(crate) body_limit: usize,
    pub(crate) access: Access,
}

impl Shared {
    /// Forgets the requests received and what they have made.
    pub(crate) fn clear(&self) {
        self.history.clear();
        self.platform.state.clear();
        self.pushes.clear_log();
    }
}

/// Everything that is served: the platform, and below `/__sandbox` what tests may ask.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/__sandbox/requests", get(list).delete(clear))
        .route("/__sandbox/", routing::any(StatusCode::NOT_FOUND))
        .route("/__sandbox/{*rest}", routing::any(StatusCode::NOT_FOUND))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            access::guard,
        ))
        .fallback(answer)
        .with_state(shared)
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let (body, problem) = match read(body, shared.body_limit).await {
        Ok(body) => (body, None),
        Err(problem) => (Bytes::new(), Some(problem)),
    };
    let room = shared.history.room(body.len()).await;
    let now = shared.platform.clock.now();
    let mut fault = None;
    let answer = match problem {
        Some(cause @ Cause::BodyTooLarge { .. }) => {
            Answer::refused(StatusCode::PAYLOAD_TOO_LARGE, cause)
        }
        Some(cause) => Answer::refused(StatusCode::BAD_REQUEST, cause),
        None => {
            let incoming = Incoming {
                method: &head.method,
                path: head.uri.path(),
                query: head.uri.query(),
                headers: &head.headers,
                body: &body,
            };
            if shared.faults.any() {
                fault = shared.faults.draw(shared.platform.operation(&incoming));
            }
            match fault {
                Some(fault) if !fault.is_after_accept() => {
                    shared.platform.fail(&incoming, fault.code(), now)
                }
                _ => shared.platform.answer(&incoming, now),
            }
        }
    };
    platform::log(&answer);
    let response = respond(&answer, now);
    let response = match fault {
        Some(fault) => fault.spoil(response, head.extensions.get::<Line>()),
        None => response,
    };
    let parts = Parts {
        received_at: now,
        took: begun.elapsed(),
        service: answer.service,
        operation: answer.operation,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: Headers::from(&head.headers),
        body,
        verdict: answer.verdict,
        status: answer.status.as_u16(),
        reply: answer.body,
    };
    let received = shared.history.push(parts, room);
    shared.pushes.follow(&received);
    response
}

/// Reads a whole body. What goes beyond the limit is read and dropped up to twice the limit, so that a sender that is
/// not far above it gets to read its refusal.
async fn read(mut body: Body, limit: usize) -> Result<Bytes, Cause> {
    let announced = body.size_hint().lower().min(MAX_RESERVED);
    let mut bytes = BytesMut::with_capacity(usize::try_from(announced).unwrap_or_default());
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Cause::BodyIncomplete)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        received = received.saturating_add(data.len());
        if received <= limit {
            bytes.extend_from_slice(data);
        } else if received <= limit.saturating_mul(2) {
            bytes = BytesMut::new();
        } else {
            break;
        }
    }
    if received > limit {
        return Err(Cause::BodyTooLarge { limit });
    }
    Ok(bytes.freeze())
}

fn respond(answer: &Answer, now: u64) -> Response {
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if !answer.body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
    }
    if let Some(date) = date(now) {
        headers.insert(DATE, date);
    }
    if let Some(Cause::Method { allowed }) = answer.verdict.cause()
        && let Ok(allowed) = HeaderValue::from_str(&allowed.join(", "))
    {
        headers.insert(ALLOW, allowed);
    }
    response
}

/// The sandbox's clock as a `Date` header, so that clients that learn the time from it learn the one that `ts` is
/// compared with.
fn date(now: u64) -> Option<HeaderValue> {
    if now / 1000 >= END_OF_DATES {
        return None;
    }
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(now))?;
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok()
}

/// `GET /__sandbox/requests[?operation=…]`: the requests kept, oldest first.
async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default().as_bytes();
    let operation = form_urlencoded::parse(query)
        .find(|(name, _)| name == "operation")
        .map(|(_, value)| value);
    let requests = shared.history.requests();
    let wanted = requests
        .iter()
        .filter(|request| operation.is_none() || request.operation() == operation.as_deref());
    let listed = wanted.map(ReceivedRequest::to_json).collect::<Vec<Value>>();
    let json = HeaderValue::from_static("application/json");
    let body = json!({ "requests": listed }).to_string();
    ([(CONTENT_TYPE, json)], body).into_response()
}

/// `DELETE /__sandbox/requests`: forgets all requests and what they have made.
async fn clear(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.clear();
    StatusCode::NO_CONTENT
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
