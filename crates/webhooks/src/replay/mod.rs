//! The replay guard. A push is handled once; a repeat of a processed push is only answered.

mod memory;

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

pub use memory::{DEFAULT_REPEAT_WINDOW, DEFAULT_REPLAY_CAPACITY, MemoryStore};
use nxcloud_signing::Signature;

use crate::idempotency::IdempotencyKey;

/// Identifies a push in a store: its verified signature, which covers every signed header and the body, or the first half of an event's
/// [`IdempotencyKey`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplayKey([u8; 32]);

impl ReplayKey {
    pub(crate) fn of_signature(signature: &Signature) -> Self {
        Self(*signature.as_bytes())
    }

    /// 128 bits of the digest are enough to distinguish events.
    pub(crate) fn of_event(key: &IdempotencyKey) -> Self {
        let mut digits = [0; 32];
        let mut rest = &mut digits[..];
        for byte in key.as_bytes().iter().take(16) {
            // This cannot fail: the buffer has room for two digits per byte.
            let _ = write!(rest, "{byte:02x}");
        }
        Self(digits)
    }

    /// The key as 32 lowercase hexadecimal digits, for a store outside the process.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The fallback is never used: hexadecimal digits are valid UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayKey")
    }
}

/// The answer of a [`ReplayStore`] about a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// The push is new, or it was received before and failed. The store now remembers it as in progress.
    Fresh,
    /// The push was received before and has been processed. It is answered as accepted and not handled again.
    Processed,
    /// The push was received before and is in progress, or the store does not know its outcome. It is refused.
    Seen,
    /// The store is full. The push is refused, because forgetting another push would allow a replay of that one.
    Full,
    /// The time of the push has passed, now or before the clock was set back, so the store may have forgotten it. It is refused.
    Expired,
    /// The store is unavailable. The push is refused.
    Unavailable,
}

/// Remembers which pushes are in progress, and the outcome of the others.
///
/// [`claim`](Self::claim) is called only after signature and `ts` have been checked, so an attacker cannot fill a store. It must decide and
/// remember atomically: of two concurrent calls only one may get [`Claim::Fresh`]. It runs during verification and should return at once.
/// For a store across a network, turn the guard off ([`Verifier::without_replay_guard`](crate::Verifier::without_replay_guard)) and claim
/// [`Verified::replay_key`](crate::Verified::replay_key) where waiting is acceptable.
pub trait ReplayStore: Send + Sync {
    /// Remembers a push as in progress at least until `until`, unless it is already remembered. Times are milliseconds since 1970-01-01
    /// UTC.
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim;

    /// Remembers that a push was processed, so that a repeat is [`Claim::Processed`]. The default implementation does nothing; repeats are
    /// then refused.
    fn complete(&self, key: &ReplayKey) {
        let _ = key;
    }

    /// Remembers that a push was not processed, or forgets it. The platform's next attempt is then accepted.
    fn release(&self, key: &ReplayKey);

    /// Claims a push with a valid signature and a `ts` that is too old. Only a repeat of a push that arrived in time is accepted: an unknown
    /// push is [`Claim::Expired`], a failed one [`Claim::Fresh`]. The default implementation, for stores without outcomes, returns
    /// [`Claim::Expired`].
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

/// A push that a store remembers as in progress.
#[derive(Clone)]
pub(crate) struct Claimed {
    pub(crate) key: ReplayKey,
    /// `None` without a guard.
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
    fn the_replay_key_of_an_event_is_half_of_its_idempotency_key() {
        let mut key = KeyBuilder::new("sms", "sms_receipt");
        key.part(&"4711");
        let key = key.finish().unwrap();
        assert_eq!(ReplayKey::of_event(&key).as_str(), &key.to_string()[..32]);
    }
}
