//! Reads requests of the page.

use axum::extract::Request;
use axum::http::StatusCode;
use nxcloud_spec::validate::integer;
use serde::de::DeserializeOwned;

use super::reply::{Problem, refuse};
use crate::platform::{percent, unreadable};
use crate::server::{Shared, pool};

/// Limit for a request of the page, which is always small.
const MAX_BODY: usize = 1024 * 1024;

/// Reads a JSON body. Unknown members are refused if the type denies them.
pub(super) async fn read<T>(shared: &Shared, request: Request) -> Result<T, Problem>
where
    T: DeserializeOwned + Send + 'static,
{
    let wrong = |problem| refuse(StatusCode::BAD_REQUEST, problem);
    if let Some(problem) = unreadable::encoded(request.headers()) {
        return Err(wrong(problem));
    }
    let (head, body) = request.into_parts();
    let body = shared
        .intake
        .read_within(MAX_BODY, head.extensions.get(), body);
    let (body, _room) = body.await?;
    let read = pool::run_if_large(body.len(), move || unreadable::json(&body)).await;
    read.map_err(wrong)
}

/// The parameters of a query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let refused = |violation: nxcloud_spec::validate::Violation| {
            let name = violation.pointer.trim_start_matches('/');
            let problem = format!("{name} {}", violation.problem);
            refuse(StatusCode::BAD_REQUEST, problem.trim_start())
        };
        percent::parameters(query).map(Self).map_err(refused)
    }

    /// The value of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.iter();
        let pair = pairs.find(|(key, _)| key == name);
        pair.map(|(_, value)| value.clone())
    }

    /// Reads a number. Any other value is refused.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let number = |text: String| T::try_from(integer(&text)?).ok();
        let problem = || refuse(StatusCode::BAD_REQUEST, format!("{name} is not a number"));
        let text = self.text(name);
        text.map(|text| number(text).ok_or_else(problem))
            .transpose()
    }
}
