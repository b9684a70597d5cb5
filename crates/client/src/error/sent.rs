//! What a send with an unknown outcome sent.

use std::fmt;

use nxcloud_signing::Timestamp;
use reqwest::Url;
use serde_json::Value;

use crate::Operation;

/// `Display` and `Debug` truncate longer values to this many characters.
const MAX_CHARS: usize = 40;

fn truncated(value: &str) -> &str {
    let end = value.char_indices().nth(MAX_CHARS);
    end.and_then(|(end, _)| value.get(..end)).unwrap_or(value)
}

/// What a call with an unknown outcome sent: enough to find the message in the platform's records and receipts before sending it
/// again. It contains no phone number and no message text.
#[derive(Clone)]
pub struct Sent {
    operation: &'static Operation,
    timestamps: Vec<u64>,
    ids: Vec<(&'static str, String)>,
}

impl Sent {
    pub(crate) fn new(
        operation: &'static Operation,
        timestamps: impl Iterator<Item = Timestamp>,
        url: &Url,
        body: &[u8],
    ) -> Self {
        let body: Option<Value> = serde_json::from_slice(body).ok();
        let in_query = |name: &str| {
            let mut pairs = url.query_pairs();
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
            timestamps: timestamps.filter_map(|ts| ts.millis()).collect(),
            ids: ids.collect(),
        }
    }

    /// The operation id: `send_sms`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation.id
    }

    /// The `ts` of each attempt that the platform may have acted on, in milliseconds since 1970-01-01 UTC. There is more than one only
    /// with [`repeat_unknown_sends`](crate::RetryPolicy::repeat_unknown_sends). `AntBuddy` requests have none.
    #[must_use]
    pub fn timestamps(&self) -> &[u64] {
        &self.timestamps
    }

    /// The ids in the request, by wire name: `sysMessageId`, `batchNo`, `customerBindId` and every other field that the spec marks as
    /// public.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.ids.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The id with this wire name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<&str> {
        self.ids()
            .find_map(|(id_name, value)| (id_name == name).then_some(value))
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({}: {self})", self.operation())
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
            write!(f, "{separator}{name} {}", truncated(value).escape_debug())?;
            separator = ", ";
        }
        Ok(())
    }
}
