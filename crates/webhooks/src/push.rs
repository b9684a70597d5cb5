//! The documentation of each push as data.

use std::time::Duration;

/// How the fields of a push are transported.
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

/// How often the platform repeats a push that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Retry {
    /// Time between two attempts.
    pub every: Duration,
    /// Time after which the platform gives up.
    pub within: Duration,
}

/// The answers that the platform expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Reply {
    /// Text for an accepted push. Empty if HTTP 200 is enough.
    pub success: &'static str,
    /// Text for a push that is not accepted, sent with HTTP 200. `None` if another HTTP status is sent instead.
    pub error: Option<&'static str>,
}

/// A documented push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Push {
    /// Its name in the spec, such as `sms_receipt`.
    pub name: &'static str,
    /// Whether the platform signs it.
    pub signed: bool,
    /// How its fields can be transported.
    pub transports: &'static [Transport],
    /// The `action` headers with which it can be signed.
    pub actions: &'static [&'static str],
    /// The documented retry rule, if there is one.
    pub retry: Option<Retry>,
    /// The fields that together identify an event, as dotted paths of wire names. `[]` after a name stands for each element of a list.
    /// Empty if the push has no such fields.
    pub idempotency_key: &'static [&'static str],
}

impl Retry {
    #[allow(dead_code, reason = "not every set of services has a retry rule")]
    pub(crate) const fn seconds(every: u64, within: u64) -> Self {
        Self {
            every: Duration::from_secs(every),
            within: Duration::from_secs(within),
        }
    }
}

/// The fields of an event type, from which a push is recognised.
#[derive(Debug)]
#[allow(dead_code, reason = "unused without the feature of a service")]
pub(crate) struct EventShape {
    /// A push with one of these top-level fields is of this type, unless another type matches better.
    pub(crate) identifying: &'static [&'static str],
    /// All fields.
    pub(crate) fields: &'static [FieldShape],
}

/// A field of an event type.
#[derive(Debug)]
#[allow(dead_code, reason = "unused without the feature of a service")]
pub(crate) struct FieldShape {
    /// Wire name.
    pub(crate) name: &'static str,
    /// The fields of its objects.
    pub(crate) below: &'static [FieldShape],
}
