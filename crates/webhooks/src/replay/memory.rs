//! The store in memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Claim, ReplayKey, ReplayStore};
use crate::clock::millis;

/// How many pushes a [`MemoryStore`] remembers unless set otherwise: 65,536, which takes about 10 MB.
pub const DEFAULT_REPLAY_CAPACITY: usize = 65_536;

/// How long a [`MemoryStore`] answers repeats of processed pushes unless set otherwise: one hour, which is the longest time for which
/// the reference says that a push is repeated.
pub const DEFAULT_REPEAT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// A bounded [`ReplayStore`] in the memory of this process.
///
/// It must remember a push as long as its `ts` is accepted, and does so longer if there is room: the repeat window
/// ([`repeat_window`](Self::repeat_window)), in which a repeat of a processed push is answered as the first one was.
///
/// A full store forgets the oldest push that only the window keeps. When there is none, it refuses new pushes ([`Claim::Full`]) until
/// the time of one has passed; give it room for all pushes that come while a `ts` is accepted.
///
/// When the clock is set back, pushes that are not newer than the newest one forgotten are refused ([`Claim::Expired`]) until the
/// clock has caught up. With several processes behind one address each has a memory of its own; they need a store that they share.
#[derive(Debug)]
pub struct MemoryStore {
    capacity: usize,
    /// In milliseconds.
    window: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pushes: HashMap<ReplayKey, Remembered>,
    by_time: BTreeSet<(u64, ReplayKey)>,
    /// The latest time of what was forgotten because it had passed.
    forgotten: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Remembered {
    /// Until when it must be.
    until: u64,
    processed: bool,
}

impl MemoryStore {
    /// A store for at most so many pushes at a time.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            window: millis(DEFAULT_REPEAT_WINDOW),
            kept: Mutex::default(),
        }
    }

    /// How long, after the `ts` of a push is too old to be accepted, a repeat of it is answered if it was processed:
    /// [`DEFAULT_REPEAT_WINDOW`] unless set here. Later repeats are refused as too old.
    #[must_use]
    pub fn repeat_window(mut self, window: Duration) -> Self {
        self.window = millis(window);
        self
    }

    /// How many pushes are remembered, those included whose time has passed since the last claim.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().pushes.len()
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

impl Kept {
    fn remove(&mut self, key: &ReplayKey) {
        if let Some(known) = self.pushes.remove(key) {
            self.by_time.remove(&(known.until, *key));
        }
    }

    /// Forgets the oldest push if it need not have been remembered any more at this time.
    fn forget_oldest(&mut self, now: u64) -> bool {
        match self.by_time.first().copied() {
            // The last millisecond still counts, as it does for `ts`.
            Some((until, key)) if until < now => {
                self.by_time.pop_first();
                self.pushes.remove(&key);
                self.forgotten = self.forgotten.max(Some(until));
                true
            }
            _ => false,
        }
    }
}

impl ReplayStore for MemoryStore {
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim {
        let mut kept = self.kept();
        while kept.forget_oldest(now.saturating_sub(self.window)) {}
        match kept.pushes.get(key).copied() {
            Some(Remembered { until, processed }) if until >= now => {
                return if processed {
                    Claim::Processed
                } else {
                    Claim::Seen
                };
            }
            // The same event, which has a time of its own each time it comes.
            Some(_) => kept.remove(key),
            None => {}
        }
        if kept.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Claim::Expired;
        }
        if kept.pushes.len() >= self.capacity && !kept.forget_oldest(now) {
            return Claim::Full;
        }
        let processed = false;
        kept.pushes.insert(*key, Remembered { until, processed });
        kept.by_time.insert((until, *key));
        Claim::Fresh
    }

    fn complete(&self, key: &ReplayKey) {
        if let Some(known) = self.kept().pushes.get_mut(key) {
            known.processed = true;
        }
    }

    fn release(&self, key: &ReplayKey) {
        self.kept().remove(key);
    }

    fn was_processed(&self, key: &ReplayKey, now: u64) -> bool {
        let kept = self.kept();
        let known = kept.pushes.get(key).filter(|known| known.processed);
        known.is_some_and(|known| known.until.saturating_add(self.window) >= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> ReplayKey {
        ReplayKey([n; 32])
    }

    /// Remembers no longer than it must.
    fn strict(capacity: usize) -> MemoryStore {
        MemoryStore::new(capacity).repeat_window(Duration::ZERO)
    }

    #[test]
    fn a_push_is_fresh_once_until_its_time_has_passed() {
        let store = strict(100);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Seen);
        assert_eq!(store.claim(&key(1), 100, 100), Claim::Seen);
        assert_eq!(store.claim(&key(2), 100, 100), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 201, 101), Claim::Fresh);
        assert_eq!(store.len(), 1, "what its time has passed for is forgotten");
    }

    #[test]
    fn what_was_processed_is_answered_within_the_window() {
        let store = MemoryStore::new(100).repeat_window(Duration::from_millis(1_000));
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Seen, "at work");
        assert!(!store.was_processed(&key(1), 50));
        store.complete(&key(1));
        assert_eq!(store.claim(&key(1), 100, 60), Claim::Processed);
        for now in [50, 100, 101, 1_100] {
            assert!(store.was_processed(&key(1), now), "{now}");
        }
        assert!(!store.was_processed(&key(1), 1_101));
        assert!(!store.was_processed(&key(2), 50));
        // It goes with the first claim after that.
        assert_eq!(store.claim(&key(2), 9_000, 1_100), Claim::Fresh);
        assert_eq!(store.len(), 2);
        assert_eq!(store.claim(&key(3), 9_000, 1_101), Claim::Fresh);
        assert_eq!(store.len(), 2);
    }

    #[test]
    fn what_comes_with_another_time_is_fresh_after_the_first() {
        let store = MemoryStore::default();
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        store.complete(&key(1));
        assert_eq!(store.claim(&key(1), 150, 100), Claim::Processed);
        assert_eq!(store.claim(&key(1), 151, 101), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 201, 151), Claim::Seen);
        assert_eq!((store.len(), store.kept().by_time.len()), (1, 1));
    }

    #[test]
    fn a_full_store_forgets_what_only_the_window_keeps_and_refuses_otherwise() {
        let store = MemoryStore::new(2);
        assert_eq!(store.claim(&key(1), 100, 0), Claim::Fresh);
        assert_eq!(store.claim(&key(2), 200, 0), Claim::Fresh);
        assert_eq!(store.claim(&key(3), 200, 100), Claim::Full);
        assert_eq!(store.claim(&key(1), 100, 100), Claim::Seen);
        assert_eq!(store.claim(&key(3), 300, 101), Claim::Fresh);
        assert_eq!(store.claim(&key(4), 300, 101), Claim::Full);
        assert_eq!(store.len(), 2);
        assert_eq!(store.claim(&key(1), 100, 101), Claim::Expired);
        assert_eq!(MemoryStore::new(0).claim(&key(1), 100, 0), Claim::Full);
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
        // An outcome that comes after its push was forgotten changes nothing.
        store.complete(&key(1));
        assert!(store.is_empty());
    }

    #[test]
    fn a_clock_set_back_lets_nothing_in_that_was_forgotten() {
        let store = strict(100);
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
