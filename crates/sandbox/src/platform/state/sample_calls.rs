//! Sample calls: the same ones for every account and every day.

use serde_json::Value;

/// Calls per day, one every two hours from midnight UTC.
const CALLS: u64 = 12;
/// Maximum number of days of a period. Of a longer one, the last days are used.
const MAX_DAYS: u64 = 31;
const MILLIS_OF_DAY: u64 = 24 * 60 * 60 * 1000;

/// One call.
pub(super) struct SampleCall<'a> {
    /// Unique for each call.
    pub(super) number: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) start: u64,
    /// Selects among the variants of a call.
    pub(super) example: &'a Value,
}

/// The calls that started between two timestamps (inclusive), oldest first. Days after today have no calls.
pub(super) fn between(examples: &[Value], from: u64, to: u64, now: u64) -> Vec<SampleCall<'_>> {
    let last = to.min(now) / MILLIS_OF_DAY;
    let first = (from / MILLIS_OF_DAY).max(last.saturating_sub(MAX_DAYS));
    let days = first..=last;
    days.flat_map(|day| (0..CALLS).map(move |at| (day, at)))
        .filter_map(|(day, at)| {
            let number = day.saturating_mul(CALLS).saturating_add(at);
            let start = number.saturating_mul(MILLIS_OF_DAY / CALLS);
            let turn = usize::try_from(at).unwrap_or_default() % examples.len().max(1);
            let example = examples.get(turn)?;
            (from <= start && start <= to).then_some(SampleCall {
                number,
                start,
                example,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn every_day_has_the_same_calls() {
        let examples = [json!("a"), json!("b")];
        let today = NOW / MILLIS_OF_DAY * MILLIS_OF_DAY;
        for day in [today, today - MILLIS_OF_DAY] {
            let calls = between(&examples, day, day + MILLIS_OF_DAY - 1, NOW);
            assert_eq!(calls.len(), 12);
            assert_eq!((calls[0].start, calls[0].example), (day, &json!("a")));
            assert_eq!(calls[11].example, "b");
        }
    }

    #[test]
    fn any_period_is_handled() {
        let examples = [json!("a")];
        let count = |from, to| between(&examples, from, to, NOW).len();
        assert_eq!(count(NOW + MILLIS_OF_DAY, u64::MAX), 0);
        assert_eq!(count(NOW, NOW - 1), 0);
        assert!(count(0, u64::MAX) <= 32 * 12);
        assert!(between(&[], 0, NOW, NOW).is_empty());
        assert!(between(&examples, 0, u64::MAX, u64::MAX).len() <= 32 * 12);
    }
}
