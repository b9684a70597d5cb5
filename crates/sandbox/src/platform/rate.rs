//! The enforced rate of sends.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

/// GCRA: the next theoretical arrival time, or the time to wait.
type Gcra = fn(NonZeroU32, NonZeroU32, Duration, Duration) -> Result<Duration, Duration>;

/// The maximum rate of the sends of each account and service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: NonZeroU32,
    pub(crate) burst: NonZeroU32,
    pub(crate) gcra: Gcra,
}

/// Enforces a rate.
pub(crate) struct Limiter {
    rate: Rate,
    uses: Mutex<Uses>,
}

/// The state of a limiter.
#[derive(Default)]
pub(crate) struct Uses {
    /// By access key and service.
    buckets: HashMap<(String, String), Bucket>,
    report: RateReport,
}

#[derive(Default)]
struct Bucket {
    arrival: Duration,
    /// The current second of the clock, and the sends in it.
    second: u64,
    sends: u64,
}

/// What the enforced rate did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct RateReport {
    /// The number of sends that were refused as too fast.
    pub refused: u64,
    /// The most sends, accepted and refused as too fast, of one account and service in one second of the clock.
    pub highest: u64,
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            uses: Mutex::default(),
        }
    }

    /// `None` if another request holds the state and this one must not wait.
    pub(crate) fn lock(&self, wait: bool) -> Option<MutexGuard<'_, Uses>> {
        if wait {
            Some(self.uses.lock())
        } else {
            self.uses.try_lock()
        }
    }

    /// Whether a send at this time conforms to the rate. Changes nothing.
    pub(crate) fn conforms(&self, uses: &Uses, account: &str, service: &str, now: u64) -> bool {
        let key = (account.to_owned(), service.to_owned());
        let arrival = uses.buckets.get(&key).map(|bucket| bucket.arrival);
        self.next(now, arrival.unwrap_or_default()).is_some()
    }

    /// Counts a send at this time.
    pub(crate) fn count(&self, uses: &mut Uses, account: &str, service: &str, now: u64) {
        let key = (account.to_owned(), service.to_owned());
        let bucket = uses.buckets.entry(key).or_default();
        match self.next(now, bucket.arrival) {
            Some(next) => bucket.arrival = next,
            None => uses.report.refused += 1,
        }
        if bucket.second != now / 1000 {
            bucket.second = now / 1000;
            bucket.sends = 0;
        }
        bucket.sends += 1;
        uses.report.highest = uses.report.highest.max(bucket.sends);
    }

    fn next(&self, now: u64, arrival: Duration) -> Option<Duration> {
        let Rate {
            per_second,
            burst,
            gcra,
        } = self.rate;
        gcra(per_second, burst, Duration::from_millis(now), arrival).ok()
    }

    pub(crate) fn report(&self) -> RateReport {
        self.uses.lock().report
    }

    pub(crate) fn clear(&self) {
        *self.uses.lock() = Uses::default();
    }
}
