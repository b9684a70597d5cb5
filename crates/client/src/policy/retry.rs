//! Retries: the decision (a pure function), the delay, and the session's budget.

use std::fmt;
use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

use crate::{CodeKind, Error, ErrorKind, Outcome};

/// When to retry a failed attempt, and after which delay.
///
/// By default, a call makes at most three attempts. It retries only if
///
/// - nothing was sent (name resolution, connection or TLS failed), or
/// - the platform rejected the request for a temporary reason (its rate limit, HTTP 429), or
/// - the operation only reads, and the outcome is unknown (time-out, broken connection, unreadable reply, HTTP 5xx).
///
/// A send with an unknown outcome is not repeated; see [`repeat_unknown_sends`](Self::repeat_unknown_sends).
///
/// The delay is exponential with full jitter: random, between zero and 250 ms before the second attempt, 500 ms before the third, and so
/// on up to 20 s. If the platform sends `Retry-After`, the call waits at least that long; a `Retry-After` of more than 60 s ends the call.
///
/// ```
/// use nxcloud_client::{Credentials, RetryPolicy, Session};
/// use std::time::Duration;
///
/// let patient = RetryPolicy::new().max_attempts(5).base_delay(Duration::from_secs(1));
/// let session = Session::builder()
///     .credentials(Credentials::nxcloud("my-access-key", "my-access-secret")?)
///     .total_timeout(Duration::from_secs(300)) // for all attempts and delays
///     .retry(patient)
///     .build()?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    max_retry_after: Duration,
    repeat_unknown_sends: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy {
    /// The default policy.
    pub const fn new() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
            repeat_unknown_sends: false,
        }
    }

    /// No retries. After a clock error, the request is still signed and sent again once; see
    /// [`learn_clock`](crate::SessionBuilder::learn_clock).
    pub const fn never() -> Self {
        Self::new().max_attempts(1)
    }

    /// The maximum number of attempts per call, including the first one. 0 counts as 1.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The maximum delay before the second attempt. It doubles with each further attempt.
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The maximum delay before any attempt.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The longest `Retry-After` that a call waits for. A longer one ends the call with the platform's error. It is also the longest pause
    /// of a service with a [`RateLimit`](crate::RateLimit).
    pub const fn max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = wait;
        self
    }

    /// Whether to repeat sends with an unknown outcome: false by default.
    ///
    /// With true, a message may be delivered and billed once per attempt, because the platform documents no idempotency key. Use it for
    /// messages that must arrive and may arrive twice.
    pub const fn repeat_unknown_sends(mut self, on: bool) -> Self {
        self.repeat_unknown_sends = on;
        self
    }

    pub(crate) const fn longest_retry_after(&self) -> Duration {
        self.max_retry_after
    }

    /// Decides what follows the failed attempt with this number, counted from 1. `safe` is true for operations that only read.
    ///
    /// This is a pure function. The budget and the remaining time are checked afterwards.
    #[must_use]
    pub fn decide(&self, safe: bool, failure: Failure, attempt: u32) -> Decision {
        let may_repeat = match failure.outcome {
            Outcome::NotSent | Outcome::Rejected => failure.temporary,
            Outcome::Unknown => failure.temporary && (safe || self.repeat_unknown_sends),
        };
        let at_least = failure.retry_after.unwrap_or_default();
        if may_repeat && attempt < self.max_attempts && at_least <= self.max_retry_after {
            Decision::Retry { at_least }
        } else {
            Decision::Stop
        }
    }

    /// The maximum delay after the attempt with this number, counted from 1.
    fn delay_limit(&self, attempt: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base_delay.saturating_mul(doubled).min(self.max_delay)
    }

    /// The delay after the attempt with this number: random between zero and the maximum (full jitter), which spreads callers best.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        self.delay_limit(attempt).mul_f64(fastrand::f64())
    }
}

/// The properties of a failed attempt that the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a plain argument that callers and tests build"
)]
pub struct Failure {
    /// Whether the platform may have acted.
    pub outcome: Outcome,
    /// Whether another attempt may end differently: no connection, a rate limit, a time-out. False for a reply that means both success
    /// and failure: such a request must not be repeated.
    pub temporary: bool,
    /// How long the platform asked to wait.
    pub retry_after: Option<Duration>,
}

impl From<&Error> for Failure {
    /// A failure is temporary if nothing was sent for a temporary reason (no connection, the session's own rate limit), if the platform
    /// rejected the request because requests come too fast, or if the outcome is unknown. The reply can override this
    /// (`call/verdict.rs`).
    fn from(error: &Error) -> Self {
        let outcome = error.outcome();
        let is_temporary = match error.kind() {
            ErrorKind::Connect
            | ErrorKind::Throttled
            | ErrorKind::ResultCode(CodeKind::RateLimit) => true,
            _ => outcome == Outcome::Unknown,
        };
        Self {
            outcome,
            temporary: error.reply_is_temporary().unwrap_or(is_temporary),
            retry_after: error.retry_after(),
        }
    }
}

impl Failure {
    /// Whether the platform rejected the attempt because requests come too fast.
    pub(crate) fn is_too_fast(self) -> bool {
        self.outcome == Outcome::Rejected && self.temporary
    }
}

impl Error {
    /// Whether the same call may succeed later, without the risk of sending a message twice.
    ///
    /// True if nothing was sent for a temporary reason, if the platform rejected the request for a temporary reason, and for reads with an
    /// unknown outcome.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let failure = Failure::from(self);
        failure.temporary && (failure.outcome != Outcome::Unknown || self.is_from_a_read())
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers match on it")]
pub enum Decision {
    /// Another attempt follows, after this time at the earliest.
    Retry {
        /// The wait that the platform asked for; zero if it asked for none.
        at_least: Duration,
    },
    /// The call ends with this failure.
    Stop,
}

/// How many retries all calls of a session may make together. It keeps retries from making an outage worse.
///
/// Within ten seconds, `percent` of the calls plus ten times `per_second` may be retried. When the budget is used up, calls end with their
/// first failure. The default is 20 % plus 10 per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryBudget {
    percent: u32,
    per_second: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(20, 10)
    }
}

impl RetryBudget {
    /// Allows retries for `percent` of the calls (at most 1000) plus `per_second` more (at most 1,000,000).
    pub const fn new(percent: u32, per_second: u32) -> Self {
        Self {
            percent,
            per_second,
        }
    }
}

/// The budget in use.
pub(crate) struct Budget(Option<TpsBudget>);

impl Budget {
    pub(crate) fn new(budget: Option<RetryBudget>) -> Self {
        // Outside these limits, the constructor panics.
        Self(budget.map(
            |RetryBudget {
                 percent,
                 per_second,
             }| {
                let share = f32::from(u16::try_from(percent.min(1000)).unwrap_or(1000)) / 100.0;
                TpsBudget::new(Duration::from_secs(10), per_second.min(1_000_000), share)
            },
        ))
    }

    /// Counts a call.
    pub(crate) fn deposit(&self) {
        if let Some(budget) = &self.0 {
            budget.deposit();
        }
    }

    /// Takes one retry from the budget; false if it is used up.
    pub(crate) fn withdraw(&self) -> bool {
        self.0.as_ref().is_none_or(|budget| budget.withdraw())
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Budget")
    }
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
