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
    let (body, _room, problem) = match received {
        _ if shared.access.is_foreign(&head.uri, &head.headers) => {
            (Bytes::new(), None, Some(Cause::ForeignHost))
        }
        Ok((body, room)) => (body, Some(room), None),
        Err(problem) => (Bytes::new(), None, Some(problem)),
    };
    let now = shared.clock.now();
    let exchange = Exchange {
        shared: Arc::clone(&shared),
        begun,
        now,
        fault: None,
        is_drawn: false,
        stage: Stage::Received(problem),
        turn: None,
        head,
        body,
    };
    let (response, fault) = exchange.carry_out().await;
    match fault {
        Some(fault) => fault.spoil(response, control.as_ref()),
        None => response,
    }
}

/// A request that is being answered.
struct Exchange {
    shared: Arc<Shared>,
    head: Head,
    body: Bytes,
    begun: Instant,
    now: u64,
    fault: Option<Fault>,
    /// Whether it was decided that there is a fault or none.
    is_drawn: bool,
    stage: Stage,
    /// What takes long is done for one request at a time, so that many of them leave the others their share of the machine.
    turn: Option<OwnedMutexGuard<()>>,
}

/// How far a request has come.
enum Stage {
    /// With what is wrong with it already.
    Received(Option<Cause>),
    /// A wrong signature, not looked into.
    Unexplained(Answer),
    /// Carried out, but not kept.
    Answered(Arc<Parts>, Option<Action>, Response),
}

impl Exchange {
    /// Answers and keeps the request, here if it is small and need not wait for a lock, else on the blocking pool. There it
    /// is done to its end, so that what was carried out is kept even if the sender has gone.
    async fn carry_out(mut self) -> (Response, Option<Fault>) {
        let mut elsewhere = self.body.len() > pool::LARGE;
        loop {
            let takes_long =
                self.body.len() > pool::LARGE || matches!(self.stage, Stage::Unexplained(_));
            if takes_long && self.turn.is_none() {
                self.turn = Some(Arc::clone(&self.shared.turn).lock_owned().await);
            }
            let gone_on = if elsewhere {
                pool::elsewhere(move || self.go_on(true)).await
            } else {
                self.go_on(false)
            };
            match gone_on {
                Ok(done) => return done,
                Err(exchange) => self = *exchange,
            }
            elsewhere = true;
        }
    }

    /// Goes on to the end or, if it may not wait, to what takes long.
    fn go_on(mut self, wait: bool) -> Result<(Response, Option<Fault>), Box<Self>> {
        let stage = std::mem::replace(&mut self.stage, Stage::Received(None));
        let (parts, action, response) = match stage {
            Stage::Answered(parts, action, response) => (parts, action, response),
            Stage::Unexplained(answer) => self.explained(answer),
            Stage::Received(problem) => match self.answer(problem.clone(), wait) {
                None => {
                    self.stage = Stage::Received(problem);
                    return Err(Box::new(self));
                }
                Some(answer) if !answer.verdict.is_wrong_signature() => self.parts(answer),
                Some(answer) if wait => self.explained(answer),
                Some(answer) => {
                    self.stage = Stage::Unexplained(answer);
                    return Err(Box::new(self));
                }
            },
        };
        let shared = &self.shared;
        let Some(received) = shared.history.push(&parts, wait) else {
            self.stage = Stage::Answered(parts, action, response);
            return Err(Box::new(self));
        };
        let catalog = &shared.platform.catalog;
        shared
            .events
            .publish("request", || summary(catalog, &received));
        if let Some(action) = action {
            shared.pushes.follow(&received, action);
        }
        Ok((response, self.fault))
    }

    /// `None`, and nothing done, if it would have to wait.
    fn answer(&mut self, problem: Option<Cause>, wait: bool) -> Option<Answer> {
        let Self { shared, now, .. } = self;
        let problem = match problem {
            Some(Cause::ForeignHost) => problem,
            _ if !shared.history.can_record(wait)? => {
                self.body = Bytes::new();
                Some(Cause::NotRecorded)
            }
            _ => problem,
        };
        if let Some(cause) = problem {
            return Some(Answer::refused(status(&cause), cause));
        }
        let incoming = incoming(&self.head, &self.body);
        if !self.is_drawn && shared.faults.any() {
            self.fault = shared.faults.draw(shared.platform.operation(&incoming));
        }
        self.is_drawn = true;
        match self.fault {
            Some(fault) if !fault.is_after_accept() => {
                Some(shared.platform.fail(&incoming, fault.code(), *now))
            }
            _ => shared.platform.answer(&incoming, *now, wait),
        }
    }

    /// Says what a wrong signature was made over.
    fn explained(&mut self, mut answer: Answer) -> (Arc<Parts>, Option<Action>, Response) {
        let incoming = incoming(&self.head, &self.body);
        if let Some(found) = self.shared.platform.diagnose(&incoming) {
            answer.verdict.explain(found);
        }
        self.parts(answer)
    }

    /// What is kept of the request, what follows it, and the response to it.
    fn parts(&mut self, answer: Answer) -> (Arc<Parts>, Option<Action>, Response) {
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
        (Arc::new(parts), answer.action, response)
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
