//! The requests received.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use nxcloud_spec::path;
use serde_json::{Value, json};

use super::body::{number, parameter};
use super::{Problem, refuse, reply, text};
use crate::catalog::Catalog;
use crate::http::Shared;
use crate::record::{Cause, ReceivedRequest};

/// The header that holds a signature. A search does not look into it.
const SIGNATURE: &str = nxcloud_signing::header::SIGN;
/// A larger body is not looked into for a recipient.
const MAX_LOOKED_INTO: usize = 64 * 1024;
/// A search looks at the beginning of a body only.
const MAX_SEARCHED: usize = 64 * 1024;
/// A longer text of a summary is cut.
const MAX_TEXT: usize = 200;

/// What a list says about a request: no header, no body.
pub(crate) fn summary(catalog: &Catalog, request: &ReceivedRequest) -> Value {
    let verdict = request.verdict();
    let likely = match verdict.cause() {
        Some(Cause::Signature(mismatch)) => Some(mismatch.likely_cause()),
        _ => None,
    };
    json!({
        "id": request.id(),
        "received_at": request.received_at(),
        "took_micros": u64::try_from(request.took().as_micros()).unwrap_or(u64::MAX),
        "service": request.service(),
        "operation": request.operation(),
        "method": request.method(),
        "path": text::beginning(request.path(), MAX_TEXT).0,
        "to": recipient(catalog, request),
        "status": request.status(),
        "code": verdict.code(),
        "accepted": verdict.is_accepted(),
        "cause": verdict.cause().map(Cause::name),
        "likely_cause": likely,
    })
}

/// Whom a request is for, as far as a glance shows it.
fn recipient(catalog: &Catalog, request: &ReceivedRequest) -> Option<String> {
    let operation = catalog.operation(request.service()?, request.operation()?)?;
    let message = operation.spec.message.as_ref().map(|message| &message.to);
    let name = message.or(operation.spec.recipient.as_ref())?;
    let query = || parameter(request.query(), name);
    let body = Some(request.body()).filter(|body| body.len() <= MAX_LOOKED_INTO);
    let body = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let member = || match path::get(body.as_ref()?, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            Some(items.collect::<Vec<_>>().join(","))
        }
        _ => None,
    };
    let found = member().or_else(query)?;
    Some(text::beginning(&found, MAX_TEXT).0.to_owned())
}

/// What of the requests is asked for.
#[derive(Default)]
struct Wanted {
    operation: Option<String>,
    /// In lower case.
    q: Option<String>,
    after: Option<u64>,
    before: Option<u64>,
    limit: Option<usize>,
    summaries: bool,
}

impl Wanted {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let view = parameter(query, "view");
        if let Some(view) = &view
            && view != "summary"
        {
            let problem = "the only view is summary";
            return Err(refuse(StatusCode::BAD_REQUEST, problem));
        }
        let q = parameter(query, "q").filter(|q| !q.is_empty());
        Ok(Self {
            operation: parameter(query, "operation"),
            q: q.map(|q| q.to_lowercase()),
            after: number(query, "after")?,
            before: number(query, "before")?,
            limit: number(query, "limit")?,
            summaries: view.is_some(),
        })
    }

    fn fits(&self, request: &ReceivedRequest) -> bool {
        (self.operation.is_none() || request.operation() == self.operation.as_deref())
            && self.after.is_none_or(|after| request.id() > after)
            && self.before.is_none_or(|before| request.id() < before)
            && self.q.as_ref().is_none_or(|q| has(request, q))
    }

    /// Oldest first. A limit leaves the oldest ones when the list goes on after a known one, else the latest.
    fn of(&self, catalog: &Catalog, requests: &[ReceivedRequest]) -> Vec<Value> {
        let fitting = requests.iter().filter(|request| self.fits(request));
        let limit = self.limit.unwrap_or(usize::MAX);
        let chosen: Vec<_> = if self.after.is_some() {
            fitting.take(limit).collect()
        } else {
            let mut latest = fitting.rev().take(limit).collect::<Vec<_>>();
            latest.reverse();
            latest
        };
        let chosen = chosen.into_iter();
        if self.summaries {
            chosen.map(|request| summary(catalog, request)).collect()
        } else {
            chosen.map(ReceivedRequest::to_json).collect()
        }
    }
}

/// Whether a text, in lower case, is anywhere in a request but its signature.
fn has(request: &ReceivedRequest, q: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(q);
    let bytes = |bytes: &[u8]| {
        let shown = bytes.get(..MAX_SEARCHED).unwrap_or(bytes);
        holds(&String::from_utf8_lossy(shown))
    };
    let known = [request.operation(), request.service(), request.query()];
    holds(request.path())
        || known.into_iter().flatten().any(holds)
        || request
            .headers()
            .filter(|(name, _)| *name != SIGNATURE)
            .any(|(name, value)| name.contains(q) || bytes(value))
        || bytes(request.body())
        || bytes(request.reply())
}

/// `GET requests[?operation=…&q=…&after=…&before=…&limit=…&view=summary]`: the requests kept, oldest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, Problem> {
    let wanted = Wanted::read(uri.query())?;
    let requests = shared.history.requests();
    let catalog = Arc::clone(&shared.platform.catalog);
    // A search through all bodies must not hold up the platform.
    let listed = tokio::task::spawn_blocking(move || wanted.of(&catalog, &requests)).await;
    match listed {
        Ok(listed) => Ok(reply(&json!({ "requests": listed }))),
        Err(_) => Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "the sandbox stops")),
    }
}
