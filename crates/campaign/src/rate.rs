//! The rate of an account.

use std::num::NonZeroU32;

/// How many requests a second may start, over all campaigns of an account and service; kept in the ledger.
///
/// In any time of `t` seconds at most `burst + rate * t` requests start (GCRA).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Rate {
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl Rate {
    /// Requests per second; 0 counts as 1. A twentieth of that may start together (the burst).
    pub fn per_second(requests: u32) -> Self {
        let at_least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            per_second: at_least_one(requests),
            burst: at_least_one(requests / 20),
        }
    }

    /// How many requests may start at once after a pause; 0 counts as 1.
    pub fn with_burst(mut self, requests: u32) -> Self {
        self.burst = NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// Requests a second.
    #[must_use]
    pub const fn rate(self) -> NonZeroU32 {
        self.per_second
    }

    /// Requests at once.
    #[must_use]
    pub const fn burst(self) -> NonZeroU32 {
        self.burst
    }
}
