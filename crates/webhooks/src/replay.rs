//! The replay guard: a signed push counts once within the time that its `ts` is accepted.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nxcloud_signing::Signature;

/// What the guard remembers of a push: its verified signature, which covers every signed header and the body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplayKey([u8; 32]);

impl ReplayKey {
    pub(crate) fn new(signature: &Signature) -> Self {
        Self(*signature.as_bytes())
    }

    /// 32 lowercase hexadecimal digits, for a store outside the process.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The fallback is out of reach: a signature is hexadecimal digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayKey")
    }
}

/// What a [`ReplayStore`] says of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is here for the first time, and remembered from now on.
    Fresh,
    /// It was here before.
    Seen,
    /// The store remembers as much as it may; the push is refused, because forgetting another one would let that be replayed.
    Full,
    /// Its time had passed by an earlier clock, so that it may have been here and been forgotten; the push is refused.
    Expired,
    /// The store cannot be asked; the push is refused.
    Unavailable,
}

/// Remembers which pushes were accepted.
///
/// [`claim`](Self::claim) is called for pushes whose signature is right and whose `ts` is in time, so a stranger cannot fill a store.
/// It must decide and remember in one step: of two calls at the same moment only one may be told [`Claim::Fresh`].
/// It runs inside verification and should answer at once. For a store across a network leave the guard out
/// ([`Verifier::without_replay_guard`](crate::Verifier::without_replay_guard)) and claim
/// [`Verified::replay_key`](crate::Verified::replay_key) where waiting is fine.
pub trait ReplayStore: Send + Sync {
    /// Remembers a push until `until`, if it is not remembered already. Times are milliseconds since 1970-01-01 UTC.
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim;

    /// Forgets a push that was not processed, so that the platform's next attempt is accepted.
    fn release(&self, key: &ReplayKey);
}

/// How many pushes a [`MemoryStore`] remembers unless told otherwise: 65,536, which takes about 10 MB.
pub const DEFAULT_REPLAY_CAPACITY: usize = 65_536;

/// A bounded [`ReplayStore`] in the memory of this process.
///
/// What its time has passed for is forgotten by the next claim. When the clock is set back afterwards, pushes that are not newer than
/// the newest one forgotten are refused ([`Claim::Expired`]) until the clock has caught up. With several processes behind one address each has a memory
/// of its own; they need a store that they share.
#[derive(Debug)]
pub struct MemoryStore {
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    until: HashMap<ReplayKey, u64>,
    by_time: BTreeSet<(u64, ReplayKey)>,
    /// The latest time of what was forgotten because it had passed.
    forgotten: Option<u64>,
}

impl MemoryStore {
    /// A store for at most so many pushes at a time.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            kept: Mutex::default(),
        }
    }

    /// How many pushes are remembered, those included whose time has passed since the last claim.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().until.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing below panics half way, so a poisoned lock guards a sound value.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(DEFAULT_REPLAY_CAPACITY)
    }
}

impl ReplayStore for MemoryStore {
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim {
        let mut kept = self.kept();
        while let Some((passed, old)) = kept.by_time.first().copied() {
            // The last millisecond still counts, as it does for `ts`.
            if passed >= now {
                break;
            }
            kept.by_time.pop_first();
            kept.until.remove(&old);
            kept.forgotten = kept.forgotten.max(Some(passed));
        }
        if kept.until.contains_key(key) {
            return Claim::Seen;
        }
        if kept.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Claim::Expired;
        }
        if kept.until.len() >= self.capacity {
            return Claim::Full;
        }
        kept.until.insert(*key, until);
        kept.by_time.insert((until, *key));
        Claim::Fresh
    }

    fn release(&self, key: &ReplayKey) {
        let mut kept = self.kept();
        if let Some(until) = kept.until.remove(key) {
            kept.by_time.remove(&(until, *key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> ReplayKey {
        ReplayKey([n; 32])
    }

    #[test]
    fn a_push_is_fresh_once_until_its_time_has_passed() {
        let store = MemoryStore::default();
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Seen);
        assert_eq!(store.claim(&key(1), 100, 100), Claim::Seen);
        assert_eq!(store.claim(&key(2), 100, 100), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 201, 101), Claim::Fresh);
        assert_eq!(store.len(), 1, "what its time has passed for is forgotten");
    }

    #[test]
    fn a_full_store_refuses_instead_of_forgetting() {
        let store = MemoryStore::new(2);
        assert_eq!(store.claim(&key(1), 100, 0), Claim::Fresh);
        assert_eq!(store.claim(&key(2), 200, 0), Claim::Fresh);
        assert_eq!(store.claim(&key(3), 200, 0), Claim::Full);
        assert_eq!(store.claim(&key(1), 100, 0), Claim::Seen);
        assert_eq!(store.claim(&key(3), 200, 101), Claim::Fresh);
    }

    #[test]
    fn what_was_released_is_fresh_again_and_leaves_nothing_behind() {
        let store = MemoryStore::new(1);
        for _ in 0..3 {
            assert_eq!(store.claim(&key(1), 100, 0), Claim::Fresh);
            store.release(&key(1));
        }
        assert!(store.is_empty());
        assert!(store.kept().by_time.is_empty());
    }

    #[test]
    fn a_clock_set_back_lets_nothing_in_that_was_forgotten() {
        let store = MemoryStore::default();
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(2), 150, 60), Claim::Fresh);
        // The clock jumps far ahead, and both are forgotten.
        assert_eq!(store.claim(&key(3), 90_000, 80_000), Claim::Fresh);
        assert_eq!(store.len(), 1);
        for old in [1, 2] {
            assert_eq!(store.claim(&key(old), 100, 60), Claim::Expired);
        }
        // A push that came for the first time after them is not taken for one of them, so that one jump ahead blocks nothing.
        assert_eq!(store.claim(&key(4), 151, 91), Claim::Fresh);
        assert_eq!(store.claim(&key(4), 151, 91), Claim::Seen);
    }

    #[test]
    fn of_many_at_the_same_moment_one_is_fresh() {
        let store = MemoryStore::default();
        let fresh = std::thread::scope(|scope| {
            let claims: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| store.claim(&key(1), 100, 0)))
                .collect();
            let claims = claims.into_iter().map(|claim| claim.join().unwrap());
            claims.filter(|claim| *claim == Claim::Fresh).count()
        });
        assert_eq!(fresh, 1);
    }
}
