//! Decoding that survives what the platform really sends.
//!
//! A reply or push is read into a map first; each field then takes its value out of the map *if the value fits*. What does
//! not fit (a null, an empty object where an object was documented, a word where a number was) and what nobody documented
//! stays in the map, is kept as `extra`, and comes out again on serialising. So an object always decodes and loses nothing.

use std::collections::BTreeMap;

use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde::ser::Serializer;
pub use serde_json::Value;

use crate::incoming::first_counts;
use crate::{Decimal, Repairs};

/// A JSON object, as kept in the `extra` field of replies and pushes.
pub type Map = serde_json::Map<String, Value>;

/// A type that a field of a reply may have.
pub trait Lenient: Sized {
    /// Whether [`convert`](Self::convert) would find a value.
    fn accepts(value: &Value) -> bool;

    /// The value, or `None` when it does not fit.
    fn convert(value: Value) -> Option<Self>;
}

/// An object of a reply or push; generated code implements it.
pub trait LenientObject: Sized {
    /// The field that receives a reply which is a bare array instead of an object.
    const LIST: Option<&'static str> = None;

    /// Takes from the map what fits; the rest becomes `extra`.
    fn from_map(map: Map) -> Self;

    /// What was repaired before it could be read.
    fn repairs(&self) -> Repairs;

    /// The same, to add to it.
    fn repairs_mut(&mut self) -> &mut Repairs;

    /// Remembers that the reply was a bare array, to be written as one again.
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

/// Takes the value under a key, if it fits.
pub fn take<T: Lenient>(map: &mut Map, key: &str) -> Option<T> {
    if map.get(key).is_some_and(T::accepts) {
        map.remove(key).and_then(T::convert)
    } else {
        None
    }
}

/// How a reply was written, where the platform has several ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireNames {
    fields: Vec<(&'static str, &'static str)>,
    list: bool,
}

impl WireNames {
    /// Remembers that the reply was a bare array.
    pub fn set_list(&mut self) {
        self.list = true;
    }

    /// Whether the reply was a bare array.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.list
    }

    /// The spelling for a field that the reference spells like this.
    #[must_use]
    pub fn of(&self, name: &'static str) -> &'static str {
        let known = self.fields.iter().find(|(field, _)| *field == name);
        known.map_or(name, |(_, spelling)| spelling)
    }
}

/// Takes the first of the spellings whose value fits, and remembers which it was. The first spelling is the field's name.
pub fn take_spelled<T: Lenient>(
    map: &mut Map,
    spellings: &[&'static str],
    memory: &mut WireNames,
) -> Option<T> {
    let name = spellings.first()?;
    spellings.iter().find_map(|key| {
        let value = take(map, key)?;
        if key != name {
            memory.fields.push((name, key));
        }
        Some(value)
    })
}

/// Takes a nested object, list or map; one that is absent, null or empty gives the default and stays where it is.
pub fn take_filled<T: Lenient + Default>(map: &mut Map, key: &str) -> T {
    let filled = match map.get(key) {
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    if filled { take(map, key) } else { None }.unwrap_or_default()
}

/// Whether a value is its type's default, so that it need not be written; generated code calls it.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes a whole number in quotes; generated code calls it.
///
/// # Errors
///
/// Those of the serializer.
pub fn quoted<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// As [`quoted`], for a field that may be absent.
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

/// Reads a whole number, in quotes or not; generated code calls it.
///
/// # Errors
///
/// Those of the deserializer, and a value that is no whole number.
pub fn unquoted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    i64::convert(value).ok_or_else(|| D::Error::custom("expected a whole number, in quotes or not"))
}

/// As [`unquoted`], for a field that may be absent.
///
/// # Errors
///
/// Those of the deserializer, and a value that is no whole number.
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

pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A float with nothing after the point, inside the range where floats are exact.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and in range"
    )]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// Whether a text is a known code, whatever spaces it has around it and zeros before its digits; generated code calls it.
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

/// Reads a record, of equal keys the first; [`record_deserialize`](crate::record_deserialize) calls it.
///
/// # Errors
///
/// Those of the deserializer, and a value that is no object.
pub fn record<'de, D: Deserializer<'de>, T: LenientObject>(deserializer: D) -> Result<T, D::Error> {
    let (value, repairs) = first_counts(deserializer)?;
    let mut record = T::convert(value).ok_or_else(|| D::Error::custom("expected a JSON object"))?;
    record.repairs_mut().extend(repairs);
    Ok(record)
}

/// Gives a [`LenientObject`] the `Deserialize` that goes with it; generated code calls it.
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
