//! What the sandbox received, and how it answered.

mod cause;
mod headers;
mod history;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

pub use cause::{Cause, CommonProblem, LikelyCause, SignatureMismatch, Verdict};
pub(crate) use headers::Headers;
pub(crate) use history::History;

/// One request that the sandbox received, with its verdict and reply. Cloning it is cheap.
///
/// `Debug` shows what happened, but no header, body or path, because those carry phone numbers, message texts and
/// signatures.
#[derive(Clone)]
pub struct ReceivedRequest(Arc<Parts>);

/// The parts of a record.
pub(crate) struct Parts {
    /// Milliseconds since 1970-01-01 UTC, by the sandbox's clock.
    pub(crate) received_at: u64,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) verdict: Verdict,
    pub(crate) status: u16,
    pub(crate) reply: Bytes,
}

impl ReceivedRequest {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// When it came, in milliseconds since 1970-01-01 UTC by the sandbox's clock.
    #[must_use]
    pub fn received_at(&self) -> u64 {
        self.0.received_at
    }

    /// The service, such as `sms`; `None` if the path is unknown.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.0.service.as_deref()
    }

    /// The operation, such as `send_sms`; `None` if it could not be told.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The path as sent, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The query as sent, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.0.query.as_deref()
    }

    /// The first header of a name in any case, if its value is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.0.headers.get(name)?;
        let text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
        if !value.iter().all(text) {
            return None;
        }
        std::str::from_utf8(value).ok()
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.headers.iter()
    }

    /// The body, byte for byte. Of a body over the limit nothing is kept.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The body as JSON, if it is that.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.0.body).ok()
    }

    /// Whether it was accepted and, if not, why.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.0.verdict
    }

    /// The HTTP status of the reply.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The body of the reply.
    #[must_use]
    pub fn reply(&self) -> &[u8] {
        &self.0.reply
    }

    /// About how much memory the record holds.
    pub(crate) fn size(&self) -> usize {
        let explained = match self.0.verdict.cause() {
            Some(Cause::Signature(mismatch)) => mismatch.string_to_sign().len(),
            _ => 0,
        };
        let text = self.0.path.len() + self.0.query.as_ref().map_or(0, String::len);
        self.0.headers.size() + explained + text + self.0.body.len() + self.0.reply.len()
    }

    /// The record as the JSON endpoint shows it.
    pub(crate) fn to_json(&self) -> Value {
        let mut headers = Map::new();
        for (name, value) in self.headers() {
            let text = String::from_utf8_lossy(value);
            match headers.get_mut(name) {
                Some(Value::String(all)) => {
                    all.push_str(", ");
                    all.push_str(&text);
                }
                _ => {
                    headers.insert(name.to_owned(), text.into());
                }
            }
        }
        let mut record = json!({
            "received_at": self.received_at(),
            "service": self.service(),
            "operation": self.operation(),
            "method": self.method(),
            "path": self.path(),
            "query": self.query(),
            "headers": headers,
            "verdict": self.verdict().to_json(),
            "status": self.status(),
        });
        put_bytes(&mut record, "body", self.body());
        put_bytes(&mut record, "reply", self.reply());
        record
    }
}

/// Bytes as text or, if they are none, as base64 under a name that says so.
fn put_bytes(record: &mut Value, name: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => record[name] = text.into(),
        Err(_) => {
            record[format!("{name}_base64")] = data_encoding::BASE64.encode(bytes).into();
        }
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest")
            .field("received_at", &self.0.received_at)
            .field("service", &self.0.service)
            .field("operation", &self.0.operation)
            .field("method", &self.0.method)
            .field("body_bytes", &self.0.body.len())
            .field("verdict", &self.0.verdict)
            .field("status", &self.0.status)
            .finish_non_exhaustive()
    }
}
