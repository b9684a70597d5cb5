//! When a campaign stops by itself, and when it slows down: pure decisions over the ends of attempts.

use std::time::Duration;

use crate::state::{AccountProblem, Attempt, AttemptResult};

/// When a campaign stops by itself. It is then paused, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BreakerLimits {
    unknown: u32,
    permission: u32,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self {
            unknown: 20,
            permission: 5,
        }
    }
}

impl BreakerLimits {
    /// After 20 unknown outcomes or 5 refused permissions, without an accepted or rejected row between. An empty balance, an account that
    /// is not recognised and a wrong setting stop it immediately.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many unknown outcomes in a row stop the campaign; 0 counts as 1.
    pub fn unknown_in_a_row(mut self, limit: u32) -> Self {
        self.unknown = limit.max(1);
        self
    }

    /// How many refused permissions in a row stop the campaign; 0 counts as 1.
    pub fn refused_permissions_in_a_row(mut self, limit: u32) -> Self {
        self.permission = limit.max(1);
        self
    }
}

/// Watches the ends of attempts in the order in which they come.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    limits: BreakerLimits,
    unknown: u32,
    permission: u32,
}

impl Breaker {
    pub(crate) fn new(limits: BreakerLimits) -> Self {
        Self {
            limits,
            unknown: 0,
            permission: 0,
        }
    }

    /// Why the campaign has to stop after this one, if it has to.
    pub(crate) fn observe(&mut self, attempt: &Attempt) -> Option<String> {
        match attempt.result {
            AttemptResult::Unknown => {
                self.unknown += 1;
                let count = self.unknown;
                (count >= self.limits.unknown).then(|| {
                    format!(
                        "the outcome of {count} sends in a row is unknown; the last: {}",
                        attempt.reason
                    )
                })
            }
            AttemptResult::Account(AccountProblem::Permission) => {
                self.permission += 1;
                let count = self.permission;
                (count >= self.limits.permission).then(|| {
                    format!("the platform refused {count} sends in a row for lack of a permission; the last: {}", attempt.reason)
                })
            }
            AttemptResult::Account(_) => Some(attempt.reason.clone()),
            AttemptResult::Accepted | AttemptResult::Rejected => {
                (self.unknown, self.permission) = (0, 0);
                None
            }
            // They say nothing of the account, nor of the platform's health.
            AttemptResult::NotSent
            | AttemptResult::TooFast
            | AttemptResult::Quota
            | AttemptResult::Invalid => None,
        }
    }
}

/// How long the account is left alone after refusals that say "too fast", and while nothing can be sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlowDown {
    level: u32,
    /// The end of the last pause.
    until: Duration,
}

/// The longest pause of an account; the ledger keeps no longer one.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl SlowDown {
    /// How long nothing of the account may be claimed after this attempt; `now` is a time since any origin.
    pub(crate) fn observe(&mut self, attempt: &Attempt, now: Duration) -> Option<Duration> {
        let slow = attempt.too_fast || attempt.result == AttemptResult::NotSent;
        if !slow {
            if attempt.result == AttemptResult::Accepted {
                self.level = self.level.saturating_sub(1);
            }
            return None;
        }
        let asked = attempt.retry_after.unwrap_or_default();
        // Refusals of requests that were in flight together count once.
        let own = if now >= self.until {
            self.level = (self.level + 1).min(7);
            Duration::from_millis(250 << self.level)
        } else {
            Duration::ZERO
        };
        let pause = asked.max(own).min(LONGEST_PAUSE);
        let until = now + pause;
        (until > self.until).then(|| {
            self.until = until;
            pause
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(result: AttemptResult) -> Attempt {
        Attempt::new(result).with_reason("why")
    }

    #[test]
    fn unknown_outcomes_in_a_row_stop_it() {
        let mut breaker = Breaker::new(BreakerLimits::new().unknown_in_a_row(3));
        let mut observe = |result| breaker.observe(&attempt(result));
        use AttemptResult as R;
        for calm in [
            R::Unknown,
            R::Unknown,
            R::Accepted,
            R::Unknown,
            R::Rejected,
            R::Unknown,
        ] {
            assert_eq!(observe(calm), None);
        }
        assert_eq!(observe(R::NotSent), None, "it says nothing");
        assert_eq!(observe(R::Unknown), None);
        let reason = observe(R::Unknown).unwrap();
        assert_eq!(
            reason,
            "the outcome of 3 sends in a row is unknown; the last: why"
        );
    }

    #[test]
    fn the_account_stops_it_at_once_and_a_permission_after_some() {
        for problem in [
            AccountProblem::Balance,
            AccountProblem::Authentication,
            AccountProblem::Configuration,
        ] {
            let mut breaker = Breaker::new(BreakerLimits::new());
            let account = attempt(AttemptResult::Account(problem));
            assert_eq!(breaker.observe(&account).as_deref(), Some("why"));
        }
        let mut breaker = Breaker::new(BreakerLimits::new().refused_permissions_in_a_row(2));
        let refused = attempt(AttemptResult::Account(AccountProblem::Permission));
        assert_eq!(breaker.observe(&refused), None);
        assert_eq!(breaker.observe(&attempt(AttemptResult::Accepted)), None);
        assert_eq!(breaker.observe(&refused), None);
        assert!(breaker.observe(&refused).is_some());
    }

    #[test]
    fn refusals_under_way_together_slow_down_once() {
        let mut slow = SlowDown::default();
        let fast = attempt(AttemptResult::TooFast);
        let seconds = Duration::from_secs;
        assert_eq!(
            slow.observe(&fast, seconds(10)),
            Some(Duration::from_millis(500))
        );
        assert_eq!(slow.observe(&fast, seconds(10)), None);
        assert_eq!(
            slow.observe(&fast, seconds(11)),
            Some(seconds(1)),
            "the second time is longer"
        );
        let mut asked = fast.clone();
        asked.retry_after = Some(seconds(5));
        assert_eq!(
            slow.observe(&asked, seconds(11)),
            Some(seconds(5)),
            "the pause that the platform requests counts"
        );
        asked.retry_after = Some(seconds(7200));
        assert_eq!(slow.observe(&asked, seconds(11)), Some(LONGEST_PAUSE));
        assert_eq!(
            slow.observe(&attempt(AttemptResult::Accepted), seconds(12)),
            None
        );
    }
}
