//! The type of secrets.

use alloc::string::String;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::invalid::{Field, InvalidField, Reason};

/// An access secret or app secret: any non-empty text.
///
/// `Debug` shows only the type name. There is no `Display`, no serialisation and no comparison. Its memory is overwritten on drop. A
/// `String` passed to [`new`](Self::new) is moved, not copied; a `&str` is copied, and the original is not wiped. The section "Limits" of the
/// crate page says what else is wiped.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret of at least one character.
    ///
    /// # Errors
    /// [`InvalidField`] if the secret is empty.
    pub fn new(value: impl Into<String>) -> Result<Self, InvalidField> {
        let value = value.into();
        if value.is_empty() {
            return Err(InvalidField::new(Field::Secret, Reason::Empty));
        }
        Ok(Self(value))
    }

    /// The secret as text, for code that must pass it on or hash it differently. The name makes its uses easy to find in reviews.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// ```compile_fail,E0277
/// let secret = nxcloud_signing::Secret::new("x").unwrap();
/// let _ = secret.to_string() == format!("{secret}");
/// ```
/// ```compile_fail,E0369
/// let secret = nxcloud_signing::Secret::new("x").unwrap();
/// let _ = secret == secret;
/// ```
#[cfg(doctest)]
struct HasNeitherDisplayNorComparison;
