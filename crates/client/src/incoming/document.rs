//! Reads JSON without silently losing anything.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::repairs::{Repair, Repairs};
use super::{Unreadable, json};

/// The key under which serde_json passes a number to a visitor if a program enables `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// A JSON value and how it was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Document {
    /// The value. If a key is repeated, it holds the first value.
    pub value: Value,
    /// The repairs that were needed.
    pub repairs: Repairs,
    /// The later values of repeated keys at the top level.
    pub others: Vec<(String, Value)>,
    /// The JSON text of the value, if it differs from the received text.
    pub text: Option<String>,
}

/// Findings while parsing.
#[derive(Default)]
struct Findings {
    equal_keys: bool,
    /// A number was read as a float and may have had more digits.
    floats: bool,
    others: Vec<(String, Value)>,
}

impl Document {
    /// Reads JSON that needs no repair. Repeated keys are allowed.
    pub(super) fn strict(text: &str) -> Result<Self, ()> {
        let (value, findings) = parse(text).map_err(|_| ())?;
        if findings.floats && json::has_long_number(text.as_bytes()) {
            return Err(());
        }
        Ok(Self::new(value, findings, None, Repairs::NONE))
    }

    /// Repairs and reads JSON.
    pub(super) fn repaired(text: &str, mut repairs: Repairs) -> Result<Self, Unreadable> {
        let repaired = json::repair(text, &mut repairs);
        match parse(&repaired) {
            Ok((value, findings)) => {
                let text = (!repairs.is_empty()).then_some(repaired);
                Ok(Self::new(value, findings, text, repairs))
            }
            Err(_) if json::is_deep(&repaired) => Err(Unreadable::TooDeep),
            Err(error) => Err(Unreadable::Json(error)),
        }
    }

    fn new(value: Value, findings: Findings, text: Option<String>, mut repairs: Repairs) -> Self {
        if findings.equal_keys {
            repairs.add(Repair::EqualKeys);
        }
        Self {
            value,
            repairs,
            others: findings.others,
            text,
        }
    }
}

fn parse(text: &str) -> Result<(Value, Findings), serde_json::Error> {
    let mut findings = Findings::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node {
        findings: &mut findings,
        top: true,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, findings))
}

/// Reads a value, and whether it has repeated keys. The first value of a repeated key counts.
pub(crate) fn first_counts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(Value, Repairs), D::Error> {
    let mut findings = Findings::default();
    let node = Node {
        findings: &mut findings,
        top: false,
    };
    let value = node.deserialize(deserializer)?;
    let mut repairs = Repairs::NONE;
    if findings.equal_keys {
        repairs.add(Repair::EqualKeys);
    }
    Ok((value, repairs))
}

/// Reads a `Value` like serde_json does, except that the first value of a repeated key counts.
struct Node<'f> {
    findings: &'f mut Findings,
    top: bool,
}

impl Node<'_> {
    fn nested(&mut self) -> Node<'_> {
        Node {
            findings: self.findings,
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
        self.findings.floats = true;
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
        while let Some(item) = items.next_element_seed(self.nested())? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.nested())?;
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
                    self.findings.equal_keys = true;
                    if self.top {
                        self.findings.others.push((entry.key().clone(), value));
                    }
                }
            }
        }
        Ok(map.into())
    }
}
