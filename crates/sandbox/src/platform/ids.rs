//! Unique ids, and timestamps as text.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The maximum length of an id of digits.
const MAX_DIGITS: u32 = 19;
/// A step size that is coprime to the number of decimal numbers of one length, so that steps of this size visit each
/// number once.
const STEP: u128 = 618_033_988_749_894_859;

/// Generates ids. Ids of digits come from a counter that starts at a random number.
pub(crate) struct Ids {
    random: Mutex<fastrand::Rng>,
    counter: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        let mut random = fastrand::Rng::new();
        Self {
            counter: AtomicU64::new(random.u64(..)),
            random: Mutex::new(random),
        }
    }

    /// 32 lowercase hexadecimal digits.
    pub(crate) fn hex32(&self) -> String {
        format!("{:032x}", self.random.lock().u128(..))
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&self) -> String {
        let hex = self.hex32();
        let variant = ["8", "9", "a", "b"][self.random.lock().usize(..4)];
        let [first, second, third] = [&hex[..8], &hex[8..12], &hex[13..16]];
        let [fourth, last] = [&hex[17..20], &hex[20..]];
        format!("{first}-{second}-4{third}-{variant}{fourth}-{last}")
    }

    /// An id of this many decimal digits, at least 1 and at most 19, the first one not 0. An id repeats only after
    /// all others of its length.
    pub(crate) fn digits(&self, count: u32) -> String {
        let least = 10_u128.pow(count.clamp(1, MAX_DIGITS) - 1);
        (least + u128::from(self.counter.fetch_add(1, Ordering::Relaxed)) * STEP % (least * 9))
            .to_string()
    }
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
