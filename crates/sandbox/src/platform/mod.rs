//! The platform itself: from a request to its answer, without any network.

mod account;
mod antbuddy;
mod common;
mod diagnose;
mod fresh;
mod input;
pub(crate) mod multipart;
mod numbers;
mod nxcloud;
mod reply;
mod respelled;
mod unreadable;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use nxcloud_signing::header;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use account::Accounts;
pub(crate) use fresh::{Ids, text_of};

use nxcloud_spec::document::{HashIn, Scheme};

use crate::catalog::{Catalog, NoRoute, Operation, Route, Signed};
use crate::record::{Cause, SignatureMismatch, Verdict};
use crate::state::{self, State};
use input::Fields;
use reply::Filler;

/// Tells the time in milliseconds since 1970-01-01 UTC.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A request as it was received.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

/// The answer to a request, and what it was about.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// JSON, or nothing.
    pub(crate) body: Bytes,
    pub(crate) verdict: Verdict,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
}

impl Answer {
    /// A refusal that no operation has a say in. The result code is the HTTP status.
    pub(crate) fn refused(status: StatusCode, cause: Cause) -> Self {
        let mut reply = json!({ "message": cause.to_string() });
        if let Cause::Method { allowed } = &cause {
            reply["allowed"] = json!(allowed);
        }
        Self {
            status,
            body: to_bytes(&reply),
            verdict: Verdict::refused(i64::from(status.as_u16()), cause),
            service: None,
            operation: None,
        }
    }
}

/// What the checks of a scheme found out.
struct Checked<'a> {
    /// The operation that was meant or, if that cannot be told, one of the same path.
    operation: &'a Operation,
    /// Whether it is the one that was meant.
    certain: bool,
    result: Result<Fields, Cause>,
}

/// Everything that answering takes.
pub(crate) struct Platform {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) accounts: Accounts,
    pub(crate) clock: Clock,
    pub(crate) state: State,
    ids: Ids,
    diagnosing: Arc<Semaphore>,
}

impl Platform {
    pub(crate) fn new(catalog: Arc<Catalog>, accounts: Accounts, clock: Clock) -> Self {
        Self {
            catalog,
            accounts,
            clock,
            state: State::default(),
            ids: Ids::new(),
            diagnosing: Arc::new(Semaphore::new(1)),
        }
    }

    /// Answers a request. A wrong signature is not looked into; [`diagnose`](Self::diagnose) does that.
    pub(crate) fn answer(&self, incoming: &Incoming<'_>, now: u64) -> Answer {
        match self.catalog.route(incoming.method, incoming.path) {
            Ok(route) => self.of_route(&route, incoming, now),
            Err(NoRoute::Path) => Answer::refused(StatusCode::NOT_FOUND, Cause::UnknownPath),
            Err(NoRoute::Method(allowed)) => {
                Answer::refused(StatusCode::METHOD_NOT_ALLOWED, Cause::Method { allowed })
            }
        }
    }

    /// The operation that a request seems to mean, if that can be told.
    pub(crate) fn operation(&self, incoming: &Incoming<'_>) -> Option<&str> {
        self.meant(incoming).map(|operation| &*operation.id)
    }

    fn meant(&self, incoming: &Incoming<'_>) -> Option<&Operation> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        let sent = incoming.headers.get(header::ACTION);
        let sent = sent.and_then(|action| action.to_str().ok());
        let means = |operation: &&&Operation| match &operation.signed {
            Signed::Md5 { action, .. } => sent == Some(action),
            Signed::Sha256 { .. } => false,
        };
        match route.operations.as_slice() {
            [alone] => Some(alone),
            several => several.iter().find(means).copied(),
        }
    }

    /// The scheme by which a request is signed, and its string to sign as the server sees it, with the secret masked; `None`
    /// for the string if a common parameter or the account is not there.
    pub(crate) fn string_to_sign(
        &self,
        incoming: &Incoming<'_>,
    ) -> Option<(Scheme, Option<String>)> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        Some(match route.first.signed {
            Signed::Md5 { .. } => (
                Scheme::NxcloudMd5,
                nxcloud::explain(incoming, &self.accounts),
            ),
            Signed::Sha256 { .. } => {
                let string = antbuddy::explain(route.first, incoming, &self.accounts);
                (Scheme::AntBuddySha256, string)
            }
        })
    }

    /// Finds out what a wrong signature was made over. It hashes up to [`diagnose::BUDGET`] bytes, so that it is no work for
    /// a thread that others wait for.
    pub(crate) fn diagnose(&self, incoming: &Incoming<'_>) -> Option<SignatureMismatch> {
        let route = self.catalog.route(incoming.method, incoming.path).ok()?;
        match route.first.signed {
            Signed::Md5 { .. } => nxcloud::diagnosed(incoming, &self.accounts),
            Signed::Sha256 { .. } => antbuddy::diagnosed(route.first, incoming, &self.accounts),
        }
    }

    /// Waits until no other diagnosis is under way.
    pub(crate) async fn diagnosing(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.diagnosing).acquire_owned().await.ok()
    }

    /// Refuses a request with this code, whatever it says.
    pub(crate) fn fail(&self, incoming: &Incoming<'_>, code: i64, now: u64) -> Answer {
        let Some(operation) = self.meant(incoming) else {
            return Answer::refused(StatusCode::BAD_GATEWAY, Cause::Fault);
        };
        let text = operation.meaning(code).unwrap_or("refused");
        let (status, body) = match operation.signed {
            Signed::Md5 { .. } => {
                let filler = Filler {
                    ids: &self.ids,
                    now,
                    fields: &Fields::new(),
                };
                (StatusCode::OK, filler.failure(operation, code, text))
            }
            Signed::Sha256 { .. } => {
                let status = u16::try_from(code).map(StatusCode::from_u16);
                let status = status.map_or(StatusCode::BAD_REQUEST, |status| {
                    status.unwrap_or(StatusCode::BAD_REQUEST)
                });
                (status, json!({ "message": text }))
            }
        };
        Answer {
            status,
            body: to_bytes(&body),
            verdict: Verdict::refused(code, Cause::Fault),
            service: Some(Arc::clone(&operation.service)),
            operation: Some(Arc::clone(&operation.id)),
        }
    }

    fn of_route(&self, route: &Route<'_>, incoming: &Incoming<'_>, now: u64) -> Answer {
        let md5 = |operation: &&Operation| matches!(operation.signed, Signed::Md5 { .. });
        let checked = if route.operations.iter().all(md5) {
            nxcloud::check(route, incoming, &self.accounts, now)
        } else {
            antbuddy::check(route, incoming, &self.accounts)
        };
        let Checked {
            operation, certain, ..
        } = checked;
        let nothing = Fields::new();
        let filler = Filler {
            ids: &self.ids,
            now,
            fields: checked.result.as_ref().unwrap_or(&nothing),
        };
        let done = match &checked.result {
            Ok(fields) => self.act(operation, fields, incoming, &filler),
            Err(cause) => Err(cause.clone()),
        };
        let (status, body, verdict) = match done {
            Ok(reply) => (StatusCode::OK, reply, Verdict::accepted()),
            Err(cause) => {
                let (status, code, body) = refusal(operation, &cause, &filler, incoming.body);
                (status, Some(body), Verdict::refused(code, cause))
            }
        };
        Answer {
            status,
            body: body.as_ref().map(to_bytes).unwrap_or_default(),
            verdict,
            service: Some(Arc::clone(&operation.service)),
            operation: certain.then(|| Arc::clone(&operation.id)),
        }
    }
}

impl Platform {
    /// Carries out a request that passed every check of its own.
    fn act(
        &self,
        operation: &Operation,
        fields: &Fields,
        incoming: &Incoming<'_>,
        filler: &Filler<'_>,
    ) -> Result<Option<Value>, Cause> {
        let Some(mut reply) = filler.success(operation) else {
            return Ok(None);
        };
        let call = state::Call {
            account: &account_of(operation, incoming),
            operation,
            fields,
            ids: &self.ids,
            now: filler.now,
        };
        self.state.act(&call, &mut reply)?;
        Ok(Some(reply))
    }
}

/// The access key or app id of a request, which has been verified.
fn account_of<'a>(operation: &Operation, incoming: &Incoming<'a>) -> Cow<'a, str> {
    let name = match operation.signed {
        Signed::Md5 { .. } => &common::ACCESS_KEY,
        Signed::Sha256 {
            place: HashIn::Query,
            ..
        } => {
            let mut sent = common::query(incoming.query);
            let app_id = sent.find(|(name, _)| name == "appId");
            return app_id.map(|(_, value)| value).unwrap_or_default().into();
        }
        Signed::Sha256 { .. } => &common::APP_ID,
    };
    let account = common::header(incoming.headers, name);
    account.unwrap_or_default().into()
}

/// How a scheme says no: NXCLOUD with a code in the envelope of the operation, `AntBuddy` with an HTTP status.
fn refusal(
    operation: &Operation,
    cause: &Cause,
    filler: &Filler<'_>,
    body: &[u8],
) -> (StatusCode, i64, Value) {
    match operation.signed {
        Signed::Md5 { parameter_code, .. } => {
            let own = match cause {
                Cause::Parameter { pointer, .. } => numbers::code(operation, pointer, body)
                    .or_else(|| state::parameter_code(operation, pointer, body)),
                _ => None,
            };
            let code = nxcloud::code(cause, own.unwrap_or(parameter_code));
            let text = match (cause, operation.meaning(code)) {
                (Cause::Parameter { .. } | Cause::State { .. }, Some(meaning)) => {
                    format!("{meaning}: {cause}")
                }
                _ => cause.to_string(),
            };
            (StatusCode::OK, code, filler.failure(operation, code, &text))
        }
        Signed::Sha256 { .. } => {
            let status = StatusCode::BAD_REQUEST;
            let reply = json!({ "message": cause.to_string() });
            (status, i64::from(status.as_u16()), reply)
        }
    }
}

fn to_bytes(value: &Value) -> Bytes {
    // A value always becomes JSON.
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Says what happened. Only a rejected signature shows more than names and codes, because nothing else explains it.
pub(crate) fn log(answer: &Answer) {
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
mod dispatch_tests;
#[cfg(test)]
mod draft;
#[cfg(test)]
mod numbers_state_tests;
#[cfg(test)]
mod respelled_tests;
#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod sweep_tests;
#[cfg(test)]
#[path = "platform_tests.rs"]
mod tests;
#[cfg(test)]
mod whatsapp_state_tests;
