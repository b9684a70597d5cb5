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

impl Signature {
    /// From the four words of an MD5 state, as bytes.
    pub(crate) fn from_words(digest: [[u8; 4]; 4]) -> Self {
        let mut hex = [0; 32];
        encode(digest.as_flattened(), &mut hex);
        Self(hex)
    }
}

impl AntBuddySignature {
    /// From the eight words of a SHA-256 state, as bytes.
    pub(crate) fn from_words(digest: [[u8; 4]; 8]) -> Self {
        let mut hex = [0; 64];
        encode(digest.as_flattened(), &mut hex);
        Self(hex)
    }
}

/// Lowercase hexadecimal digits by arithmetic: without a table the compiler turns the loop into vector code.
#[inline(always)]
fn encode(digest: &[u8], hex: &mut [u8]) {
    for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
        *pair = [byte >> 4, byte & 15].map(|nibble| {
            let letter = if nibble > 9 { b'a' - b'9' - 1 } else { 0 };
            nibble + b'0' + letter
        });
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
