//! From HTTP to the platform and back.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::http::header::{ALLOW, CONTENT_TYPE, DATE};
use axum::http::request::Parts as Head;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::connection::ConnectionControl;
use super::intake::Refusal;
use super::record::secret::{mask_headers, mask_query};
use super::record::{Parts, summary};
use super::shared::Shared;
use crate::platform::verdict::{Cause, SignatureMismatch};
use crate::platform::{self, Answer};

/// The first second after the years that a `Date` header can hold.
const END_OF_DATES: u64 = 253_402_300_800;

/// Routes beside those of the platform.
pub(crate) type Routes = fn(&Arc<Shared>) -> Router<Arc<Shared>>;

/// Everything that is served: these routes, and on every other path the platform.
pub(crate) fn router(shared: Arc<Shared>, routes: Routes) -> Router {
    let routes = routes(&shared);
    let routes = match shared.cors.clone() {
        Some(cors) => routes.fallback(platform.layer(cors)),
        None => routes.fallback(platform),
    };
    routes.with_state(shared)
}

/// What is not below `/__sandbox`.
async fn platform(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let control = head.extensions.get::<ConnectionControl>();
    let received = if shared.access.is_foreign(&head.headers) {
        Err(Refusal::new(StatusCode::FORBIDDEN, Cause::ForeignHost))
    } else if !shared.history.can_record() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Err(Refusal::new(status, Cause::NotRecorded))
    } else {
        shared.intake.read(body).await
    };
    // The room is free again when the request has been answered.
    let (body, _room, refusal) = match received {
        Ok((body, room)) => (body, Some(room), None),
        Err(refusal) => (Bytes::new(), None, Some(refusal)),
    };
    let now = shared.clock.now();
    let mut fault = None;
    let mut answer = match refusal.clone() {
        Some(Refusal { status, cause }) => Answer::refused(status, cause),
        None => {
            let incoming = incoming(&head, &body);
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
    if answer.verdict.is_wrong_signature() {
        let (head, body) = (head.clone(), body.clone());
        if let Some(found) = diagnosis(&shared, head, body).await {
            answer.verdict.explain(found);
        }
    }
    let mut response = respond(&answer, now);
    if let Some(refusal) = refusal {
        response.extensions_mut().insert(refusal.log());
    } else {
        log(&answer);
    }
    let response = match fault {
        Some(fault) => fault.spoil(response, control),
        None => response,
    };
    let parts = Parts {
        received_at: now,
        took: begun.elapsed(),
        service: answer.service,
        operation: answer.operation,
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(mask_query),
        headers: mask_headers(&head.headers),
        body,
        verdict: answer.verdict,
        status: answer.status.as_u16(),
        reply: answer.body,
    };
    let received = shared.history.push(parts);
    let catalog = &shared.platform.catalog;
    shared
        .events
        .publish("request", || summary(catalog, &received));
    if let Some(action) = answer.action {
        shared.pushes.follow(&received, action);
    }
    response
}

/// What a wrong signature was made over, found out on another thread; one diagnosis at a time, so that many of them leave
/// the other requests their share of the machine.
async fn diagnosis(shared: &Arc<Shared>, head: Head, body: Bytes) -> Option<SignatureMismatch> {
    let permit = Arc::clone(&shared.diagnosing).lock_owned().await;
    let shared = Arc::clone(shared);
    let found = tokio::task::spawn_blocking(move || {
        let incoming = incoming(&head, &body);
        let found = shared.platform.diagnose(&incoming);
        drop(permit);
        found
    });
    // It fails only if the runtime is going down.
    found.await.ok().flatten()
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
