//! The store in memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Claim, ReplayKey, ReplayStore};
use crate::millis::millis;

/// How many pushes a [`MemoryStore`] remembers unless set otherwise: 65,536, which takes about 10 MB.
pub const DEFAULT_REPLAY_CAPACITY: usize = 65_536;

/// How long a [`MemoryStore`] accepts late repeats unless set otherwise: one hour, which is the longest time for which
/// the reference says that a push is repeated.
pub const DEFAULT_REPEAT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// A bounded [`ReplayStore`] in the memory of this process.
///
/// It must remember a push as long as its `ts` is accepted, and does so longer if there is room: for the repeat window
/// ([`repeat_window`](Self::repeat_window)). In that time a repeat of a processed push is answered as the first one was, and a repeat of
/// one that was not processed is handled.
///
/// A full store forgets the oldest push that was not processed, or else the oldest that only the window keeps. When there is none, it
/// refuses new pushes ([`Claim::Full`]) until the time of one has passed; give it room for all pushes that come while a `ts` is accepted.
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
    /// Those of them that were not processed: they may be forgotten at any time.
    failed: BTreeSet<(u64, ReplayKey)>,
    /// The latest time of what was forgotten because it had passed, but for what was not processed.
    forgotten: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Remembered {
    /// Until when it must be.
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
    /// A store for at most so many pushes at a time.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            window: millis(DEFAULT_REPEAT_WINDOW),
            kept: Mutex::default(),
        }
    }

    /// How long, after the `ts` of a push is too old to be accepted, a repeat of it is still answered or handled:
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
            self.failed.remove(&(known.until, *key));
        }
    }

    fn set(&mut self, key: &ReplayKey, state: State) {
        if let Some(known) = self.pushes.get_mut(key) {
            known.state = state;
            let entry = (known.until, *key);
            match state {
                State::Failed => self.failed.insert(entry),
                State::InProgress | State::Processed => self.failed.remove(&entry),
            };
        }
    }

    /// Makes room for one more.
    fn make_room(&mut self, now: u64) -> bool {
        match self.failed.first().copied() {
            Some((_, key)) => {
                self.remove(&key);
                true
            }
            None => self.forget_oldest(now),
        }
    }

    /// Forgets the oldest push if it need not have been remembered any more at this time.
    fn forget_oldest(&mut self, now: u64) -> bool {
        match self.by_time.first().copied() {
            // The last millisecond still counts, as it does for `ts`.
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
        let mut kept = self.kept();
        while kept.forget_oldest(now.saturating_sub(self.window)) {}
        if let Some(known) = kept.pushes.get(key).copied() {
            match known.state {
                State::Processed if known.until >= now => return Claim::Processed,
                State::InProgress if known.until >= now => return Claim::Seen,
                // It failed; or it is an event, which has another time each time it comes.
                _ => kept.remove(key),
            }
        }
        if kept.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Claim::Expired;
        }
        if kept.pushes.len() >= self.capacity && !kept.make_room(now) {
            return Claim::Full;
        }
        let state = State::InProgress;
        kept.pushes.insert(*key, Remembered { until, state });
        kept.by_time.insert((until, *key));
        Claim::Fresh
    }

    fn complete(&self, key: &ReplayKey) {
        self.kept().set(key, State::Processed);
    }

    fn release(&self, key: &ReplayKey) {
        self.kept().set(key, State::Failed);
    }

    fn claim_late(&self, key: &ReplayKey, now: u64) -> Claim {
        let mut kept = self.kept();
        let known = kept.pushes.get(key).copied();
        let in_window = |known: &Remembered| known.until.saturating_add(self.window) >= now;
        match known.filter(in_window).map(|known| known.state) {
            Some(State::Processed) => Claim::Processed,
            Some(State::InProgress) => Claim::Seen,
            Some(State::Failed) => {
                kept.set(key, State::InProgress);
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
        assert_eq!(store.claim(&key(1), 100, 50), Claim::Seen, "in progress");
        assert_eq!(store.claim_late(&key(1), 150), Claim::Seen, "in progress");
        store.complete(&key(1));
        assert_eq!(store.claim(&key(1), 100, 60), Claim::Processed);
        for now in [101, 1_100] {
            assert_eq!(store.claim_late(&key(1), now), Claim::Processed, "{now}");
        }
        assert_eq!(store.claim_late(&key(1), 1_101), Claim::Expired);
        assert_eq!(store.claim_late(&key(2), 101), Claim::Expired, "not known");
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
    fn what_was_released_is_fresh_again_also_late() {
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
    fn what_was_released_takes_no_room_from_others() {
        let store = MemoryStore::new(1);
        for n in 1..5 {
            assert_eq!(store.claim(&key(n), 100, 0), Claim::Fresh);
            store.release(&key(n));
            assert_eq!(store.len(), 1);
        }
        // Forgetting it lets nothing in that was processed.
        assert_eq!(store.claim(&key(1), 100, 0), Claim::Fresh);
        // An outcome that comes after its push was forgotten changes nothing.
        store.complete(&key(4));
        assert_eq!(store.claim(&key(4), 100, 0), Claim::Full);
        let kept = store.kept();
        assert_eq!((kept.by_time.len(), kept.failed.len()), (1, 0));
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
