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
use tokio::sync::OwnedMutexGuard;

use super::connection::ConnectionControl;
use super::faults::Fault;
use super::intake::Refusal;
use super::pace::Settled;
use super::pool;
use super::record::secret::{mask_headers, mask_query};
use super::record::{Parts, summary};
use super::shared::Shared;
use crate::platform::verdict::Cause;
use crate::platform::{self, Action, Answer};

/// The first second after the range of a `Date` header.
const END_OF_DATES: u64 = 253_402_300_800;

/// Routes in addition to the platform's.
pub(crate) type Routes = fn(&Arc<Shared>) -> Router<Arc<Shared>>;

/// The router: these routes, and the platform on every other path.
pub(crate) fn router(shared: Arc<Shared>, routes: Routes) -> Router {
    let routes = routes(&shared);
    let routes = match shared.cors.clone() {
        Some(cors) => routes.fallback(platform.layer(cors)),
        None => routes.fallback(platform),
    };
    routes.with_state(shared)
}

/// Handles every path outside `/__sandbox`.
async fn platform(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let control = head.extensions.get::<ConnectionControl>().cloned();
    let received = if shared.access.is_foreign(&head.headers) {
        Err(Refusal::new(StatusCode::FORBIDDEN, Cause::ForeignHost))
    } else if !can_record(&shared).await {
        Err(not_recorded())
    } else {
        shared.intake.read(control.as_ref(), body).await
    };
    let (body, room, refusal) = match received {
        Ok((body, room)) => (body, Some(room), None),
        Err(refusal) => (Bytes::new(), None, Some(refusal)),
    };
    let fault = if refusal.is_none() && shared.faults.any() {
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
        refusal,
        answer: None,
        parts: None,
        turn: None,
        head,
        body,
    };
    let Done {
        response,
        reply,
        pushes,
    } = exchange.run().await;
    // The body has been consumed, whatever the fault does.
    drop(room);
    shared.pace.wait(pushes).await;
    match fault {
        Some(fault) => fault.spoil(response, &reply, control.as_ref()).await,
        None => response,
    }
}

async fn can_record(shared: &Arc<Shared>) -> bool {
    if let Some(can) = shared.history.can_record(false) {
        return can;
    }
    let shared = Arc::clone(shared);
    pool::run(move || shared.history.can_record(true).unwrap_or_default()).await
}

const fn not_recorded() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Cause::NotRecorded)
}

/// A request that was answered.
struct Done {
    response: Response,
    /// The body of the reply.
    reply: Bytes,
    /// The pushes that follow the request.
    pushes: Vec<Settled>,
}

/// A request that is being answered.
struct Exchange {
    shared: Arc<Shared>,
    head: Head,
    body: Bytes,
    begun: Instant,
    now: u64,
    fault: Option<Fault>,
    /// Why the request is refused before the platform sees it.
    refusal: Option<Refusal>,
    /// The refusal of a wrong signature that still has to be diagnosed.
    answer: Option<Answer>,
    /// The record, the pushes that follow, and the response, once the platform has acted.
    parts: Option<(Arc<Parts>, Option<Action>, Response)>,
    /// Slow work is done for one request at a time, so that it does not take all processors from other requests.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Exchange {
    /// Answers and records the request: on this thread if it is small and no lock is held, otherwise on the blocking
    /// pool. There it runs to the end, so that an accepted request is recorded even if its sender has disconnected.
    async fn run(mut self) -> Done {
        let is_large = self.body.len() > pool::LARGE;
        if !is_large && let Some(done) = self.advance(false) {
            return done;
        }
        if is_large || self.answer.is_some() {
            self.turn = Some(Arc::clone(&self.shared.turn).lock_owned().await);
        }
        loop {
            let (exchange, done) = pool::run(move || {
                let done = self.advance(true);
                (self, done)
            })
            .await;
            match done {
                Some(done) => return done,
                None => self = exchange,
            }
        }
    }

    /// Continues to the end. Returns `None` if `wait` is false and
    /// it would have to wait for a lock or diagnose a wrong signature.
    fn advance(&mut self, wait: bool) -> Option<Done> {
        let shared = &self.shared;
        let incoming = incoming(&self.head, &self.body);
        if self.parts.is_none() {
            let is_new = self.answer.is_none() && self.refusal.is_none();
            // Other requests may have been answered while this one waited.
            if is_new && wait && shared.history.can_record(true) == Some(false) {
                self.refusal = Some(not_recorded());
            }
            let mut answer = match (self.answer.take(), &self.refusal, self.fault) {
                (Some(answer), _, _) => answer,
                (_, Some(Refusal { status, cause }), _) => Answer::refused(*status, cause.clone()),
                (_, _, Some(fault)) if !fault.is_after_accept() => {
                    shared.platform.fail(&incoming, fault.code(), self.now)
                }
                _ => shared.platform.answer(&incoming, self.now, wait)?,
            };
            if answer.verdict.is_wrong_signature() {
                if !wait {
                    self.answer = Some(answer);
                    return None;
                }
                if let Some(diagnosis) = shared.platform.diagnose(&incoming) {
                    answer.verdict.explain(diagnosis);
                }
            }
            let mut response = respond(&answer, self.now);
            if let Some(refusal) = &self.refusal {
                response.extensions_mut().insert(refusal.log());
            } else {
                log(&answer);
            }
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
        let (parts, action, response) = self.parts.take()?;
        let catalog = &shared.platform.catalog;
        shared
            .events
            .publish("request", || summary(catalog, &received));
        let before_reply = shared.pace.receipts_first.is_some();
        let follow = |action| shared.pushes.follow(&received, action, before_reply);
        Some(Done {
            response,
            reply: parts.reply.clone(),
            pushes: action.map(follow).unwrap_or_default(),
        })
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

/// The sandbox's clock as a `Date` header, so that clients that set their time by it match the clock that `ts` is
/// compared with.
fn date(now: u64) -> Option<HeaderValue> {
    let second = Some(now / 1000).filter(|second| *second < END_OF_DATES)?;
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(second))?;
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok()
}

/// Logs the result. Only for a rejected signature does it log more than names and codes.
fn log(answer: &Answer) {
    let service = answer.service.as_deref().unwrap_or("-");
    let operation = answer.operation.as_deref().unwrap_or("-");
    let code = answer.verdict.code();
    match answer.verdict.cause() {
        None => tracing::info!(service, operation, "accepted"),
        // The string to sign contains the body, so it is only in the record.
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
