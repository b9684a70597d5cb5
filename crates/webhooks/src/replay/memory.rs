//! The in-memory replay store.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Claim, ReplayKey, ReplayStore};
use crate::millis::millis;

/// The default capacity of a [`MemoryStore`]: 65,536 pushes, about 10 MB.
pub const DEFAULT_REPLAY_CAPACITY: usize = 65_536;

/// The default of [`MemoryStore::repeat_window`]: one hour, the longest documented time in which the platform repeats a push.
pub const DEFAULT_REPEAT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// A bounded [`ReplayStore`] in the memory of this process.
///
/// It must remember a push while its `ts` is accepted. If there is room, it remembers the push longer, for the repeat window
/// ([`repeat_window`](Self::repeat_window)). During this time a repeat of a processed push gets the same answer as the first, and a
/// repeat of a failed push is handled.
///
/// A full store forgets the oldest failed push, or else the oldest push that it keeps only for the repeat window. If there is none, it
/// refuses new pushes ([`Claim::Full`]) until the `ts` of one is too old. So choose a capacity for all pushes that arrive while a `ts` is
/// accepted.
///
/// If the clock is set back, the store refuses pushes that are not newer than the newest forgotten one ([`Claim::Expired`]) until the
/// clock has caught up. Each process has its own memory; several processes behind one address need a shared store.
#[derive(Debug)]
pub struct MemoryStore {
    capacity: usize,
    /// In milliseconds.
    window: u64,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    pushes: HashMap<ReplayKey, Entry>,
    by_time: BTreeSet<(u64, ReplayKey)>,
    /// The failed pushes. They can be forgotten at any time.
    failed: BTreeSet<(u64, ReplayKey)>,
    /// The latest `until` of the forgotten pushes, not counting failed ones.
    forgotten: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The push must be remembered until this time.
    until: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InProgress,
    Processed,
    Failed,
}

impl MemoryStore {
    /// Creates a store for at most `capacity` pushes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            window: millis(DEFAULT_REPEAT_WINDOW),
            entries: Mutex::default(),
        }
    }

    /// Sets for how long a repeat is still answered or handled after its `ts` has become too old. Later repeats are refused as too old.
    /// The default is [`DEFAULT_REPEAT_WINDOW`].
    #[must_use]
    pub fn repeat_window(mut self, window: Duration) -> Self {
        self.window = millis(window);
        self
    }

    /// The number of remembered pushes. It includes pushes that have expired since the last claim.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().pushes.len()
    }

    /// Whether no push is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // No code panics while it holds the lock, so the value behind a poisoned lock is consistent.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(DEFAULT_REPLAY_CAPACITY)
    }
}

impl Entries {
    fn remove(&mut self, key: &ReplayKey) {
        if let Some(entry) = self.pushes.remove(key) {
            self.by_time.remove(&(entry.until, *key));
            self.failed.remove(&(entry.until, *key));
        }
    }

    fn set(&mut self, key: &ReplayKey, state: State) {
        if let Some(entry) = self.pushes.get_mut(key) {
            entry.state = state;
            let index = (entry.until, *key);
            match state {
                State::Failed => self.failed.insert(index),
                State::InProgress | State::Processed => self.failed.remove(&index),
            };
        }
    }

    /// Makes room for one push, if possible.
    fn make_room(&mut self, now: u64) -> bool {
        match self.failed.first().copied() {
            Some((_, key)) => {
                self.remove(&key);
                true
            }
            None => self.forget_oldest(now),
        }
    }

    /// Forgets the oldest push if it need not be remembered at this time.
    fn forget_oldest(&mut self, now: u64) -> bool {
        match self.by_time.first().copied() {
            // The last millisecond is included, as for `ts`.
            Some((until, key)) if until < now => {
                if !self.failed.contains(&(until, key)) {
                    self.forgotten = self.forgotten.max(Some(until));
                }
                self.remove(&key);
                true
            }
            _ => false,
        }
    }
}

impl ReplayStore for MemoryStore {
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim {
        let mut entries = self.entries();
        while entries.forget_oldest(now.saturating_sub(self.window)) {}
        if let Some(entry) = entries.pushes.get(key).copied() {
            match entry.state {
                State::Processed if entry.until >= now => return Claim::Processed,
                State::InProgress if entry.until >= now => return Claim::Seen,
                // It failed, or it is an event: these have a new `until` with each claim.
                _ => entries.remove(key),
            }
        }
        if entries
            .forgotten
            .is_some_and(|forgotten| until <= forgotten)
        {
            return Claim::Expired;
        }
        if entries.pushes.len() >= self.capacity && !entries.make_room(now) {
            return Claim::Full;
        }
        let state = State::InProgress;
        entries.pushes.insert(*key, Entry { until, state });
        entries.by_time.insert((until, *key));
        Claim::Fresh
    }

    fn complete(&self, key: &ReplayKey) {
        self.entries().set(key, State::Processed);
    }

    fn release(&self, key: &ReplayKey) {
        self.entries().set(key, State::Failed);
    }

    fn claim_late(&self, key: &ReplayKey, now: u64) -> Claim {
        let mut entries = self.entries();
        let entry = entries.pushes.get(key).copied();
        let in_window = |entry: &Entry| entry.until.saturating_add(self.window) >= now;
        match entry.filter(in_window).map(|entry| entry.state) {
            Some(State::Processed) => Claim::Processed,
            Some(State::InProgress) => Claim::Seen,
            Some(State::Failed) => {
                entries.set(key, State::InProgress);
                Claim::Fresh
            }
            None => Claim::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> ReplayKey {
        ReplayKey([n; 32])
    }

    /// A store that remembers pushes only while their `ts` is accepted.
    fn without_window(capacity: usize) -> MemoryStore {
        MemoryStore::new(capacity).repeat_window(Duration::ZERO)
    }

    #[test]
    fn a_push_is_fresh_once_while_its_ts_is_accepted() {
        let store = without_window(100);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Seen);
        assert_eq!(store.claim(&key(1), 100, 100), Claim::Seen);
        assert_eq!(store.claim(&key(2), 100, 100), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 201, 101), Claim::Fresh);
        assert_eq!(store.len(), 1, "expired pushes are forgotten");
    }

    #[test]
    fn a_processed_push_is_known_within_the_window() {
        let store = MemoryStore::new(100).repeat_window(Duration::from_millis(1_000));
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Seen, "in progress");
        assert_eq!(store.claim_late(&key(1), 150), Claim::Seen, "in progress");
        store.complete(&key(1));
        assert_eq!(store.claim(&key(1), 100, 60), Claim::Processed);
        for now in [101, 1_100] {
            assert_eq!(store.claim_late(&key(1), now), Claim::Processed, "{now}");
        }
        assert_eq!(store.claim_late(&key(1), 1_101), Claim::Expired);
        assert_eq!(store.claim_late(&key(2), 101), Claim::Expired, "unknown");
        // The first claim after the window forgets it.
        assert_eq!(store.claim(&key(2), 9_000, 1_100), Claim::Fresh);
        assert_eq!(store.len(), 2);
        assert_eq!(store.claim(&key(3), 9_000, 1_101), Claim::Fresh);
        assert_eq!(store.len(), 2);
    }

    #[test]
    fn a_claim_with_a_later_time_is_fresh_after_the_first_has_expired() {
        let store = MemoryStore::default();
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        store.complete(&key(1));
        assert_eq!(store.claim(&key(1), 150, 100), Claim::Processed);
        assert_eq!(store.claim(&key(1), 151, 101), Claim::Fresh);
        assert_eq!(store.claim(&key(1), 201, 151), Claim::Seen);
        assert_eq!((store.len(), store.entries().by_time.len()), (1, 1));
    }

    #[test]
    fn a_full_store_forgets_only_pushes_whose_ts_is_too_old() {
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
    fn a_released_push_is_fresh_again_even_late() {
        let store = MemoryStore::new(1).repeat_window(Duration::from_millis(1_000));
        for _ in 0..3 {
            assert_eq!(store.claim(&key(1), 100, 0), Claim::Fresh);
            store.release(&key(1));
        }
        for now in [101, 1_100] {
            assert_eq!(store.claim_late(&key(1), now), Claim::Fresh);
            assert_eq!(store.claim_late(&key(1), now), Claim::Seen);
            store.release(&key(1));
        }
        assert_eq!(store.claim_late(&key(1), 1_101), Claim::Expired);
        assert_eq!(store.claim_late(&key(1), 1_100), Claim::Fresh);
        store.complete(&key(1));
        assert_eq!(store.claim_late(&key(1), 1_100), Claim::Processed);
    }

    #[test]
    fn a_released_push_gives_up_its_room() {
        let store = MemoryStore::new(1);
        for n in 1..5 {
            assert_eq!(store.claim(&key(n), 100, 0), Claim::Fresh);
            store.release(&key(n));
            assert_eq!(store.len(), 1);
        }
        // A forgotten failed push is fresh again.
        assert_eq!(store.claim(&key(1), 100, 0), Claim::Fresh);
        // The outcome of a forgotten push has no effect.
        store.complete(&key(4));
        assert_eq!(store.claim(&key(4), 100, 0), Claim::Full);
        let entries = store.entries();
        assert_eq!((entries.by_time.len(), entries.failed.len()), (1, 0));
    }

    #[test]
    fn forgotten_pushes_are_refused_after_the_clock_is_set_back() {
        let store = without_window(100);
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Fresh);
        assert_eq!(store.claim(&key(2), 150, 60), Claim::Fresh);
        // The clock jumps far ahead, and both are forgotten.
        assert_eq!(store.claim(&key(3), 90_000, 80_000), Claim::Fresh);
        assert_eq!(store.len(), 1);
        for old in [1, 2] {
            assert_eq!(store.claim(&key(old), 100, 60), Claim::Expired);
        }
        // A push that is newer than the forgotten ones is accepted, so a jump ahead blocks no new push.
        assert_eq!(store.claim(&key(4), 151, 91), Claim::Fresh);
        assert_eq!(store.claim(&key(4), 151, 91), Claim::Seen);
    }

    #[test]
    fn only_one_of_several_concurrent_claims_is_fresh() {
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
