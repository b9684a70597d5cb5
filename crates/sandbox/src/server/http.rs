//! From HTTP to the platform and back.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, DATE};
use axum::http::request::Parts as Head;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::OwnedMutexGuard;

use super::faults::{ConnectionControl, Fault};
use super::record::secret::{mask_headers, mask_query};
use super::record::{Parts, summary};
use super::shared::Shared;
use super::{intake, pool};
use crate::platform::verdict::Cause;
use crate::platform::{self, Action, Answer};

/// The first second after the years that a `Date` header can hold.
const END_OF_DATES: u64 = 253_402_300_800;

/// Routes beside those of the platform.
pub(crate) type Routes = fn(&Arc<Shared>) -> Router<Arc<Shared>>;

/// Everything that is served: these routes, and on every other path the platform.
pub(crate) fn router(shared: Arc<Shared>, routes: Routes) -> Router {
    routes(&shared).fallback(platform).with_state(shared)
}

/// What is not below `/__sandbox`.
async fn platform(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let control = head.extensions.get::<ConnectionControl>().cloned();
    let received = intake::read(body, &shared.intake).await;
    // The room is free again when the request has been answered.
    let (body, _room, problem) = if shared.access.is_foreign(&head.uri, &head.headers) {
        (Bytes::new(), None, Some(Cause::ForeignHost))
    } else if !can_record(&shared).await {
        (Bytes::new(), None, Some(Cause::NotRecorded))
    } else {
        match received {
            Ok((body, room)) => (body, Some(room), None),
            Err(problem) => (Bytes::new(), None, Some(problem)),
        }
    };
    let fault = if problem.is_none() && shared.faults.any() {
        let operation = shared.platform.operation(&incoming(&head, &body));
        shared.faults.draw(operation)
    } else {
        None
    };
    let exchange = Exchange {
        shared: Arc::clone(&shared),
        now: shared.clock.now(),
        begun,
        fault,
        answer: problem.map(|cause| Answer::refused(status(&cause), cause)),
        parts: None,
        turn: None,
        head,
        body,
    };
    let response = exchange.carry_out().await;
    match fault {
        Some(fault) => fault.spoil(response, control.as_ref()),
        None => response,
    }
}

async fn can_record(shared: &Arc<Shared>) -> bool {
    if let Some(can) = shared.history.can_record(false) {
        return can;
    }
    let shared = Arc::clone(shared);
    pool::elsewhere(move || shared.history.can_record(true).unwrap_or_default()).await
}

/// A request that is being answered.
struct Exchange {
    shared: Arc<Shared>,
    head: Head,
    body: Bytes,
    begun: Instant,
    now: u64,
    fault: Option<Fault>,
    answer: Option<Answer>,
    /// What is kept, what follows, and the response, once the platform has acted.
    parts: Option<(Arc<Parts>, Option<Action>, Response)>,
    /// What takes long is done for one request at a time, so that many of them leave the others their share of the machine.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Exchange {
    /// Answers and keeps the request, here if it is small and has to wait for nobody, else on the blocking pool. There it is
    /// done to its end, so that what was carried out is kept even if the sender has gone.
    async fn carry_out(mut self) -> Response {
        let is_large = self.body.len() > pool::LARGE;
        if !is_large && let Some(response) = self.go_on(false) {
            return response;
        }
        if is_large || self.answer.is_some() {
            self.turn = Some(Arc::clone(&self.shared.turn).lock_owned().await);
        }
        loop {
            let (exchange, done) = pool::elsewhere(move || {
                let done = self.go_on(true);
                (self, done)
            })
            .await;
            match done {
                Some(response) => return response,
                None => self = exchange,
            }
        }
    }

    /// Goes on to the end; `None` if there is something to wait for or a wrong signature to look into, and `wait` is false.
    fn go_on(&mut self, wait: bool) -> Option<Response> {
        let shared = &self.shared;
        let incoming = incoming(&self.head, &self.body);
        if self.parts.is_none() {
            let mut answer = match (self.answer.take(), self.fault) {
                (Some(answer), _) => answer,
                (None, Some(fault)) if !fault.is_after_accept() => {
                    shared.platform.fail(&incoming, fault.code(), self.now)
                }
                // Much may have come before while this one waited.
                (None, _) if wait && shared.history.can_record(true) == Some(false) => {
                    Answer::refused(StatusCode::SERVICE_UNAVAILABLE, Cause::NotRecorded)
                }
                (None, _) => shared.platform.answer(&incoming, self.now, wait)?,
            };
            if answer.verdict.is_wrong_signature() {
                if !wait {
                    self.answer = Some(answer);
                    return None;
                }
                if let Some(found) = shared.platform.diagnose(&incoming) {
                    answer.verdict.explain(found);
                }
            }
            log(&answer);
            let response = respond(&answer, self.now);
            let parts = Parts {
                received_at: self.now,
                took: self.begun.elapsed(),
                service: answer.service,
                operation: answer.operation,
                method: self.head.method.clone(),
                path: self.head.uri.path().to_owned(),
                query: self.head.uri.query().map(mask_query),
                headers: mask_headers(&self.head.headers),
                body: self.body.clone(),
                verdict: answer.verdict,
                status: answer.status.as_u16(),
                reply: answer.body,
            };
            self.parts = Some((Arc::new(parts), answer.action, response));
        }
        let (parts, _, _) = self.parts.as_ref()?;
        let received = shared.history.push(parts, wait)?;
        let (_, action, response) = self.parts.take()?;
        let catalog = &shared.platform.catalog;
        shared
            .events
            .publish("request", || summary(catalog, &received));
        if let Some(action) = action {
            shared.pushes.follow(&received, action);
        }
        Some(response)
    }
}

fn incoming<'a>(head: &'a Head, body: &'a Bytes) -> platform::Incoming<'a> {
    platform::Incoming {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        body,
    }
}

/// The status of a refusal before the platform looks at the request.
const fn status(cause: &Cause) -> StatusCode {
    match cause {
        Cause::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Cause::ForeignHost => StatusCode::FORBIDDEN,
        Cause::Busy | Cause::NotRecorded => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
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
    let second = Some(now / 1000).filter(|second| *second < END_OF_DATES)?;
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(second))?;
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok()
}

/// Says what happened. Only a rejected signature shows more than names and codes, because nothing else explains it.
fn log(answer: &Answer) {
    let service = answer.service.as_deref().unwrap_or("-");
    let operation = answer.operation.as_deref().unwrap_or("-");
    let code = answer.verdict.code();
    match answer.verdict.cause() {
        None => tracing::info!(service, operation, "accepted"),
        // The string to sign holds the body: it is in the record only.
        Some(Cause::Signature(mismatch)) => {
            let likely_cause = mismatch.explanation();
            tracing::warn!(service, operation, code, likely_cause, "signature rejected");
        }
        Some(cause) => tracing::info!(service, operation, code, cause = cause.name(), "refused"),
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
