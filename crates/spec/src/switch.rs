//! Boolean keys.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}

/// Reads a key that may only be true. Instead of false, it is left out.
pub(crate) fn only_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    if bool::deserialize(deserializer)? {
        return Ok(true);
    }
    Err(D::Error::custom(
        "`nullable` is not true: write `nullable: true`, or leave it out",
    ))
}
