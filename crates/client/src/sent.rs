//! What is known of a request that left: whether it left at all, and what to look for on the other side.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use nxcloud_signing::Timestamp;
use reqwest::{Body, Request};
use serde_json::Value;

use crate::Operation;
use crate::call::Call;

/// Longer values are cut in `Display`.
const SHOWN: usize = 64;

/// What was sent by a call whose outcome is unknown: enough to find the message in the platform's records and receipts before
/// it is sent again. It holds no phone number and no text.
#[derive(Clone, Debug)]
pub struct Sent {
    operation: &'static Operation,
    timestamps: Vec<u64>,
    ids: Vec<(&'static str, String)>,
}

impl Sent {
    pub(crate) fn new(
        operation: &'static Operation,
        timestamps: &[Timestamp],
        request: Option<&Request>,
    ) -> Self {
        let body = request.and_then(Request::body).and_then(Body::as_bytes);
        let body: Option<Value> = body.and_then(|body| serde_json::from_slice(body).ok());
        let in_query = |name: &str| {
            let mut pairs = request?.url().query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        let in_body = |name: &str| match body.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let ids = operation.public_fields.iter().filter_map(|name| {
            let value = in_body(name).or_else(|| in_query(name))?;
            Some((*name, value))
        });
        Self {
            operation,
            timestamps: timestamps.iter().filter_map(Timestamp::millis).collect(),
            ids: ids.collect(),
        }
    }

    /// The operation id: `send_sms`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation.id
    }

    /// The `ts` of each attempt that the platform may have acted on, in milliseconds since 1970-01-01 UTC by the platform's
    /// clock as far as it is known. More than one only if repeating was asked for. `AntBuddy` requests have none.
    #[must_use]
    pub fn timestamps(&self) -> &[u64] {
        &self.timestamps
    }

    /// The ids of the request by their wire names (`sysMessageId`, `batchNo`, `customerBindId`, …), those that were given: every
    /// field that the spec calls public.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.ids.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// One of these ids.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<&str> {
        self.ids()
            .find_map(|(known, value)| (known == name).then_some(value))
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for ts in &self.timestamps {
            write!(f, "{separator}ts {ts}")?;
            separator = ", ";
        }
        for (name, value) in self.ids() {
            let shown: String = value.chars().take(SHOWN).collect();
            write!(f, "{separator}{name} {}", shown.escape_debug())?;
            separator = ", ";
        }
        Ok(())
    }
}

/// Watches the body of a request: while it was not taken up for sending, the platform cannot have acted on it. False if there is
/// none to watch; a request without a body leaves unseen.
pub(crate) fn watch(call: &Call, request: &mut Request) -> bool {
    // An empty body is never asked for.
    let empty = |body: &Body| body.size_hint().exact() == Some(0);
    if request.body().is_none_or(empty) {
        return false;
    }
    let Some(body) = request.body_mut().take() else {
        return false;
    };
    call.0.left.store(false, Ordering::Release);
    let call = call.clone();
    *request.body_mut() = Some(Body::wrap(Watched { body, call }));
    true
}

/// A body that notes when it is asked for its bytes.
struct Watched {
    body: Body,
    call: Call,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let this = self.get_mut();
        this.call.0.left.store(true, Ordering::Release);
        Pin::new(&mut this.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
