//! Answers of the API.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::server::Refusal;
use crate::server::connection::Refused;

/// JSON that no cache keeps.
pub(super) fn reply(value: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, value.to_string()).into_response()
}

/// Why there is no answer: the status, a line for people, and one for the log if nobody looked at the request's content.
pub(super) struct Problem(StatusCode, String, Option<Refused>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = reply(&json!({ "error": self.1 }));
        *response.status_mut() = self.0;
        if let Some(refused) = self.2 {
            response.extensions_mut().insert(refused);
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let refused = refusal.log();
        Self(refusal.status, refusal.cause.to_string(), Some(refused))
    }
}

pub(super) fn refuse(status: StatusCode, problem: impl Into<String>) -> Problem {
    Problem(status, problem.into(), None)
}
