//! Debug output that shows whether a field has a value, but not the value.

use std::collections::BTreeMap;
use std::fmt;

use crate::types::lenient::Map;

/// Placeholder for a value that `Debug` must not show. Used by generated code.
#[derive(Clone, Copy)]
pub struct Redacted(pub(crate) &'static str);

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A value that `Debug` must not show.
pub trait Redact {
    /// `<hidden>` if there is a value, else the `Debug` output of an empty one.
    fn redact(&self) -> Redacted;
}

/// Calls [`Redact::redact`]. Called by generated code.
#[must_use]
pub fn redact(value: &impl Redact) -> Redacted {
    value.redact()
}

impl Redact for String {
    fn redact(&self) -> Redacted {
        Redacted(if self.is_empty() { "\"\"" } else { "<hidden>" })
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&self) -> Redacted {
        self.as_ref().map_or(Redacted("None"), Redact::redact)
    }
}

impl<T> Redact for Vec<T> {
    fn redact(&self) -> Redacted {
        Redacted(if self.is_empty() { "[]" } else { "<hidden>" })
    }
}

impl<T> Redact for BTreeMap<String, T> {
    fn redact(&self) -> Redacted {
        Redacted(if self.is_empty() { "{}" } else { "<hidden>" })
    }
}

impl Redact for Map {
    fn redact(&self) -> Redacted {
        Redacted(if self.is_empty() { "{}" } else { "<hidden>" })
    }
}

impl Redact for serde_json::Value {
    fn redact(&self) -> Redacted {
        Redacted(if self.is_null() { "null" } else { "<hidden>" })
    }
}

/// Whether a text that the platform sends as an id may be logged. A reply may put anything there, even a phone number or a message.
///
/// The platform's ids are hexadecimal digits and dashes, or longer than any phone number.
pub(crate) fn looks_like_an_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let like_a_number =
        (6..=15).contains(&digits) && !text.bytes().any(|b| b.is_ascii_alphabetic());
    (1..=64).contains(&text.len()) && text.bytes().all(plain) && !like_a_number
}
