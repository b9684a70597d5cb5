//! How often each row key was accepted.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Default of [`Builder::accepted_keys`](crate::Builder::accepted_keys).
pub const DEFAULT_ACCEPTED_KEYS: usize = 1_000_000;
/// A longer key is not held.
const MAX_KEY: usize = 256;

/// Counts accepted messages by row key.
pub(crate) struct Counter {
    max: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    keys: HashMap<Arc<str>, u64>,
    total: u64,
    without_key: u64,
    dropped: u64,
}

impl Counter {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            counts: Mutex::default(),
        }
    }

    /// Counts an accepted request with this key.
    pub(crate) fn add(&self, key: Option<&str>) {
        let mut counts = self.counts.lock();
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            counts.without_key += 1;
            return;
        };
        counts.total += 1;
        if let Some(count) = counts.keys.get_mut(key) {
            *count += 1;
        } else if counts.keys.len() < self.max && key.len() <= MAX_KEY {
            counts.keys.insert(key.into(), 1);
        } else {
            counts.dropped += 1;
        }
    }

    pub(crate) fn clear(&self) {
        *self.counts.lock() = Counts::default();
    }

    pub(crate) fn snapshot(&self) -> AcceptedKeys {
        let counts = self.counts.lock();
        AcceptedKeys {
            keys: counts.keys.clone(),
            total: counts.total,
            without_key: counts.without_key,
            dropped: counts.dropped,
        }
    }
}

/// How often each row key was accepted, at one moment. The row key is the text of a request that receipts return
/// unchanged (`echo` in the spec; `ext` of an SMS).
#[derive(Clone)]
pub struct AcceptedKeys {
    keys: HashMap<Arc<str>, u64>,
    total: u64,
    without_key: u64,
    dropped: u64,
}

impl AcceptedKeys {
    /// How many requests with this key were accepted; `None` if this is not known, because the key is not held and
    /// [`dropped`](Self::dropped) is not 0.
    #[must_use]
    pub fn count(&self, key: &str) -> Option<u64> {
        let none = (self.dropped == 0).then_some(0);
        self.keys.get(key).copied().or(none)
    }

    /// The number of accepted requests with a key, including the dropped ones.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The number of keys that are held.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// The number of accepted requests whose operation has a key in its spec, but which had none.
    #[must_use]
    pub const fn without_key(&self) -> u64 {
        self.without_key
    }

    /// The number of accepted requests that are in no count, because the limit of keys was reached or the key is
    /// longer than 256 bytes.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// All keys that are held, with their counts, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.keys.iter().map(|(key, count)| (&**key, *count))
    }

    /// The keys that were accepted more than once, with their counts, sorted by key.
    #[must_use]
    pub fn repeated(&self) -> Vec<(&str, u64)> {
        let mut repeated: Vec<_> = self.iter().filter(|(_, count)| *count > 1).collect();
        repeated.sort_unstable();
        repeated
    }

    pub(crate) fn into_keys(self) -> impl Iterator<Item = (Arc<str>, u64)> {
        self.keys.into_iter()
    }
}

impl std::fmt::Debug for AcceptedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptedKeys")
            .field("total", &self.total)
            .field("keys", &self.keys.len())
            .field("without_key", &self.without_key)
            .field("dropped", &self.dropped)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_limit_no_count_is_wrong() {
        let counter = Counter::new(2);
        let long = "x".repeat(MAX_KEY + 1);
        for key in ["a", "b", "a", "c", "", &long, "a"] {
            counter.add(Some(key));
        }
        counter.add(None);
        let keys = counter.snapshot();
        assert_eq!((keys.total(), keys.keys()), (6, 2));
        assert_eq!((keys.dropped(), keys.without_key()), (2, 2));
        assert_eq!(keys.count("a"), Some(3));
        assert_eq!(keys.count("c"), None);
        assert_eq!(keys.repeated(), [("a", 3)]);
        counter.clear();
        assert_eq!(counter.snapshot().count("a"), Some(0));
    }

    #[test]
    fn a_million_keys_are_held() {
        let counter = Counter::new(DEFAULT_ACCEPTED_KEYS);
        for key in 0..1_000_000 {
            counter.add(Some(&key.to_string()));
        }
        let keys = counter.snapshot();
        assert_eq!((keys.keys(), keys.dropped()), (1_000_000, 0));
        assert_eq!(keys.count("999999"), Some(1));
    }
}
