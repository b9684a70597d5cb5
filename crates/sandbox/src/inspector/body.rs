//! Reading what the page sends.

use axum::extract::Request;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::reply::{Problem, refuse};
use crate::server::Shared;

/// What the page sends is small.
const MAX_BODY: usize = 1024 * 1024;

/// A body in JSON, or the refusal of it. The type decides on what is known; an unknown member is refused.
pub(super) async fn read<T: DeserializeOwned>(
    shared: &Shared,
    request: Request,
) -> Result<T, Problem> {
    let body = request.into_body();
    let (body, _room) = shared.intake.read_within(MAX_BODY, body).await?;
    serde_json::from_slice(&body)
        .map_err(|error| refuse(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}

/// The value of a parameter of the query.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let query = query.unwrap_or_default().as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    let found = pairs.find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// A number in the query; a value that is none is refused.
pub(super) fn number<T: std::str::FromStr>(
    query: Option<&str>,
    name: &str,
) -> Result<Option<T>, Problem> {
    let parsed = parameter(query, name).map(|text| text.parse::<T>());
    let problem = |_| refuse(StatusCode::BAD_REQUEST, format!("{name} is not a number"));
    parsed.transpose().map_err(problem)
}
