//! Ids that no other request gets, and moments as text.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Greatest number of digits that an id of digits can have.
const MAX_DIGITS: u32 = 19;
/// Has no factor in common with a range of decimal numbers of one length, so that steps of this size visit each once.
const STEP: u128 = 618_033_988_749_894_859;

/// Makes ids from a counter that starts at random.
pub(crate) struct Ids {
    counter: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        // The hasher of the standard library is keyed at random.
        let start = RandomState::new().hash_one("nxcloud-sandbox");
        Self {
            counter: AtomicU64::new(start),
        }
    }

    fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// 32 lowercase hexadecimal digits.
    pub(crate) fn hex32(&self) -> String {
        let low = mix(self.next());
        format!("{:016x}{low:016x}", mix(!low))
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&self) -> String {
        let low = mix(self.next());
        let high = mix(!low);
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            low >> 48 & 0x3FFF | 0x8000,
            low & 0xFFFF_FFFF_FFFF,
        )
    }

    /// So many decimal digits, the first one not 0; at least 1 and at most 19. An id comes again only after all others
    /// of its length.
    pub(crate) fn digits(&self, count: u32) -> String {
        let least = 10_u128.pow(count.clamp(1, MAX_DIGITS) - 1);
        (least + u128::from(self.next()) * STEP % (least * 9)).to_string()
    }
}

/// Spreads a counter over 64 bits without joining two values (the finaliser of `SplitMix64`).
const fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_do_not_repeat_and_have_their_form() {
        let ids = Ids::new();
        let mut seen = HashSet::new();
        for _ in 0..1000 {
            let hex = ids.hex32();
            assert!(hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let uuid = ids.uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"));
            let digits = ids.digits(12);
            assert!(digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(seen.insert(hex) && seen.insert(uuid) && seen.insert(digits));
        }
        let few = (0..9).map(|_| ids.digits(1)).collect::<HashSet<_>>();
        assert_eq!(few.len(), 9);
        assert_eq!(ids.digits(0).len(), 1);
        assert_eq!(ids.digits(99).len(), 19);
    }
}
