//! The one type that holds a secret.

use alloc::string::String;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::invalid::{Field, InvalidField, Reason};

/// An access secret or app secret: any text but the empty one.
///
/// Its `Debug` shows the type name only, it has no `Display`, no serialisation and no comparison, and its memory is
/// overwritten when it is dropped. A `String` passed to [`new`](Self::new) is kept, not copied; a `&str` is copied, and
/// wiping the original is up to the caller. The crate page says what of a digest is overwritten.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret of at least one character.
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

    /// The secret itself, for the rare code that must hand it on or digest it another way; named so that reviews find it.
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
