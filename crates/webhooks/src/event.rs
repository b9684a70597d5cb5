//! What all enums of events have in common.

use std::fmt;

use nxcloud_client::Repairs;
use nxcloud_client::codegen::Redact as _;
use nxcloud_client::codegen::{Map, Value};
use serde::Serialize;

use crate::fields::{self, Arrived, Expected, ParseError};
use crate::idempotency::IdempotencyKey;
use crate::push::{EventShape, FieldShape, Push, Reply, Transport};
use crate::verify::DEFAULT_BODY_LIMIT;

/// The events of one service. Implemented by the generated enums, one a service.
pub trait Event: Clone + fmt::Debug + Serialize + Send + Sync + Sized + 'static {
    /// Name of the service: `sms`.
    const SERVICE: &'static str;
    /// The `bizType` that signed pushes of the service carry.
    const BIZ_TYPE: &'static str;
    /// Every documented push.
    const PUSHES: &'static [Push];
    /// The actions that the account's own requests to the service are signed for.
    #[doc(hidden)]
    const REQUESTS: &'static [&'static str];
    /// What the platform wants to hear.
    const REPLY: Reply;
    /// The transports of all pushes.
    #[doc(hidden)]
    const TRANSPORTS: &'static [Transport];
    /// The names on the first level of all pushes, in every spelling.
    #[doc(hidden)]
    const NAMES: &'static [&'static str];

    /// The event in fields that were read already. Nothing is lost: what does not fit stays in `extra`, and what is no push of the
    /// service is [`Unrecognized`].
    fn from_fields(fields: Map) -> Self;

    /// A stable key for deduplication: the same for a repeat of the same event, another for every other event. `None` if the push
    /// lacks a part of it, or has nothing that tells; then treat it as new.
    fn idempotency_key(&self) -> Option<IdempotencyKey>;

    /// The name of the push, `None` if it is not recognised. Pushes with the same fields share the name of the first one.
    fn push_name(&self) -> Option<&'static str>;

    /// What was repaired before the push could be read; usually nothing.
    fn repairs(&self) -> Repairs;

    #[doc(hidden)]
    fn repairs_mut(&mut self) -> &mut Repairs;

    /// Reads a push from its content type, the query of its URL and its body, which together take at most
    /// [`DEFAULT_BODY_LIMIT`] bytes.
    ///
    /// It verifies nothing: use [`Receiver`](crate::Receiver), or [`Verifier`](crate::Verifier) before it. What was repaired to read the
    /// push is in [`repairs`](Self::repairs); refuse a signed one with equal keys.
    ///
    /// # Errors
    ///
    /// [`ParseError`], when there are no fields to read. Fields that are missing, null, unknown or of another type are no error.
    fn parse(
        content_type: Option<&str>,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Self, ParseError> {
        let arrived = Arrived {
            content_type,
            content_encoding: None,
            query,
            body,
            limit: DEFAULT_BODY_LIMIT,
            signed: false,
        };
        parse_arrived(Self::TRANSPORTS, &arrived)
    }
}

/// [`Event::parse`] with all that is known of the push, and fewer transports.
pub(crate) fn parse_arrived<E: Event>(
    transports: &[Transport],
    arrived: &Arrived<'_>,
) -> Result<E, ParseError> {
    let expected = Expected {
        transports,
        names: E::NAMES,
    };
    let (fields, repairs) = fields::read(&expected, arrived)?;
    let mut event = E::from_fields(fields);
    event.repairs_mut().extend(repairs);
    Ok(event)
}

/// A push that is none of the service's documented ones, as received.
///
/// `Debug` shows no names and no values.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Unrecognized {
    /// Its fields; of a form every value is text.
    pub fields: Map,
    /// What was repaired before it could be read; usually nothing. It is not written.
    #[serde(skip)]
    pub repairs: Repairs,
}

impl From<Map> for Unrecognized {
    fn from(fields: Map) -> Self {
        Self {
            fields,
            repairs: Repairs::NONE,
        }
    }
}

impl fmt::Debug for Unrecognized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unrecognized")
            .field("fields", &self.fields.redact())
            .finish()
    }
}

/// The type of event that the fields fit best, by its place in the list.
///
/// Only types with an identifying field are considered. Of several the one that knows most names wins, and of equals the first:
/// pushes of one service may share names.
#[allow(dead_code, reason = "without a service nothing uses it")]
pub(crate) fn recognize(fields: &Map, shapes: &[EventShape]) -> Option<usize> {
    let mut candidates = shapes.iter().enumerate().filter(|(_, shape)| {
        let mut identifying = shape.identifying.iter();
        identifying.any(|name| fields.contains_key(*name))
    });
    let first = candidates.next()?;
    let Some(second) = candidates.next() else {
        return Some(first.0);
    };
    let mut best = (first.0, known(fields, first.1.fields));
    for (place, shape) in std::iter::once(second).chain(candidates) {
        let score = known(fields, shape.fields);
        if score > best.1 {
            best = (place, score);
        }
    }
    Some(best.0)
}

/// How many names of the fields, at any depth, are known.
#[allow(dead_code, reason = "without a service nothing uses it")]
fn known(fields: &Map, shapes: &[FieldShape]) -> usize {
    fields
        .iter()
        .filter_map(|(key, value)| {
            let shape = shapes.iter().find(|shape| shape.name == key)?;
            let below = match value {
                Value::Object(map) => known(map, shape.below),
                Value::Array(items) => {
                    let objects = items.iter().filter_map(Value::as_object);
                    objects.map(|map| known(map, shape.below)).sum()
                }
                _ => 0,
            };
            Some(1 + below)
        })
        .sum()
}
