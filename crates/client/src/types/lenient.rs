//! Lenient decoding of replies and pushes, which often differ from their documentation.
//!
//! A reply or push is first read into a map. Each field then takes its value out of the map *if the value fits*. Values that do not fit
//! (null, an empty object, text in place of a number) and undocumented fields stay in the map, which becomes `extra` and is serialised
//! again. So every object decodes, and nothing is lost.

use std::collections::BTreeMap;

use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde::ser::Serializer;
pub use serde_json::Value;

use crate::incoming::first_counts;
use crate::{Decimal, Repairs};

/// A JSON object, as kept in the `extra` field of replies and pushes.
pub type Map = serde_json::Map<String, Value>;

/// The type of a field of a reply.
pub trait Lenient: Sized {
    /// Whether [`convert`](Self::convert) returns a value.
    fn accepts(value: &Value) -> bool;

    /// Converts a JSON value; `None` if it does not fit.
    fn convert(value: Value) -> Option<Self>;
}

/// An object of a reply or push. Implemented by generated code.
pub trait LenientObject: Sized {
    /// The field that receives the items if the reply is a bare array instead of an object.
    const LIST: Option<&'static str> = None;

    /// Takes the values that fit; the rest becomes `extra`.
    fn from_map(map: Map) -> Self;

    /// The repairs that were needed to read the object.
    fn repairs(&self) -> Repairs;

    /// Mutable access to [`repairs`](Self::repairs).
    fn repairs_mut(&mut self) -> &mut Repairs;

    /// Records that the reply was a bare array. It is serialised as one.
    #[must_use]
    fn came_as_list(self) -> Self {
        self
    }
}

impl<T: LenientObject> Lenient for T {
    fn accepts(value: &Value) -> bool {
        value.is_object() || (T::LIST.is_some() && value.is_array())
    }

    fn convert(value: Value) -> Option<Self> {
        match (value, T::LIST) {
            (Value::Object(map), _) => Some(T::from_map(map)),
            (list @ Value::Array(_), Some(field)) => {
                Some(T::from_map(Map::from_iter([(field.to_owned(), list)])).came_as_list())
            }
            _ => None,
        }
    }
}

/// Takes the value of a key, if it fits.
pub fn take<T: Lenient>(map: &mut Map, key: &str) -> Option<T> {
    if map.get(key).is_some_and(T::accepts) {
        map.remove(key).and_then(T::convert)
    } else {
        None
    }
}

/// The spellings that a reply used, if the platform has several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireNames {
    fields: Vec<(&'static str, &'static str)>,
    list: bool,
}

impl WireNames {
    /// Records that the reply was a bare array.
    pub fn set_list(&mut self) {
        self.list = true;
    }

    /// Whether the reply was a bare array.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.list
    }

    /// The spelling that the reply used for the field with this documented name.
    #[must_use]
    pub fn of(&self, name: &'static str) -> &'static str {
        let field = self.fields.iter().find(|(field, _)| *field == name);
        field.map_or(name, |(_, spelling)| spelling)
    }
}

/// Takes the value of the first spelling that fits, and records which one it was. The first spelling is the documented name.
pub fn take_spelled<T: Lenient>(
    map: &mut Map,
    spellings: &[&'static str],
    names: &mut WireNames,
) -> Option<T> {
    let name = spellings.first()?;
    spellings.iter().find_map(|key| {
        let value = take(map, key)?;
        if key != name {
            names.fields.push((name, key));
        }
        Some(value)
    })
}

/// Takes a nested object, list or map. If it is absent, null or empty, it stays in the map, and the result is the default.
pub fn take_filled<T: Lenient + Default>(map: &mut Map, key: &str) -> T {
    let filled = match map.get(key) {
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    if filled { take(map, key) } else { None }.unwrap_or_default()
}

/// Whether a value is its type's default and need not be serialised. Called by generated code.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Serialises a whole number as a string. Called by generated code.
///
/// # Errors
///
/// Those of the serializer.
pub fn quoted<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Like [`quoted`], for an optional field.
///
/// # Errors
///
/// Those of the serializer.
pub fn quoted_option<S: Serializer>(
    number: &Option<i64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => quoted(number, serializer),
        None => serializer.serialize_none(),
    }
}

/// Deserialises a whole number from a number or a string. Called by generated code.
///
/// # Errors
///
/// Those of the deserializer, and a value that is not a whole number.
pub fn unquoted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    i64::convert(value)
        .ok_or_else(|| D::Error::custom("expected a whole number or a string of one"))
}

/// Like [`unquoted`], for an optional field.
///
/// # Errors
///
/// Those of the deserializer, and a value that is not a whole number.
pub fn unquoted_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    unquoted(deserializer).map(Some)
}

impl Lenient for String {
    fn accepts(value: &Value) -> bool {
        matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
    }

    fn convert(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }
}

/// A whole number, sent as a number or as a string.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A float without a fraction, within the range in which floats are exact.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and in range"
    )]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// Whether a text is a known code. Surrounding spaces and leading zeros do not count. Called by generated code.
#[must_use]
pub fn is_same_code(known: &str, other: &str) -> bool {
    let other = other.trim();
    let number = || other.parse().ok().or_else(|| whole(other.parse().ok()?));
    other == known
        || known
            .parse::<i64>()
            .is_ok_and(|known| number() == Some(known))
}

impl Lenient for i64 {
    fn accepts(value: &Value) -> bool {
        integer(value).is_some()
    }

    fn convert(value: Value) -> Option<Self> {
        integer(&value)
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

impl Lenient for f64 {
    fn accepts(value: &Value) -> bool {
        float(value).is_some()
    }

    fn convert(value: Value) -> Option<Self> {
        float(&value)
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

impl Lenient for bool {
    fn accepts(value: &Value) -> bool {
        flag(value).is_some()
    }

    fn convert(value: Value) -> Option<Self> {
        flag(&value)
    }
}

impl Lenient for Decimal {
    fn accepts(value: &Value) -> bool {
        Decimal::from_json(value).is_some()
    }

    fn convert(value: Value) -> Option<Self> {
        Decimal::from_json(&value)
    }
}

impl Lenient for Value {
    fn accepts(value: &Value) -> bool {
        !value.is_null()
    }

    fn convert(value: Value) -> Option<Self> {
        Some(value)
    }
}

impl<T: Lenient> Lenient for Vec<T> {
    fn accepts(value: &Value) -> bool {
        value
            .as_array()
            .is_some_and(|items| items.iter().all(T::accepts))
    }

    fn convert(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(T::convert).collect(),
            _ => None,
        }
    }
}

impl<T: Lenient> Lenient for BTreeMap<String, T> {
    fn accepts(value: &Value) -> bool {
        value
            .as_object()
            .is_some_and(|map| map.values().all(T::accepts))
    }

    fn convert(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| Some((key, T::convert(value)?)))
                .collect(),
            _ => None,
        }
    }
}

/// Deserialises a record. If a key is repeated, the first value counts. Called by [`record_deserialize`](crate::record_deserialize).
///
/// # Errors
///
/// Those of the deserializer, and a value that is not an object.
pub fn record<'de, D: Deserializer<'de>, T: LenientObject>(deserializer: D) -> Result<T, D::Error> {
    let (value, repairs) = first_counts(deserializer)?;
    let mut record = T::convert(value).ok_or_else(|| D::Error::custom("expected a JSON object"))?;
    record.repairs_mut().extend(repairs);
    Ok(record)
}

/// Implements `Deserialize` for a [`LenientObject`]. Used by generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! record_deserialize {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::codegen::record(deserializer)
            }
        }
    )*};
}
