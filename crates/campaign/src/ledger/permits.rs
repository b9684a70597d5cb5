//! The rate of an account: GCRA for several requests at once.

use std::time::Duration;

use crate::breaker::LONGEST_PAUSE;
use crate::clock::{Nanos, nanos};

/// What a ledger keeps of the rate of an account and service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// Requests a second; 0 for no limit.
    pub(crate) rate: i64,
    pub(crate) burst: i64,
    /// The theoretical arrival time.
    pub(crate) arrival: Nanos,
    pub(crate) paused_until: Nanos,
}

/// How many requests may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permits {
    pub(crate) granted: u32,
    /// The arrival time to be kept, if it changes.
    pub(crate) arrival: Option<Nanos>,
    /// How long to wait before there are some more.
    pub(crate) wait: Option<Duration>,
}

impl Bucket {
    /// Whether the account is paused. A pause that ends later than any can comes from a clock that was set back, and is none.
    fn paused(&self, now: Nanos) -> bool {
        self.paused_until > now && self.paused_until <= now + nanos(LONGEST_PAUSE)
    }

    /// Until when a pause of this length lasts; the longer one counts.
    pub(crate) fn slow_down(&self, now: Nanos, pause: Duration) -> Nanos {
        let until = now + nanos(pause.min(LONGEST_PAUSE));
        if self.paused(now) {
            until.max(self.paused_until)
        } else {
            until
        }
    }

    /// Takes requests out of the rate.
    ///
    /// The first is granted while the arrival is at most the tolerance ahead, each further one is a period later. An arrival further ahead
    /// than any request can have put it comes from a clock that was set back; it counts as the furthest that still grants one.
    pub(crate) fn take(&self, now: Nanos, max_claims: u32) -> Permits {
        let wait = |from: Nanos| {
            Some(Duration::from_nanos(
                u64::try_from(from).unwrap_or_default(),
            ))
        };
        let none = Permits {
            granted: 0,
            arrival: None,
            wait: None,
        };
        if self.paused(now) {
            return Permits {
                wait: wait(self.paused_until - now),
                ..none
            };
        }
        if self.rate == 0 {
            return Permits {
                granted: max_claims,
                ..none
            };
        }
        let period = (1_000_000_000 + self.rate - 1) / self.rate;
        let tolerance = period * (self.burst - 1);
        let base = if self.arrival > now + tolerance + period {
            now + tolerance
        } else {
            self.arrival.max(now)
        };
        let granted = if base > now + tolerance {
            0
        } else {
            i64::from(max_claims).min((now + tolerance - base) / period + 1)
        };
        // Until there are some more, so that it does not take a request for each; after a full burst that is as long as the burst lasts.
        let some = period * (self.burst / 2).max(1);
        Permits {
            granted: u32::try_from(granted).unwrap_or(max_claims),
            arrival: (granted > 0).then_some(base + granted * period),
            wait: wait(if granted == 0 {
                (self.arrival - tolerance - now).max(some)
            } else {
                some
            }),
        }
    }
}
