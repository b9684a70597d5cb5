//! JSON as fields, of which nothing is lost silently.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::repairs::{Repair, Repairs};
use super::{Unreadable, json};

/// How serde_json hands a number over where a program turns its `arbitrary_precision` on.
const NUMBER: &str = "$serde_json::private::Number";

/// What was read, and how.
#[derive(Debug)]
#[non_exhaustive]
pub struct Document {
    /// The value; of equal keys the first.
    pub value: Value,
    /// What was repaired.
    pub repairs: Repairs,
    /// On the first level, the values of equal keys that do not count.
    pub others: Vec<(String, Value)>,
    /// The JSON that the value was read from, where it is not what arrived.
    pub text: Option<String>,
}

/// What is seen on the way.
#[derive(Default)]
struct Seen {
    equal_keys: bool,
    /// A number that is held as a float, and may have had more digits.
    floats: bool,
    others: Vec<(String, Value)>,
}

impl Document {
    /// Reads what needs no repair. Equal keys need none: they are read as they are.
    pub(super) fn strict(text: &str) -> Result<Self, ()> {
        let (value, seen) = parse(text).map_err(|_| ())?;
        if seen.floats && json::has_long_number(text.as_bytes()) {
            return Err(());
        }
        Ok(Self::new(value, seen, None, Repairs::NONE))
    }

    /// Repairs the text first.
    pub(super) fn repaired(text: &str, mut repairs: Repairs) -> Result<Self, Unreadable> {
        let repaired = json::repair(text, &mut repairs);
        match parse(&repaired) {
            Ok((value, seen)) => {
                let changed = !repairs.is_empty();
                Ok(Self::new(value, seen, changed.then_some(repaired), repairs))
            }
            Err(_) if json::is_deep(&repaired) => Err(Unreadable::TooDeep),
            Err(error) => Err(Unreadable::Json(error)),
        }
    }

    fn new(value: Value, seen: Seen, text: Option<String>, mut repairs: Repairs) -> Self {
        if seen.equal_keys {
            repairs.add(Repair::EqualKeys);
        }
        Self {
            value,
            repairs,
            others: seen.others,
            text,
        }
    }
}

fn parse(text: &str) -> Result<(Value, Seen), serde_json::Error> {
    let mut seen = Seen::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node {
        seen: &mut seen,
        top: true,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, seen))
}

/// Reads a value, of equal keys the first, and whether there were any.
pub(crate) fn first_counts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(Value, Repairs), D::Error> {
    let mut seen = Seen::default();
    let node = Node {
        seen: &mut seen,
        top: false,
    };
    let value = node.deserialize(deserializer)?;
    let mut repairs = Repairs::NONE;
    if seen.equal_keys {
        repairs.add(Repair::EqualKeys);
    }
    Ok((value, repairs))
}

/// A `Value`, read as serde_json reads its own, but for equal keys.
struct Node<'s> {
    seen: &'s mut Seen,
    top: bool,
}

impl Node<'_> {
    fn below(&mut self) -> Node<'_> {
        Node {
            seen: self.seen,
            top: false,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        self.seen.floats = true;
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.below())? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.below())?;
            if key == NUMBER
                && map.is_empty()
                && let Some(number) = value
                    .as_str()
                    .and_then(|digits| digits.parse::<Number>().ok())
            {
                return Ok(number.into());
            }
            match map.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(entry) => {
                    self.seen.equal_keys = true;
                    if self.top {
                        self.seen.others.push((entry.key().clone(), value));
                    }
                }
            }
        }
        Ok(map.into())
    }
}
