//! The value types of signatures.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};

/// A digest as `N` lowercase hexadecimal characters.
///
/// Send it as text in a header or a query. It is `Copy` and needs no heap. Comparing it with another digest or with text takes constant
/// time.
#[derive(Clone, Copy)]
pub struct HexDigest<const N: usize>([u8; N]);

/// An NXCLOUD signature: MD5 as 32 lowercase hexadecimal characters.
pub type Signature = HexDigest<32>;

/// An `AntBuddy` hash: SHA-256 as 64 lowercase hexadecimal characters.
pub type AntBuddySignature = HexDigest<64>;

impl<const N: usize> HexDigest<N> {
    /// A placeholder for a signature: `N` hyphens. It equals no signature.
    pub const UNSET: Self = Self([b'-'; N]);

    /// The characters as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Never the default: only ASCII is stored.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The characters as ASCII bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Compares the digest with a claimed one. Only the same `N` characters match.
    pub(crate) fn check(&self, claimed: &str) -> Result<(), Mismatch> {
        if *self == *claimed {
            Ok(())
        } else {
            Err(Mismatch)
        }
    }
}

impl<const N: usize> HexDigest<N> {
    /// From the words of a digest, in little-endian order.
    #[inline(always)]
    pub(crate) fn from_words(words: impl IntoIterator<Item = u32>) -> Self {
        Self::from_digits(words.into_iter().map(hex_digits))
    }

    /// From the text of a digest, eight characters at a time, in little-endian order.
    #[inline(always)]
    pub(crate) fn from_digits(digits: impl IntoIterator<Item = u64>) -> Self {
        let mut hex = [0; N];
        for (characters, digits) in hex.as_chunks_mut().0.iter_mut().zip(digits) {
            *characters = digits.to_le_bytes();
        }
        Self(hex)
    }
}

/// The lowercase hexadecimal digits of four bytes, in little-endian order. Computes all eight digits at once, without a table.
#[inline(always)]
pub(crate) fn hex_digits(word: u32) -> u64 {
    // Spread the bytes, then the nibbles of each byte, the upper nibble first.
    let bytes = u64::from(word);
    let bytes = (bytes | bytes << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (bytes | bytes << 8) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (bytes >> 4 | bytes << 8) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in every byte whose nibble is a letter. The offset moves those from the characters after `9` to `a`.
    let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    let offset = (letters << 8).wrapping_sub(letters) & 0x2727_2727_2727_2727;
    nibbles + 0x3030_3030_3030_3030 + offset
}

impl<const N: usize> ConstantTimeEq for HexDigest<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        // Collect all differences, then compare once.
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
        // The length of a claim is not secret.
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

/// A claimed signature is wrong.
///
/// It deliberately reveals neither the expected signature nor how much of the claim was correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers fill the results of a batch with it, and it deliberately holds nothing"
)]
pub struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not match")
    }
}

impl core::error::Error for Mismatch {}
