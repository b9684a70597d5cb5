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
    /// A place for a signature that was not made yet: `N` hyphens, equal to no signature.
    pub const UNSET: Self = Self([b'-'; N]);

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
        if *self == *claimed {
            Ok(())
        } else {
            Err(Mismatch)
        }
    }
}

impl<const N: usize> HexDigest<N> {
    /// From the words of a digest, first byte lowest.
    #[inline(always)]
    pub(crate) fn from_words(words: impl IntoIterator<Item = u32>) -> Self {
        Self::from_digits(words.into_iter().map(hex_digits))
    }

    /// From the text of a digest, eight characters at a time, first one lowest.
    #[inline(always)]
    pub(crate) fn from_digits(digits: impl IntoIterator<Item = u64>) -> Self {
        let mut hex = [0; N];
        for (characters, digits) in hex.as_chunks_mut().0.iter_mut().zip(digits) {
            *characters = digits.to_le_bytes();
        }
        Self(hex)
    }
}

/// Lowercase hexadecimal digits of four bytes, first byte and first digit lowest: all eight at once in a register, without
/// a table.
#[inline(always)]
pub(crate) fn hex_digits(word: u32) -> u64 {
    // Spread the bytes out, then the nibbles of each, the upper one first.
    let bytes = u64::from(word);
    let bytes = (bytes | bytes << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (bytes | bytes << 8) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (bytes >> 4 | bytes << 8) & 0x0f0f_0f0f_0f0f_0f0f;
    // One in every byte whose nibble is a letter: those go on from `a` instead of from what follows `9`.
    let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    let offset = (letters << 8).wrapping_sub(letters) & 0x2727_2727_2727_2727;
    nibbles + 0x3030_3030_3030_3030 + offset
}

impl<const N: usize> ConstantTimeEq for HexDigest<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        // One comparison of what differs anywhere, instead of one of each byte.
        const { assert!(N.is_multiple_of(8)) };
        let pairs = self
            .0
            .as_chunks::<8>()
            .0
            .iter()
            .zip(other.0.as_chunks::<8>().0);
        let differs = pairs.fold(0, |differs, (a, b)| {
            differs | (u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b))
        });
        differs.ct_eq(&0)
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
        // The length of a claim is no secret.
        <[u8; N]>::try_from(other.as_bytes()).is_ok_and(|other| *self == Self(other))
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
#[expect(
    clippy::exhaustive_structs,
    reason = "callers fill the results of a batch with it, and it carries nothing on purpose"
)]
pub struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not match")
    }
}

impl core::error::Error for Mismatch {}
