//! The time of a worker: that of the machine, but it does not go back while the worker runs.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment in nanoseconds since 1970, as ledgers keep it (until 2262).
pub(crate) type Nanos = i64;

/// A clock that follows the machine's forwards and never backwards.
#[derive(Debug)]
pub(crate) struct Clock {
    last: Mutex<(Duration, Instant)>,
    system: fn() -> SystemTime,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self::reading(SystemTime::now)
    }

    /// A clock over another source.
    pub(crate) fn reading(system: fn() -> SystemTime) -> Self {
        let now = since_1970(system());
        Self {
            last: Mutex::new((now, Instant::now())),
            system,
        }
    }

    /// The later of what the machine says and what it said last plus the time that passed since.
    pub(crate) fn now(&self) -> Nanos {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let instant = Instant::now();
        let (then, at) = *last;
        let now = since_1970((self.system)()).max(then + (instant - at));
        *last = (now, instant);
        nanos(now)
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A duration in nanoseconds, as far as that goes.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A moment of the machine as ledgers keep it.
pub(crate) fn moment(time: SystemTime) -> Nanos {
    nanos(since_1970(time))
}

/// The reverse.
pub(crate) fn time(at: Nanos) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(at).unwrap_or_default())
}

/// A moment as people write it: `2026-11-27T09:30:00Z`.
pub(crate) fn rfc3339(time: Nanos) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time) / 1_000_000 * 1_000_000)
        .map_or_else(|_| time.to_string(), |time| time.to_string())
}

/// The same of a system time.
pub(crate) fn written(time: SystemTime) -> String {
    rfc3339(nanos(since_1970(time)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn it_follows_the_machine_forwards_and_not_backwards() {
        static SECONDS: AtomicU64 = AtomicU64::new(1_000_000);
        let clock =
            Clock::reading(|| UNIX_EPOCH + Duration::from_secs(SECONDS.load(Ordering::SeqCst)));
        let first = clock.now();
        SECONDS.store(2_000_000, Ordering::SeqCst);
        let second = clock.now();
        assert!(second >= 2_000_000_000_000_000 && second > first);
        SECONDS.store(5, Ordering::SeqCst);
        let third = clock.now();
        assert!(third >= second, "an hour back is no hour of waiting");
        assert_eq!(
            rfc3339(1_764_235_800_123_456_789),
            "2025-11-27T09:30:00.123Z"
        );
    }
}
