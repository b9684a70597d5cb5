//! The trait of all event enums.

use std::fmt;

use nxcloud_client::Repairs;
use nxcloud_client::codegen::Redact as _;
use nxcloud_client::codegen::{Map, Value};
use serde::Serialize;

use crate::fields::{self, Expected, ParseError, RawPush};
use crate::idempotency::IdempotencyKey;
use crate::push::{EventShape, FieldShape, Push, Reply, Transport};
use crate::verify::DEFAULT_BODY_LIMIT;

/// The events of a service. Each service has one generated enum that implements it.
pub trait Event: Clone + fmt::Debug + Serialize + Send + Sync + Sized + 'static {
    /// Name of the service, such as `sms`.
    const SERVICE: &'static str;
    /// The `bizType` header of the service's signed pushes.
    const BIZ_TYPE: &'static str;
    /// Every documented push.
    const PUSHES: &'static [Push];
    /// The actions for which the account's own requests to the service are signed.
    #[doc(hidden)]
    const REQUESTS: &'static [&'static str];
    /// The answers that the platform expects.
    const REPLY: Reply;
    /// The transports of all pushes.
    #[doc(hidden)]
    const TRANSPORTS: &'static [Transport];
    /// The names of the top-level fields of all pushes, in every spelling.
    #[doc(hidden)]
    const NAMES: &'static [&'static str];

    /// Reads an event from its fields. Nothing is lost: values that do not match their field stay in `extra`, and fields that match no
    /// push of the service become [`Unrecognized`].
    fn from_fields(fields: Map) -> Self;

    /// A stable key for deduplication. Repeats of an event have the same key; different events have different keys. Returns `None` if the
    /// push lacks a part of the key, or if this kind of push has no key. Treat such a push as new.
    fn idempotency_key(&self) -> Option<IdempotencyKey>;

    /// The name of the push, or `None` if it is not recognised. Pushes with the same fields share the name of the first one.
    fn push_name(&self) -> Option<&'static str>;

    /// The repairs that were needed to read the push; usually none.
    fn repairs(&self) -> Repairs;

    #[doc(hidden)]
    fn repairs_mut(&mut self) -> &mut Repairs;

    /// Reads a push from its content type, the query of its URL and its body. Query and body together may have at most
    /// [`DEFAULT_BODY_LIMIT`] bytes.
    ///
    /// This function verifies nothing. Use a [`Receiver`](crate::Receiver), or call a [`Verifier`](crate::Verifier) first.
    /// [`repairs`](Self::repairs) lists the repairs; refuse a signed push with equal keys.
    ///
    /// # Errors
    ///
    /// [`ParseError`], if no fields can be read. A field that is missing, null, unknown or of another type is not an error.
    fn parse(
        content_type: Option<&str>,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Self, ParseError> {
        let raw = RawPush {
            content_type,
            content_encoding: None,
            query,
            body,
            limit: DEFAULT_BODY_LIMIT,
            signed: false,
        };
        parse_raw(Self::TRANSPORTS, &raw)
    }
}

/// [`Event::parse`] for a push with all its details, and with a choice of transports.
pub(crate) fn parse_raw<E: Event>(
    transports: &[Transport],
    raw: &RawPush<'_>,
) -> Result<E, ParseError> {
    let expected = Expected {
        transports,
        names: E::NAMES,
    };
    let (fields, repairs) = fields::read(&expected, raw)?;
    let mut event = E::from_fields(fields);
    event.repairs_mut().extend(repairs);
    Ok(event)
}

/// A push that matches no documented push of the service.
///
/// `Debug` prints no names and no values.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Unrecognized {
    /// Its fields. In a form, every value is a string.
    pub fields: Map,
    /// The repairs that were needed to read it; usually none. They are not serialised.
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

/// Finds the event type that matches the fields best, and returns its index in the list.
///
/// A type qualifies if one of its identifying fields is present. If several qualify, which is possible because pushes share names, the
/// type that knows most of the names wins; of equals, the first.
#[allow(dead_code, reason = "unused without the feature of a service")]
pub(crate) fn recognize(fields: &Map, shapes: &[EventShape]) -> Option<usize> {
    let mut candidates = shapes.iter().enumerate().filter(|(_, shape)| {
        let mut identifying = shape.identifying.iter();
        identifying.any(|name| fields.contains_key(*name))
    });
    let first = candidates.next()?;
    let Some(second) = candidates.next() else {
        return Some(first.0);
    };
    let mut best = (first.0, known_names(fields, first.1.fields));
    for (index, shape) in std::iter::once(second).chain(candidates) {
        let score = known_names(fields, shape.fields);
        if score > best.1 {
            best = (index, score);
        }
    }
    Some(best.0)
}

/// Counts the known names among the fields, at any depth.
#[allow(dead_code, reason = "unused without the feature of a service")]
fn known_names(fields: &Map, shapes: &[FieldShape]) -> usize {
    fields
        .iter()
        .filter_map(|(key, value)| {
            let shape = shapes.iter().find(|shape| shape.name == key)?;
            let below = match value {
                Value::Object(map) => known_names(map, shape.below),
                Value::Array(items) => {
                    let objects = items.iter().filter_map(Value::as_object);
                    objects.map(|map| known_names(map, shape.below)).sum()
                }
                _ => 0,
            };
            Some(1 + below)
        })
        .sum()
}
