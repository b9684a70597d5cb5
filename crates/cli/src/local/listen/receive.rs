//! Handles a push: checks it, answers or forwards it, and prints one line.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use nxcloud::Repair;
use nxcloud::signing::header;
use nxcloud::webhooks::Verifier;
use nxcloud_client::codegen::incoming;
use nxcloud_spec::embedded;
use nxcloud_spec::webhook::Webhook;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::forward::Endpoint;
use super::guard;
use crate::local::in_one_line;
use crate::output::{self, Format};
use crate::{escape, mask};

/// The size limit of a push: 1 MiB.
const BODY_LIMIT: usize = 1024 * 1024;

/// The state that all pushes share.
pub(super) struct Shared {
    pub(super) verifier: Option<Verifier>,
    pub(super) endpoint: Option<Endpoint>,
    /// Accepted host names other than those of this machine.
    pub(super) hosts: Vec<Authority>,
    pub(super) format: Format,
    pub(super) show_body: bool,
    /// Notified when the reader of stdout has gone.
    pub(super) stdout_closed: Notify,
}

/// The printed line of a push.
struct Row {
    bytes: Option<usize>,
    signature: String,
    /// Why the push was refused.
    problem: Option<String>,
    /// Who answered.
    by: &'static str,
    /// The body, with `--show-body`.
    body: Option<Value>,
}

impl Row {
    fn refused(problem: impl Into<String>) -> Self {
        Self {
            bytes: None,
            signature: "signature not checked".to_owned(),
            problem: Some(problem.into()),
            by: "listen",
            body: None,
        }
    }
}

/// Handles a push in a separate task, so that it is printed even if its sender does not wait for the answer.
pub(super) async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let response = tokio::spawn(handle(shared, request)).await;
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn handle(shared: Arc<Shared>, request: Request) -> Response {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    let (response, push) = shared.respond(&head, body).await;
    let mut row = json!({
        "path": head.uri.path(),
        "bytes": push.bytes,
        "signature": push.signature,
        "answered": response.status().as_u16(),
        "by": push.by,
        "ms": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    if let Some(problem) = push.problem {
        row["problem"] = problem.into();
    }
    if shared.show_body {
        row["query"] = head.uri.query().map(mask::query).into();
        row["body"] = push.body.into();
    }
    match output::print_if_open(&match shared.format {
        Format::Json => row.to_string(),
        Format::Table => as_text(&row),
    }) {
        Ok(true) => {}
        Ok(false) => shared.stdout_closed.notify_one(),
        Err(failure) => output::eprint(&failure.message),
    }
    response
}

/// Finds the push that a path names.
fn push(path: &str) -> Option<&'static Webhook> {
    let (service, push) = path.strip_prefix('/')?.split_once('/')?;
    embedded(service)?.ok()?.webhook(push)
}

/// Returns the fields of a JSON body, or the text of any other body. A body with duplicate keys is text, which shows all of them.
fn body_value(headers: &HeaderMap, bytes: &[u8]) -> Value {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (kind, encoding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
    let Ok(body) = incoming::Body::new(bytes, kind, encoding, BODY_LIMIT) else {
        return String::from_utf8_lossy(bytes).into();
    };
    match body.json() {
        Ok(document) if !document.repairs.contains(Repair::EqualKeys) => document.value,
        _ => body.text().into(),
    }
}

fn as_text(row: &Value) -> String {
    let cell = |name: &str| match &row[name] {
        Value::String(text) => escape::one_line(text).into_owned(),
        other => other.to_string(),
    };
    let (path, answered, by, ms) = (cell("path"), cell("answered"), cell("by"), cell("ms"));
    let result = if row.get("problem").is_some() {
        format!("refused: {}", cell("problem"))
    } else {
        format!("{} bytes  {}", cell("bytes"), cell("signature"))
    };
    let mut line = format!("{path}  {result}  {answered} by {by} in {ms} ms");
    for name in ["query", "body"] {
        if row.get(name).is_some_and(|value| !value.is_null()) {
            line.push_str(&format!("\n  {}", row[name]));
        }
    }
    line
}

impl Shared {
    async fn respond(&self, head: &Parts, body: Body) -> (Response, Row) {
        if let Some(problem) = guard::refusal(&head.headers, &self.hosts) {
            let answer = (StatusCode::FORBIDDEN, "not accepted here\n");
            return (answer.into_response(), Row::refused(problem));
        }
        let body = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let answer = (StatusCode::PAYLOAD_TOO_LARGE, "too large\n");
                let problem = format!("its body is larger than {BODY_LIMIT} bytes");
                return (answer.into_response(), Row::refused(problem));
            }
            Err(_) => {
                let answer = (StatusCode::BAD_REQUEST, "the body is incomplete\n");
                return (
                    answer.into_response(),
                    Row::refused("its body is incomplete"),
                );
            }
        };
        let signature = self.signature(&head.headers, &body);
        let (answer, by) = self.answer(head, &body).await;
        let row = Row {
            bytes: Some(body.len()),
            signature,
            problem: None,
            by,
            body: self.show_body.then(|| body_value(&head.headers, &body)),
        };
        (answer, row)
    }

    fn signature(&self, headers: &HeaderMap, body: &[u8]) -> String {
        if !headers.contains_key(header::SIGN) {
            return "unsigned".to_owned();
        }
        match &self.verifier {
            None => "signature not checked, no account".to_owned(),
            Some(verifier) => match verifier.verify(headers, body) {
                Ok(_) => "signature valid".to_owned(),
                Err(error) => format!("signature invalid: {error}"),
            },
        }
    }

    async fn answer(&self, head: &Parts, body: &Bytes) -> (Response, &'static str) {
        let Some(endpoint) = &self.endpoint else {
            let push = push(head.uri.path());
            let reply = push
                .and_then(|push| push.reply.as_deref())
                .unwrap_or("success");
            return (reply.into_response(), "listen");
        };
        match endpoint.forward(head, body).await {
            Ok(response) => (response, "endpoint"),
            Err(error) => {
                let reason = in_one_line(&error.without_url());
                output::eprint(&format!("the endpoint cannot be reached: {reason}"));
                let response = (StatusCode::BAD_GATEWAY, "the endpoint cannot be reached");
                (response.into_response(), "listen")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed_body(content_type: &str, body: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        body_value(&headers, body).to_string()
    }

    #[test]
    fn a_printed_body_keeps_every_digit_and_every_key() {
        let json = "application/json";
        let long = br#"{"id":1234567890123456789012}"#;
        assert_eq!(
            printed_body(json, long),
            r#"{"id":"1234567890123456789012"}"#
        );
        let duplicate = br#"{"a":1,"a":2}"#;
        assert_eq!(printed_body(json, duplicate), r#""{\"a\":1,\"a\":2}""#);
        let gbk = b"{\"a\":\"\xd1\xe9\xd6\xa4\"}";
        assert_eq!(
            printed_body("application/json;charset=gbk", gbk),
            r#"{"a":"验证"}"#
        );
        assert_eq!(
            printed_body("text/plain", b"\xef\xbb\xbfa=\xff"),
            "\"a=\u{fffd}\""
        );
    }
}
