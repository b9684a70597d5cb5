//! The requests received.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::body::{number, parameter};
use super::reply::{Problem, refuse, reply};
use crate::platform::catalog::Catalog;
use crate::server::Shared;
use crate::server::record::{ReceivedRequest, summary};

/// The header that holds a signature. A search does not look into it.
const SIGNATURE: &str = nxcloud_signing::header::SIGN;
/// A search looks at the beginning of a body only.
const MAX_SEARCHED: usize = 64 * 1024;

/// What of the requests is asked for.
#[derive(Default)]
struct Filter {
    operation: Option<String>,
    /// In lower case.
    q: Option<String>,
    after: Option<u64>,
    before: Option<u64>,
    limit: Option<usize>,
    summaries: bool,
}

impl Filter {
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
    let filter = Filter::read(uri.query())?;
    let requests = shared.history.requests();
    let catalog = Arc::clone(&shared.platform.catalog);
    // A search through all bodies must not hold up the platform.
    let listed = tokio::task::spawn_blocking(move || filter.of(&catalog, &requests)).await;
    match listed {
        Ok(listed) => Ok(reply(&json!({ "requests": listed }))),
        Err(_) => Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "the sandbox stops")),
    }
}
