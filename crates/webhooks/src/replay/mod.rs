//! The replay guard: a push is handled once, and a repeat of one that was processed is only answered.

mod memory;

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

pub use memory::{DEFAULT_REPEAT_WINDOW, DEFAULT_REPLAY_CAPACITY, MemoryStore};
use nxcloud_signing::Signature;

use crate::idempotency::IdempotencyKey;

/// What a store remembers of a push: its verified signature, which covers every signed header and the body, or half of an
/// event's [`IdempotencyKey`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplayKey([u8; 32]);

impl ReplayKey {
    pub(crate) fn of_signature(signature: &Signature) -> Self {
        Self(*signature.as_bytes())
    }

    /// 128 bits of the digest are enough to tell events apart.
    pub(crate) fn of_event(key: &IdempotencyKey) -> Self {
        let mut digits = [0; 32];
        let mut rest = &mut digits[..];
        for byte in key.as_bytes().iter().take(16) {
            // Two digits each, for which there is room.
            let _ = write!(rest, "{byte:02x}");
        }
        Self(digits)
    }

    /// 32 lowercase hexadecimal digits, for a store outside the process.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The fallback is out of reach: there are hexadecimal digits only.
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
#[non_exhaustive]
pub enum Claim {
    /// It is here for the first time, or was here and was not processed. It is remembered as in progress from now on.
    Fresh,
    /// It was here before and was processed: the platform is answered so again, and nothing is handled.
    Processed,
    /// It was here before, and is in progress, or the store does not know how it ended; the push is refused.
    Seen,
    /// The store remembers as much as it may; the push is refused, because forgetting another one would let that be replayed.
    Full,
    /// Its time has passed, or had by an earlier clock, so that it may have been here and been forgotten; the push is refused.
    Expired,
    /// The store cannot be asked; the push is refused.
    Unavailable,
}

/// Remembers which pushes are in progress, and how the others ended.
///
/// [`claim`](Self::claim) is called for pushes whose signature is right and whose `ts` is in time, so a stranger cannot fill a store.
/// It must decide and remember in one step: of two calls at the same moment only one may get [`Claim::Fresh`].
/// It runs inside verification and should answer at once. For a store across a network leave the guard out
/// ([`Verifier::without_replay_guard`](crate::Verifier::without_replay_guard)) and claim
/// [`Verified::replay_key`](crate::Verified::replay_key) where waiting is fine.
pub trait ReplayStore: Send + Sync {
    /// Remembers a push as in progress at least until `until`, if it is not remembered already. Times are milliseconds since 1970-01-01
    /// UTC.
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim;

    /// Remembers that a push was processed, so that a repeat is [`Claim::Processed`]. A store that does not, as the one of this
    /// default, has repeats refused.
    fn complete(&self, key: &ReplayKey) {
        let _ = key;
    }

    /// Remembers that a push was not processed, or forgets it: the platform's next attempt is accepted.
    fn release(&self, key: &ReplayKey);

    /// Claims a push whose signature is right and whose `ts` is too old: only a repeat of one that came in time is accepted, so that
    /// one which is not known is [`Claim::Expired`], and one which was not processed [`Claim::Fresh`]. A store that keeps no outcomes, as
    /// the one of this default, knows none.
    fn claim_late(&self, key: &ReplayKey, now: u64) -> Claim {
        let _ = (key, now);
        Claim::Expired
    }
}

impl<S: ReplayStore + ?Sized> ReplayStore for Arc<S> {
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim {
        (**self).claim(key, until, now)
    }

    fn complete(&self, key: &ReplayKey) {
        (**self).complete(key);
    }

    fn release(&self, key: &ReplayKey) {
        (**self).release(key);
    }

    fn claim_late(&self, key: &ReplayKey, now: u64) -> Claim {
        (**self).claim_late(key, now)
    }
}

/// A push that a store remembers as in progress, until its outcome is known.
#[derive(Clone)]
pub(crate) struct Claimed {
    pub(crate) key: ReplayKey,
    /// None without a guard.
    pub(crate) store: Option<Arc<dyn ReplayStore>>,
}

impl Claimed {
    pub(crate) fn settle(&self, processed: bool) {
        match &self.store {
            Some(store) if processed => store.complete(&self.key),
            Some(store) => store.release(&self.key),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::KeyBuilder;

    #[test]
    fn the_key_of_an_event_is_half_of_its_own() {
        let mut key = KeyBuilder::new("sms", "sms_receipt");
        key.part(&"4711");
        let key = key.finish().unwrap();
        assert_eq!(ReplayKey::of_event(&key).as_str(), &key.to_string()[..32]);
    }
}
