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
#[non_exhaustive]
pub struct NotDecimal;

impl fmt::Display for NotDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a decimal number; write digits, a minus sign in front and a point between them if need be, such as -12.50",
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

    /// What a reply may hold: also forms that no request may have, such as `.5` and `1e2`, which keep their digits.
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

/// Makes the quoted form, as most services send it: digits, at most one minus sign in front and one point between them.
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
        let decimal = Self::from_json(&value).ok_or_else(|| D::Error::custom(NotDecimal))?;
        // A request is held to the rule.
        decimal.digits.parse::<Self>().map_err(D::Error::custom)?;
        Ok(decimal)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_takes_digits_around_one_point_and_a_reply_every_number() {
        for good in ["0", "7.05", "-0.0350", "12", " 12 "] {
            assert_eq!(good.parse::<Decimal>().unwrap().as_str(), good.trim());
            assert!(serde_json::from_value::<Decimal>(json!(good)).is_ok());
        }
        for lenient in [".5", "5.", "+1", "1e2", "1E-3"] {
            assert_eq!(lenient.parse::<Decimal>(), Err(NotDecimal), "{lenient}");
            assert!(serde_json::from_value::<Decimal>(json!(lenient)).is_err());
            let replied = Decimal::from_json(&json!(lenient)).unwrap();
            assert_eq!(serde_json::to_value(replied).unwrap(), lenient);
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
