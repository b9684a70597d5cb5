//! The record of received requests and their replies.

mod file;
mod history;
pub mod secret;
mod summary;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method};
use bytes::Bytes;
use nxcloud_signing::header::lower;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::platform::accounts::{ACCESS_KEY, APP_ID};
use crate::platform::percent;
use crate::platform::text::beginning;
pub use file::RecordError;
pub(crate) use history::History;
pub(crate) use summary::summary;

use crate::platform::verdict::{Cause, Verdict};

/// Bodies, replies and strings to sign are cut at this size in a list.
pub(crate) const MAX_LISTED: usize = 64 * 1024;
/// Memory of a header beside its name and value.
const HEADER_SIZE: usize = 100;

/// One received request, with its verdict and reply. Cloning it is cheap.
///
/// Credentials that are the same in every request, such as `x-auth-app-hash`, `authorization` or `hash` in the query,
/// are not stored: their value is `***`.
///
/// `Debug` shows no header, body or path, because those contain phone numbers, message texts and signatures.
#[derive(Clone)]
pub struct ReceivedRequest {
    id: u64,
    parts: Arc<Parts>,
}

/// Headers in the order of the request. A list needs less memory and time than a map.
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// The parts of a record.
pub(crate) struct Parts {
    /// Milliseconds since 1970-01-01 UTC by the sandbox's clock.
    pub(crate) received_at: u64,
    /// From the head of the request to the reply.
    pub(crate) took: Duration,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Without credentials.
    pub(crate) query: Option<String>,
    /// Without credentials.
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) verdict: Verdict,
    pub(crate) status: u16,
    pub(crate) reply: Bytes,
}

impl ReceivedRequest {
    pub(crate) const fn new(id: u64, parts: Arc<Parts>) -> Self {
        Self { id, parts }
    }

    /// Its number among the requests of the sandbox, from 1, in the order of the replies. Numbers are unique, even
    /// after [`Sandbox::clear`](crate::Sandbox::clear).
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The time when it arrived, in milliseconds since 1970-01-01 UTC by the sandbox's clock.
    #[must_use]
    pub fn received_at(&self) -> u64 {
        self.parts.received_at
    }

    /// How long the sandbox took, from reading the head of the request to creating the reply. This includes the time
    /// to receive the body, but not the time to send the reply.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.parts.took
    }

    /// The service, such as `sms`; `None` if the path is unknown.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.parts.service.as_deref()
    }

    /// The operation, such as `send_sms`; `None` if it is not known.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.parts.operation.as_deref()
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    /// The path as sent, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.parts.path
    }

    /// The query as sent, without the question mark. Credentials are `***`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.parts.query.as_deref()
    }

    /// The first header of a name (in any case), if its value is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.parts.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.as_str().eq_ignore_ascii_case(name))?;
        value.to_str().ok()
    }

    /// All headers. Names are in lower case, credentials are `***`.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let headers = self.parts.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The body, byte for byte. A body over the limit is not stored.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.parts.body
    }

    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.parts.body).ok()
    }

    /// The body as a value, such as the typed request: `request.decode::<SendSms>()`.
    ///
    /// # Errors
    ///
    /// If the body is not JSON of that type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.parts.body)
    }

    /// Whether it names an account other than the built-in ones, in any place that can name one.
    pub(crate) fn is_of_another_account(&self) -> bool {
        let headers = self.headers();
        let headers =
            headers.filter(|(name, _)| matches!(*name, lower::ACCESS_KEY | lower::APP_ID));
        let built_in = |id: &[u8]| id == ACCESS_KEY.as_bytes() || id == APP_ID.as_bytes();
        let query = self.query().unwrap_or_default();
        let mut query = percent::lenient(query);
        headers.into_iter().any(|(_, id)| !built_in(id))
            || query.any(|(name, id)| name == "appId" && !built_in(id.as_bytes()))
    }

    /// Whether it was accepted, and if not, why.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.parts.verdict
    }

    /// The HTTP status of the reply.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.parts.status
    }

    /// The body of the reply.
    #[must_use]
    pub fn reply(&self) -> &[u8] {
        &self.parts.reply
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The approximate memory of the record.
    pub(crate) fn size(&self) -> usize {
        let explained = match self.parts.verdict.cause() {
            Some(Cause::Signature(mismatch)) => {
                mismatch.string_to_sign().len() + mismatch.client_string().map_or(0, str::len)
            }
            _ => 0,
        };
        let text = self.parts.path.len() + self.parts.query.as_ref().map_or(0, String::len);
        let headers = self.headers();
        let headers = headers.map(|(name, value)| name.len() + value.len() + HEADER_SIZE);
        headers.sum::<usize>() + explained + text + self.parts.body.len() + self.parts.reply.len()
    }

    /// The record as the JSON endpoint lists it.
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
            "id": self.id(),
            "received_at": self.received_at(),
            "service": self.service(),
            "operation": self.operation(),
            "method": self.method(),
            "path": self.path(),
            "query": self.query(),
            "headers": headers,
            "verdict": self.verdict().to_json(MAX_LISTED),
            "status": self.status(),
            "took_micros": u64::try_from(self.took().as_micros()).unwrap_or(u64::MAX),
        });
        self.put_bytes(&mut record, "body", self.body());
        self.put_bytes(&mut record, "reply", self.reply());
        record
    }

    /// Bytes as text; if they are not text, as base64 under a name that says so. Long ones are cut, with their size
    /// and the path of the whole.
    fn put_bytes(&self, record: &mut Value, name: &str, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => record[name] = beginning(text, MAX_LISTED).0.into(),
            Err(_) => {
                let listed = bytes.get(..MAX_LISTED).unwrap_or(bytes);
                record[format!("{name}_base64")] = data_encoding::BASE64.encode(listed).into();
            }
        }
        if bytes.len() > MAX_LISTED {
            record[format!("{name}_bytes")] = bytes.len().into();
            let url = format!("/__sandbox/requests/{}/{name}", self.id());
            record[format!("{name}_url")] = url.into();
        }
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest")
            .field("id", &self.id)
            .field("received_at", &self.parts.received_at)
            .field("service", &self.parts.service)
            .field("operation", &self.parts.operation)
            .field("method", &self.parts.method)
            .field("body_bytes", &self.parts.body.len())
            .field("verdict", &self.parts.verdict)
            .field("status", &self.parts.status)
            .finish_non_exhaustive()
    }
}
