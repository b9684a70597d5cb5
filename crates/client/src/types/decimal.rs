//! Prices and coordinates: decimal numbers that keep their digits.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// A decimal number. It keeps its digits and whether the platform sent it as a string or as a JSON number.
///
/// A string keeps all its digits (`"0.9230"` stays `0.9230`). A JSON number is read as a 64-bit float, which loses trailing zeros; a
/// number with more digits than a float can hold is kept like a string. Two values are equal if their digits are equal: `1.0` and `1.00`
/// differ.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: String,
    quoted: bool,
}

/// The text is not a decimal number such as `-12.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotDecimal;

impl fmt::Display for NotDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a decimal number; write digits with an optional minus sign and decimal point, such as -12.50",
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

    /// The nearest 64-bit float. Use it for display and estimates, not for money.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.digits.parse().unwrap_or(f64::NAN)
    }

    /// Reads a value of a reply. Accepts more formats than requests do, such as `.5` and `1e2`, and keeps their digits.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self {
                digits: number.to_string(),
                quoted: false,
            }),
            Value::String(text) => Self::lenient(text),
            _ => None,
        }
    }

    fn lenient(text: &str) -> Option<Self> {
        let digits = text.trim();
        let number_like = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        let number = digits.parse::<f64>().ok()?;
        (number_like && number.is_finite()).then(|| Self {
            digits: digits.to_owned(),
            quoted: true,
        })
    }
}

/// Parses digits with an optional leading minus sign and at most one decimal point between them. The value is sent as a string.
impl FromStr for Decimal {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let text = text.trim();
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        if !is_digits(whole) || !is_digits(fraction) {
            return Err(NotDecimal);
        }
        Ok(Self {
            digits: text.to_owned(),
            quoted: true,
        })
    }
}

/// The value is sent as a JSON number.
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
        // Digits from a JSON number parse as a number. If they did not, a string would lose nothing.
        match self.digits.parse::<Number>() {
            Ok(number) if !self.quoted => number.serialize(serializer),
            _ => serializer.serialize_str(&self.digits),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let decimal = Self::from_json(&value).ok_or_else(|| D::Error::custom(NotDecimal))?;
        // Requests accept only the strict format.
        decimal.digits.parse::<Self>().map_err(D::Error::custom)?;
        Ok(decimal)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_strict_and_replies_accept_every_number() {
        for good in ["0", "7.05", "-0.0350", "12", " 12 "] {
            assert_eq!(good.parse::<Decimal>().unwrap().as_str(), good.trim());
            assert!(serde_json::from_value::<Decimal>(json!(good)).is_ok());
        }
        for lenient in [".5", "5.", "+1", "1e2", "1E-3"] {
            assert_eq!(lenient.parse::<Decimal>(), Err(NotDecimal), "{lenient}");
            assert!(serde_json::from_value::<Decimal>(json!(lenient)).is_err());
            let decimal = Decimal::from_json(&json!(lenient)).unwrap();
            assert_eq!(serde_json::to_value(decimal).unwrap(), lenient);
        }
        for bad in [
            "", "-", "--1", "1.2.3", "inf", "NaN", "1e999", "1,5", "１", "0x1",
        ] {
            assert_eq!(bad.parse::<Decimal>(), Err(NotDecimal), "{bad}");
            assert_eq!(Decimal::from_json(&json!(bad)), None, "{bad}");
        }
        assert_eq!(
            serde_json::from_value::<Decimal>(json!(1.5))
                .unwrap()
                .as_str(),
            "1.5"
        );
        assert!(serde_json::from_value::<Decimal>(json!(1e30)).is_err());
    }
}
