//! Keys that are true or absent.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}

/// A switch that says nothing when it is off.
pub(crate) fn only_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    if bool::deserialize(deserializer)? {
        return Ok(true);
    }
    Err(D::Error::custom(
        "`nullable` is not true: write `nullable: true`, or leave it out",
    ))
}
