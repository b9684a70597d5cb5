//! The arithmetic of a rate limit: the generic cell rate algorithm (GCRA), as a pure function.

use std::num::NonZeroU32;
use std::time::Duration;

/// Decides whether an event conforms to a rate limit: `Ok` with the next theoretical arrival time if it does, `Err` with the time to wait
/// if it does not. A refused event changes nothing.
///
/// - `rate`: events per second. `burst`: events that may happen at once after a pause.
/// - `now` and `arrival`: times since the same origin, with nanosecond resolution. `arrival` is the theoretical arrival time: when the
///   next event would come if all events were evenly spaced. It is the only state of the limit and starts at zero.
///
/// A call with `now` plus the time to wait is granted. In any window of `t` seconds, both ends included, at most `burst + rate * t`
/// events are granted.
///
/// The interval between two events is a second divided by the rate, rounded up to a whole nanosecond. The rate is therefore never
/// exceeded, and reached except for `rate` billionths of it. Rates above 1,000,000,000 count as 1,000,000,000.
///
/// # Errors
///
/// The time to wait, greater than zero.
pub fn gcra(
    rate: NonZeroU32,
    burst: NonZeroU32,
    now: Duration,
    arrival: Duration,
) -> Result<Duration, Duration> {
    let interval = interval(rate);
    // At most 2^32 seconds.
    let tolerance = interval * (burst.get() - 1);
    match arrival.saturating_sub(tolerance).checked_sub(now) {
        Some(wait) if !wait.is_zero() => Err(wait),
        _ => Ok(arrival.max(now).saturating_add(interval)),
    }
}

/// The time between two events at this rate per second.
pub(crate) fn interval(rate: NonZeroU32) -> Duration {
    Duration::from_nanos(1_000_000_000_u64.div_ceil(rate.get().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = NonZeroU32> {
        let any = prop_oneof![1..=20_u32, 1..=5_000_u32, 1..=u32::MAX, Just(u32::MAX)];
        any.prop_map(|number| NonZeroU32::new(number).unwrap())
    }

    /// `burst + rate * t` for `t` in nanoseconds, rounded down.
    fn maximum(rate: NonZeroU32, burst: NonZeroU32, window: Duration) -> u128 {
        u128::from(burst.get()) + u128::from(rate.get()) * window.as_nanos() / 1_000_000_000
    }

    /// The minimum number of events in a window, if the limit is unused at its start.
    fn minimum(rate: NonZeroU32, burst: NonZeroU32, window: Duration) -> u128 {
        let interval = 1_000_000_000_u128.div_ceil(rate.get().into());
        u128::from(burst.get()) + window.as_nanos() / interval
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_burst_and_rate(
            rate in number(),
            burst in number(),
            origin in 0..u64::MAX / 2,
            steps in proptest::collection::vec((0..4_u32, 0..3_000_000_000_u64), 1..200),
        ) {
            let interval = 1_000_000_000 / u64::from(rate.get()) + 1;
            let (mut now, mut arrival) = (Duration::from_nanos(origin), Duration::ZERO);
            let mut granted = Vec::new();
            for (kind, step) in steps {
                now += Duration::from_nanos(match kind {
                    0 => 0,
                    1 => step % interval,
                    2 => interval,
                    _ => step,
                });
                match gcra(rate, burst, now, arrival) {
                    Ok(next) => {
                        prop_assert!(next > now && next > arrival);
                        arrival = next;
                        granted.push(now);
                    }
                    Err(wait) => {
                        prop_assert!(!wait.is_zero());
                        prop_assert!(gcra(rate, burst, now + wait, arrival).is_ok());
                        let before = now + wait - Duration::from_nanos(1);
                        prop_assert_eq!(gcra(rate, burst, before, arrival), Err(Duration::from_nanos(1)));
                    }
                }
            }
            for (at, first) in granted.iter().enumerate() {
                for (further, last) in granted[at..].iter().enumerate() {
                    prop_assert!((further as u128) < maximum(rate, burst, *last - *first));
                }
            }
        }

        #[test]
        fn the_rate_is_reached(rate in number(), burst in 1..50_u32, waits in 1..200_usize) {
            let burst = NonZeroU32::new(burst).unwrap();
            let origin = Duration::from_secs(1);
            let (mut now, mut arrival, mut granted) = (origin, Duration::ZERO, 0);
            for _ in 0..waits {
                let wait = loop {
                    match gcra(rate, burst, now, arrival) {
                        Ok(next) => (arrival, granted) = (next, granted + 1),
                        Err(wait) => break wait,
                    }
                    prop_assert!(granted <= minimum(rate, burst, now - origin));
                };
                prop_assert_eq!(granted, minimum(rate, burst, now - origin));
                now += wait;
            }
        }

        #[test]
        fn no_argument_overflows(rate in number(), burst in number(), now: Duration, arrival: Duration) {
            if let Err(wait) = gcra(rate, burst, now, arrival) {
                prop_assert!(gcra(rate, burst, now + wait, arrival).is_ok());
            }
        }
    }

    #[test]
    fn documented_rates_are_exact_to_the_nanosecond() {
        for (rate, nanos) in [
            (1, 1_000_000_000),
            (3, 333_333_334),
            (2_000, 500_000),
            (1_000_000_000, 1),
            (u32::MAX, 1),
        ] {
            let rate = NonZeroU32::new(rate).unwrap();
            let (now, interval) = (Duration::from_secs(9), Duration::from_nanos(nanos));
            assert_eq!(
                gcra(rate, NonZeroU32::MIN, now, Duration::ZERO),
                Ok(now + interval)
            );
            assert_eq!(
                gcra(rate, NonZeroU32::MIN, now, now + interval),
                Err(interval)
            );
        }
    }
}
