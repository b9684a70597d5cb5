//! Answers of the API.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// JSON that no cache keeps.
pub(super) fn reply(value: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, value.to_string()).into_response()
}

/// Why there is no answer: the status, and a line for people.
pub(super) struct Problem(StatusCode, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = reply(&json!({ "error": self.1 }));
        *response.status_mut() = self.0;
        response
    }
}

pub(super) fn refuse(status: StatusCode, problem: impl Into<String>) -> Problem {
    Problem(status, problem.into())
}
