//! What the reference says of each push.

use std::time::Duration;

/// How the fields of a push travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// A JSON object in the body.
    Json,
    /// `application/x-www-form-urlencoded` in the body.
    Form,
    /// The query string of a POST without a body.
    Query,
}

/// How often the platform tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Retry {
    /// Time between two attempts.
    pub every: Duration,
    /// Time after which the platform gives up.
    pub within: Duration,
}

/// What the platform wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Reply {
    /// Text of an accepted push; empty where only HTTP 200 counts.
    pub success: &'static str,
    /// Text of a push that was not accepted, sent with HTTP 200; `None` where another HTTP status says so.
    pub error: Option<&'static str>,
}

/// A documented push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Push {
    /// Its name, as in the spec: `sms_receipt`.
    pub name: &'static str,
    /// Whether the platform signs it.
    pub signed: bool,
    /// How its fields may travel.
    pub transports: &'static [Transport],
    /// The `action` headers that it may be signed for.
    pub actions: &'static [&'static str],
    /// The documented retry rule, if there is one.
    pub retry: Option<Retry>,
    /// The fields that together tell a repeat from another event, as dotted paths of wire names; `[]` after each element of a list.
    /// Empty where the push has nothing that tells.
    pub idempotency_key: &'static [&'static str],
}

impl Retry {
    #[allow(dead_code, reason = "not every set of services has such a rule")]
    pub(crate) const fn seconds(every: u64, within: u64) -> Self {
        Self {
            every: Duration::from_secs(every),
            within: Duration::from_secs(within),
        }
    }
}

/// What distinguishes one type of event from the others of its service.
#[derive(Debug)]
#[allow(dead_code, reason = "without a service nothing uses it")]
pub(crate) struct EventShape {
    /// A push with one of these fields on its first level is of this type, unless another fits better.
    pub(crate) identifying: &'static [&'static str],
    /// All fields.
    pub(crate) fields: &'static [FieldShape],
}

/// A field of a type of event.
#[derive(Debug)]
#[allow(dead_code, reason = "without a service nothing uses it")]
pub(crate) struct FieldShape {
    /// Wire name.
    pub(crate) name: &'static str,
    /// The fields below it.
    pub(crate) below: &'static [FieldShape],
}
