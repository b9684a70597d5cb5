//! From HTTP to the platform and back. What is below `/__sandbox` is in [`inspect`](crate::inspect).

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, DATE};
use axum::http::request::Parts as Head;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time;

use crate::access::Access;
use crate::events::Events;
use crate::faults::{Faults, Line};
use crate::inspect;
use crate::platform::{self, Answer, Platform};
use crate::push::Pushes;
use crate::record::secret::mask_query;
use crate::record::{Cause, Headers, History, Parts, SignatureMismatch};
use crate::server::Answering;

/// So many bytes may be received at once, by all connections together; a single body that is allowed may be larger.
const MAX_RECEIVING: usize = 256 * 1024 * 1024;
/// How long a body may take to arrive; what waits for ever would keep its room.
const PATIENCE: Duration = Duration::from_secs(300);
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
    pub(crate) intake: Intake,
    pub(crate) access: Access,
    pub(crate) events: Events,
}

/// How bodies are received.
pub(crate) struct Intake {
    /// The largest body in bytes.
    limit: usize,
    /// Room in bytes for all bodies that are being received.
    room: Semaphore,
}

impl Intake {
    pub(crate) fn new(limit: usize) -> Self {
        let room = limit.clamp(MAX_RECEIVING, Semaphore::MAX_PERMITS);
        Self {
            limit,
            room: Semaphore::new(room),
        }
    }
}

impl Shared {
    /// Forgets the requests received and what they have made.
    pub(crate) fn clear(&self) {
        self.history.clear();
        self.platform.state.clear();
        self.pushes.clear_log();
        self.events.tell("cleared", || json!({}));
    }
}

/// Everything that is served: the platform, and below `/__sandbox` the inspector.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    inspect::routes(&shared)
        .fallback(platform)
        .with_state(shared)
}

/// The router behind a short way for the platform's requests, which are most and need none of its routes.
#[derive(Clone)]
pub(crate) struct Front {
    shared: Arc<Shared>,
    router: TowerToHyperService<Router>,
}

impl Front {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let router = TowerToHyperService::new(router(Arc::clone(&shared)));
        Self { shared, router }
    }
}

impl Answering for Front {
    fn answer(
        &self,
        mut request: hyper::Request<Incoming>,
        line: Line,
    ) -> impl Future<Output = Response> + Send + 'static {
        let inspected = request.uri().path().starts_with("/__sandbox");
        let router = inspected.then(|| self.router.clone());
        let shared = Arc::clone(&self.shared);
        async move {
            match router {
                None => answer(&shared, Some(&line), request).await,
                Some(router) => {
                    request.extensions_mut().insert(line);
                    match Box::pin(router.call(request)).await {
                        Ok(response) => response,
                    }
                }
            }
        }
    }
}

/// What is not below `/__sandbox`.
async fn platform(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let line = request.extensions().get::<Line>().cloned();
    answer(&shared, line.as_ref(), request).await
}

async fn answer<B>(
    shared: &Arc<Shared>,
    line: Option<&Line>,
    request: hyper::Request<B>,
) -> Response
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let received = read(body, &shared.intake).await;
    // The room is free again when the request has been answered.
    let (body, _room, problem) = if shared.access.is_foreign(&head.uri, &head.headers) {
        (Bytes::new(), None, Some(Cause::ForeignHost))
    } else if !shared.history.can_record() {
        (Bytes::new(), None, Some(Cause::NotRecorded))
    } else {
        match received {
            Ok((body, room)) => (body, Some(room), None),
            Err(problem) => (Bytes::new(), None, Some(problem)),
        }
    };
    let now = shared.platform.clock.now();
    let mut fault = None;
    let mut answer = match problem {
        Some(cause) => Answer::refused(status(&cause), cause),
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
        if let Some(found) = diagnosis(shared, head, body).await {
            answer.verdict.explain(found);
        }
    }
    platform::log(&answer);
    let response = respond(&answer, now);
    let response = match fault {
        Some(fault) => fault.spoil(response, line),
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
        headers: Headers::from(&head.headers),
        body,
        verdict: answer.verdict,
        status: answer.status.as_u16(),
        reply: answer.body,
    };
    let received = shared.history.push(parts);
    let catalog = &shared.platform.catalog;
    shared
        .events
        .tell("request", || inspect::summary(catalog, &received));
    shared.pushes.follow(&received);
    response
}

/// What a wrong signature was made over, found out on another thread; one diagnosis at a time, so that many of them leave
/// the other requests their share of the machine.
async fn diagnosis(shared: &Arc<Shared>, head: Head, body: Bytes) -> Option<SignatureMismatch> {
    let permit = shared.platform.diagnosing().await;
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

/// The status of a refusal before the platform looks at the request.
const fn status(cause: &Cause) -> StatusCode {
    match cause {
        Cause::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Cause::ForeignHost => StatusCode::FORBIDDEN,
        Cause::Busy | Cause::NotRecorded => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Reads a whole body, and gives back the room that it takes.
async fn read<B>(body: B, intake: &Intake) -> Result<(Bytes, SemaphorePermit<'_>), Cause>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let collected = time::timeout(PATIENCE, collect(body, intake)).await;
    collected.unwrap_or(Err(Cause::BodyIncomplete))
}

/// What is refused is read and dropped up to twice the limit, so that a sender that is not far above it gets to read its
/// refusal.
async fn collect<B>(mut body: B, intake: &Intake) -> Result<(Bytes, SemaphorePermit<'_>), Cause>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let limit = intake.limit;
    let announced = body.size_hint().lower().min(MAX_RESERVED);
    let mut bytes = BytesMut::with_capacity(usize::try_from(announced).unwrap_or_default());
    // None is asked for yet, so that it cannot fail.
    let mut room = intake.room.try_acquire_many(0).map_err(|_| Cause::Busy);
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Cause::BodyIncomplete)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        received = received.saturating_add(data.len());
        if received > limit {
            room = Err(Cause::BodyTooLarge { limit });
        }
        if let Ok(held) = &mut room {
            let more = u32::try_from(data.len()).unwrap_or(u32::MAX);
            match intake.room.try_acquire_many(more) {
                Ok(more) => held.merge(more),
                Err(_) => room = Err(Cause::Busy),
            }
        }
        if room.is_ok() {
            bytes.extend_from_slice(data);
        } else if received <= limit.saturating_mul(2) {
            bytes = BytesMut::new();
        } else {
            break;
        }
    }
    Ok((bytes.freeze(), room?))
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
    thread_local! {
        /// The second that was written last, and how: most replies are of the same second as the one before.
        static LAST: RefCell<(u64, Option<HeaderValue>)> = const { RefCell::new((u64::MAX, None)) };
    }
    let second = now / 1000;
    LAST.with_borrow_mut(|(last, date)| {
        if *last != second {
            *last = second;
            *date = written(second);
        }
        date.clone()
    })
}

fn written(second: u64) -> Option<HeaderValue> {
    if second >= END_OF_DATES {
        return None;
    }
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(second))?;
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
