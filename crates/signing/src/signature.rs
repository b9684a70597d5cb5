//! The value types of signatures.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};

/// A digest as `N` lowercase hexadecimal characters.
///
/// It is plain text to send in a header or a query, copied without a heap allocation. Comparison, with another digest
/// or with text, takes a time that does not depend on where the two differ.
#[derive(Clone, Copy)]
pub struct HexDigest<const N: usize>([u8; N]);

/// An NXCLOUD signature: MD5 as 32 lowercase hexadecimal characters.
pub type Signature = HexDigest<32>;

/// An `AntBuddy` hash: SHA-256 as 64 lowercase hexadecimal characters.
pub type AntBuddySignature = HexDigest<64>;

impl<const N: usize> HexDigest<N> {
    /// The characters as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The fallback is out of reach: only hexadecimal digits are ever stored.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The characters as ASCII bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Compares with text that claims to be this digest; anything but the same `N` characters differs.
    pub(crate) fn check(&self, claimed: &str) -> Result<(), Mismatch> {
        if bool::from(self.0.ct_eq(claimed.as_bytes())) {
            Ok(())
        } else {
            Err(Mismatch)
        }
    }
}

impl HexDigest<32> {
    pub(crate) fn encode(digest: [u8; 16]) -> Self {
        let mut hex = [0; 32];
        // Cannot fail: the output is exactly twice as long as the input.
        let _ = hex::encode_to_slice(digest, &mut hex);
        Self(hex)
    }
}

impl HexDigest<64> {
    pub(crate) fn encode(digest: [u8; 32]) -> Self {
        let mut hex = [0; 64];
        // Cannot fail: the output is exactly twice as long as the input.
        let _ = hex::encode_to_slice(digest, &mut hex);
        Self(hex)
    }
}

impl<const N: usize> ConstantTimeEq for HexDigest<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const N: usize> PartialEq for HexDigest<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl<const N: usize> Eq for HexDigest<N> {}

impl<const N: usize> PartialEq<str> for HexDigest<N> {
    fn eq(&self, other: &str) -> bool {
        self.0.ct_eq(other.as_bytes()).into()
    }
}

impl<const N: usize> PartialEq<&str> for HexDigest<N> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl<const N: usize> AsRef<str> for HexDigest<N> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Display for HexDigest<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for HexDigest<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HexDigest").field(&self.as_str()).finish()
    }
}

/// A claimed signature is not the right one.
///
/// It carries nothing else on purpose: neither the expected signature nor how much of the claim was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not match")
    }
}

impl core::error::Error for Mismatch {}
