//! What to look for in the platform's records when the outcome of a send is unknown.

use std::fmt;

use nxcloud_signing::Timestamp;
use reqwest::Url;
use serde_json::Value;

use crate::Operation;

/// Longer values are cut in `Display` and `Debug`.
const SHOWN: usize = 40;

fn start_of(value: &str) -> &str {
    let end = value.char_indices().nth(SHOWN);
    end.and_then(|(end, _)| value.get(..end)).unwrap_or(value)
}

/// What was sent by a call whose outcome is unknown: enough to find the message in the platform's records and receipts before
/// it is sent again. It holds no phone number and no text.
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
            write!(f, "{separator}{name} {}", start_of(value).escape_debug())?;
            separator = ", ";
        }
        Ok(())
    }
}
