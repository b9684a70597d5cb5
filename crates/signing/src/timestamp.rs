//! The `ts` header.

use core::fmt;
use core::str::FromStr;

use crate::invalid::{Field, InvalidField, Reason};

/// The number of decimal digits of `u64::MAX`.
const MAX_DIGITS: usize = 20;

/// The time of a request in milliseconds since 1970-01-01 UTC, as the digits that are sent and signed.
///
/// The platform rejects a request whose timestamp is more than 60,000 ms away from its own clock. A parsed timestamp keeps its digits,
/// including leading zeros, because the sender signed those. Two timestamps are equal if their digits are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    // Unused digits are zero bytes, so the derived equality and hash depend only on the value.
    digits: [u8; MAX_DIGITS],
    len: u8,
}

impl Timestamp {
    /// A timestamp from milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        let mut len = 1;
        let mut rest = millis / 10;
        while rest > 0 {
            len += 1;
            rest /= 10;
        }
        let mut digits = [0; MAX_DIGITS];
        let mut rest = millis;
        let mut at = len as usize;
        while at > 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Self { digits, len }
    }

    /// Milliseconds since 1970-01-01 UTC, or `None` if the digits exceed `u64::MAX`.
    #[must_use]
    pub fn millis(&self) -> Option<u64> {
        self.as_bytes().iter().try_fold(0u64, |millis, digit| {
            millis.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
    }

    /// The digits that are sent and signed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Never the default: both constructors store only ASCII digits.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[..usize::from(self.len)]
    }
}

impl FromStr for Timestamp {
    type Err = InvalidField;

    /// Accepts 1 to 20 ASCII digits and keeps them unchanged.
    fn from_str(value: &str) -> Result<Self, InvalidField> {
        let refuse = |reason| Err(InvalidField::new(Field::Timestamp, reason));
        if value.is_empty() {
            return refuse(Reason::Empty);
        }
        if let Some(at) = value.bytes().position(|byte| !byte.is_ascii_digit()) {
            return refuse(Reason::NotADigit { at });
        }
        let mut digits = [0; MAX_DIGITS];
        let (Some(used), Ok(len)) = (digits.get_mut(..value.len()), u8::try_from(value.len()))
        else {
            return refuse(Reason::TooLong { max: MAX_DIGITS });
        };
        used.copy_from_slice(value.as_bytes());
        Ok(Self { digits, len })
    }
}

impl AsRef<str> for Timestamp {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_str()).finish()
    }
}
