//! The result of each attempt.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::Transport;
use crate::platform::text::shorten;

/// Texts of a push are cut at this size.
const MAX_TEXT: usize = 64 * 1024;

/// One attempt to send a push.
///
/// `Debug` omits the address and the fields: they contain phone numbers, texts, and secrets in URLs.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its number among the attempts of the sandbox, from 1. Numbers are unique.
    pub id: u64,
    /// The time of the attempt, in milliseconds since 1970-01-01 UTC by the sandbox's clock.
    pub at: u64,
    /// The [`id`](crate::ReceivedRequest::id) of the request that the push follows or belongs to.
    pub request: Option<u64>,
    /// Name of the push, such as `sms_receipt`.
    pub push: String,
    /// Name of the service, such as `sms`.
    pub service: String,
    /// The address as set.
    pub url: String,
    /// Number of the attempt for this push, from 1.
    pub attempt: u32,
    /// The documented time between the first attempt and this one. The actual pause is that of
    /// [`Pushes::retry_pause`](super::Pushes::retry_pause).
    pub after: Duration,
    /// The fields.
    pub fields: serde_json::Value,
    /// The five signed headers, if the push is signed.
    pub headers: Vec<(String, String)>,
    /// The result.
    pub outcome: DeliveryOutcome,
    /// The transport.
    pub content: Transport,
    /// The account whose secret signs the push, if it is signed.
    pub(crate) access_key: String,
    pub(crate) action: Option<String>,
    /// The entry of the request that the push is about, from 0.
    pub(crate) entry: usize,
}

impl Delivery {
    /// The data of an event: without address and fields.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "id": self.id,
            "at": self.at,
            "service": self.service,
            "push": self.push,
            "attempt": self.attempt,
            "request": self.request,
            "entry": self.entry,
            "outcome": self.outcome.name(),
        })
    }

    /// The attempt as JSON. Long texts are cut.
    pub(crate) fn to_json(&self) -> Value {
        let mut delivery = self.summary();
        delivery["url"] = self.url.as_str().into();
        delivery["after_seconds"] = self.after.as_secs().into();
        let mut fields = self.fields.clone();
        if shorten(&mut fields, MAX_TEXT) {
            delivery["cut"] = true.into();
        }
        delivery["fields"] = fields;
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().into()));
        delivery["headers"] = Value::Object(headers.collect());
        match &self.outcome {
            DeliveryOutcome::Refused { status, body } => {
                delivery["status"] = (*status).into();
                delivery["answer"] = body.as_str().into();
            }
            DeliveryOutcome::Failed { reason } => delivery["reason"] = reason.as_str().into(),
            DeliveryOutcome::Accepted | DeliveryOutcome::NotSent => {}
        }
        delivery
    }
}

impl DeliveryOutcome {
    /// A short name for programs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::NotSent => "not-sent",
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("request", &self.request)
            .field("push", &self.push)
            .field("service", &self.service)
            .field("attempt", &self.attempt)
            .field("after", &self.after)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// The result of an attempt.
///
/// `Debug` omits the receiver's text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The receiver gave the reply that the reference requires.
    Accepted,
    /// The receiver gave another reply.
    Refused {
        /// HTTP status.
        status: u16,
        /// The text of the reply, at most 64 KiB.
        body: String,
    },
    /// There was no reply.
    Failed {
        /// The error of the connection.
        reason: String,
    },
    /// Nothing was sent: only `http://` addresses of this machine are allowed.
    NotSent,
}

impl fmt::Debug for DeliveryOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("Accepted"),
            Self::Refused { status, .. } => f
                .debug_struct("Refused")
                .field("status", status)
                .finish_non_exhaustive(),
            Self::Failed { reason } => f.debug_struct("Failed").field("reason", reason).finish(),
            Self::NotSent => f.write_str("NotSent"),
        }
    }
}

/// A push could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// No spec has a push of this name.
    #[error("no spec has a push {0}: check the name")]
    UnknownPush(String),
    /// Several services have a push of this name: write `SERVICE/NAME`.
    #[error("several services have a push {0}: write SERVICE/{0}")]
    AmbiguousPush(String),
    /// The push has no example of this name.
    #[error("the push has no example {0}: use one of its spec")]
    UnknownExample(String),
    /// The push does not have this transport.
    #[error("the reference does not document this transport for the push: use another")]
    UnknownContent,
    /// No address is set for the push: neither in the request nor with [`Pushes::send_to`](super::Pushes::send_to).
    #[error("no address is set for the push: set one")]
    NoAddress,
    /// No account of the sandbox has this access key.
    #[error("no account has the access key {0}: add the account")]
    UnknownAccessKey(String),
    /// The push is signed, and the sandbox has no account. A sandbox with a token has only the accounts of
    /// [`Builder::account`](crate::Builder::account).
    #[error("the push is signed and the sandbox has no account: add one")]
    NoAccount,
    /// The dotted path of a field has too many steps.
    #[error("the path of a field has more than {max} steps: use fewer dots")]
    DeepField {
        /// The maximum number of steps.
        max: usize,
    },
    /// The push does not have this `action`.
    #[error("the push has no action {0}: use one of its spec")]
    UnknownAction(String),
    /// The request that the push follows has no entry of this number.
    #[error("the request has no entry {0}: count from 0")]
    UnknownEntry(usize),
    /// The log has no attempt of this number.
    #[error("the log has no attempt {0}: see the ids in the log")]
    UnknownDelivery(u64),
}
