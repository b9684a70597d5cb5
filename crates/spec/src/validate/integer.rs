//! The one rule for integers: 64 bits with a sign, written without fraction and exponent.

use jsonschema::{Keyword, ValidationError};
use serde_json::Value;

/// A keyword of its own, beside `type: integer`.
pub(super) const INTEGER: &str = "x-nx-integer";

/// What is wrong with a number or a text that is no such integer.
pub const NOT_AN_INTEGER: &str = "is not a 64-bit integer, without fraction and exponent";

/// The integer of a text.
#[must_use]
pub fn integer(text: &str) -> Option<i64> {
    // The parser takes a plus as well.
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// Checks numbers only; `type` refuses everything else.
pub(super) struct Integer;

impl<'i> Keyword<'i> for Integer {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            Ok(())
        } else {
            Err(ValidationError::custom(NOT_AN_INTEGER))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.is_i64() || !instance.is_number()
    }
}
