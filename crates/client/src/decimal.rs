//! Prices and coordinates: decimal digits as the platform wrote them.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// A decimal number that keeps its digits, and whether the platform put it in quotes.
///
/// Quoted digits are kept to the letter (`"0.9230"` stays `0.9230`). A bare JSON number goes through a 64-bit float, which loses
/// trailing zeros; one with more digits than that holds is kept as if it had been quoted. Two values are equal when their digits
/// are: `1.0` and `1.00` differ.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: String,
    quoted: bool,
}

/// The text is not a decimal number such as `-12.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDecimal;

impl fmt::Display for NotDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a decimal number; write digits with an optional sign and point, such as -12.50",
        )
    }
}

impl std::error::Error for NotDecimal {}

impl Decimal {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The nearest 64-bit float; for display and rough sums, not for money.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.digits.parse().unwrap_or(f64::NAN)
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self {
                digits: number.to_string(),
                quoted: false,
            }),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Makes the quoted form, as most services send it.
impl FromStr for Decimal {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let text = text.trim();
        let number_like = text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        match text.parse::<f64>() {
            Ok(number) if number_like && number.is_finite() => Ok(Self {
                digits: text.to_owned(),
                quoted: true,
            }),
            _ => Err(NotDecimal),
        }
    }
}

/// Makes the unquoted form.
impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self {
            digits: number.to_string(),
            quoted: false,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.digits)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Digits that came bare are a JSON number already, so they parse; should they not, quoting them loses nothing.
        match self.digits.parse::<Number>() {
            Ok(number) if !self.quoted => number.serialize(serializer),
            _ => serializer.serialize_str(&self.digits),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_json(&value).ok_or_else(|| D::Error::custom(NotDecimal))
    }
}
