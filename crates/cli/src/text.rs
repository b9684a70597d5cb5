//! Text and JSON that come in from files, standard input and flags.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::failure::Failure;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// The bytes of a file, or those of standard input for `-`.
pub(crate) fn read(from: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| Failure::io(from, &error);
    if from != "-" {
        return fs::read(from).map_err(failed);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Bytes as a text, without a byte order mark; or what is wrong with them.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, String> {
    if let Some(encoding) = wide_encoding(bytes) {
        return Err(format!(
            "is {encoding}; convert it to UTF-8, for example with iconv"
        ));
    }
    std::str::from_utf8(without_mark(bytes)).map_err(|error| {
        format!(
            "is not UTF-8 (byte {}); convert it to UTF-8, for example with iconv",
            error.valid_up_to() + 1
        )
    })
}

pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK).unwrap_or(bytes)
}

/// The encoding of a text whose characters take two or four bytes, told by its mark or by the zeros of its first characters.
pub(crate) fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [1..=0xff, 0, 0, 0, ..] => Some("UTF-32 (little-endian)"),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=0xff, ..] => Some("UTF-32 (big-endian)"),
        [0xff, 0xfe, 1..=0xff, 0, ..] | [1..=0xff, 0, 1..=0xff, 0, ..] => {
            Some("UTF-16 (little-endian)")
        }
        [0xfe, 0xff, 0, 1..=0xff, ..] | [0, 1..=0xff, 0, 1..=0xff, ..] => {
            Some("UTF-16 (big-endian)")
        }
        _ => None,
    }
}

/// Why a text is not taken as JSON: the place, never the value.
#[derive(Debug)]
pub(crate) struct NotJson {
    line: usize,
    column: usize,
    /// An object holds a key twice, and nobody can tell which one is meant.
    twice: bool,
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            twice,
        } = self;
        let problem = if *twice {
            "holds a key twice"
        } else {
            "is not JSON"
        };
        write!(f, "{problem}: line {line} column {column}")
    }
}

/// Reads JSON without losing anything: a number that 64 bits cannot hold becomes a text of its digits, equal keys are refused.
pub(crate) fn json(text: &str) -> Result<Value, NotJson> {
    let quoted = with_long_numbers_quoted(text);
    let lossless: Result<Lossless, _> = serde_json::from_str(&quoted);
    lossless.map(|Lossless(value)| value).map_err(|error| {
        let twice = error.classify() == serde_json::error::Category::Data;
        // Added quotes would move the place.
        let found = serde_json::from_str::<IgnoredAny>(text).err();
        let error = found.unwrap_or(error);
        NotJson {
            line: error.line(),
            column: error.column(),
            twice,
        }
    })
}

/// A text in which every number that 64 bits cannot hold exactly stands in quotes.
pub(crate) fn with_long_numbers_quoted(text: &str) -> Cow<'_, str> {
    let mut quoted = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' => at += 1,
            b'-' | b'0'..=b'9' if !in_string => {
                let rest = text.get(at..).unwrap_or_default();
                let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let number = &rest[..length];
                if !fits_64_bits(number) && serde_json::from_str::<IgnoredAny>(number).is_ok() {
                    quoted.push_str(&text[copied..at]);
                    quoted.extend(["\"", number, "\""]);
                    copied = at + length;
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    quoted.push_str(&text[copied..]);
    Cow::Owned(quoted)
}

/// Whether a number keeps its value in an integer or a float of 64 bits.
pub(crate) fn fits_64_bits(number: &str) -> bool {
    // The usual case; 15 digits always fit.
    if number.len() <= 15 && !number.contains(['e', 'E']) {
        return true;
    }
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    // As the JSON reader takes it, which may miss the nearest float.
    number.contains(['.', 'e', 'E'])
        && serde_json::from_str(number).is_ok_and(|float: f64| {
            digits_and_exponent(number) == digits_and_exponent(&format!("{float:e}"))
        })
}

/// The digits of a number without zeros around them, and its power of ten: two numbers are equal if these are.
fn digits_and_exponent(number: &str) -> (String, i64) {
    let unsigned = number.trim_start_matches('-');
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse().unwrap_or(i64::MAX / 2);
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX / 4)
        - i64::try_from(digits.len() - significant.len()).unwrap_or(0);
    let significant = significant.trim_end_matches('0');
    if significant.is_empty() {
        return (String::new(), 0);
    }
    (significant.to_owned(), exponent + point)
}

/// A JSON value in which no object holds a key twice.
struct Lossless(Value);

impl<'de> Deserialize<'de> for Lossless {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(Lossless(item)) = access.next_element()? {
                    items.push(item);
                }
                Ok(items.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut members = Map::new();
                while let Some(name) = access.next_key::<String>()? {
                    let Lossless(value) = access.next_value()?;
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a key stands twice"));
                    }
                }
                Ok(members.into())
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
