//! Lists the received requests.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::body::Query;
use super::reply::{self, Problem, refuse};
use crate::server::record::{ReceivedRequest, summary};
use crate::server::{Shared, pool};

/// The header that contains a signature. The search skips it.
const SIGNATURE: &str = nxcloud_signing::header::SIGN;
/// The search reads only this much of a body.
const MAX_SEARCHED: usize = 64 * 1024;

/// The filter of a list.
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
        let query = Query::read(query)?;
        let view = query.text("view");
        if let Some(view) = &view
            && view != "summary"
        {
            let problem = "unknown view: use view=summary or leave it out";
            return Err(refuse(StatusCode::BAD_REQUEST, problem));
        }
        let q = query.text("q").filter(|q| !q.is_empty());
        Ok(Self {
            operation: query.text("operation"),
            q: q.map(|q| q.to_lowercase()),
            after: query.number("after")?,
            before: query.number("before")?,
            limit: query.number("limit")?,
            summaries: view.is_some(),
        })
    }

    fn fits(&self, request: &ReceivedRequest) -> bool {
        (self.operation.is_none() || request.operation() == self.operation.as_deref())
            && self.after.is_none_or(|after| request.id() > after)
            && self.before.is_none_or(|before| request.id() < before)
            && self.q.as_ref().is_none_or(|q| has(request, q))
    }

    /// The numbers of the listed requests, oldest first. With `after`, a limit keeps the oldest matches; otherwise
    /// the newest.
    fn of(&self, requests: &[ReceivedRequest]) -> Vec<u64> {
        let fitting = requests.iter().filter(|request| self.fits(request));
        let fitting = fitting.map(ReceivedRequest::id);
        let limit = self.limit.unwrap_or(usize::MAX);
        if self.after.is_some() {
            fitting.take(limit).collect()
        } else {
            let mut latest = fitting.rev().take(limit).collect::<Vec<_>>();
            latest.reverse();
            latest
        }
    }
}

/// Whether a request contains a text (in lower case) anywhere but in its signature.
fn has(request: &ReceivedRequest, q: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(q);
    let bytes = |bytes: &[u8]| {
        let searched = bytes.get(..MAX_SEARCHED).unwrap_or(bytes);
        holds(&String::from_utf8_lossy(searched))
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

/// `GET requests[?operation=…&q=…&after=…&before=…&limit=…&view=summary]`: the history, oldest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, Problem> {
    let filter = Filter::read(uri.query())?;
    let summaries = filter.summaries;
    let history = Arc::clone(&shared);
    let ids = pool::run(move || filter.of(&history.history.requests())).await;
    // A slow reader holds only numbers, not requests that the history has already dropped.
    let requests = ids.into_iter().filter_map(move |id| {
        let request = shared.history.request(id)?;
        Some(if summaries {
            summary(&shared.platform.catalog, &request)
        } else {
            request.to_json()
        })
    });
    Ok(reply::list("requests", requests).await)
}
