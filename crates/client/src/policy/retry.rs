//! Whether a failed attempt is followed by another: a pure decision, the delay before it, and the session's budget.

use std::fmt;
use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

use crate::{CodeKind, Error, ErrorKind, Outcome};

/// When a failed attempt is followed by another one, and after what delay.
///
/// By default a call makes at most three attempts. Another one follows only when
///
/// - nothing was sent (no name, no connection, no TLS), or
/// - the platform said that it did not act, for a reason that passes (its rate limit, HTTP 429), or
/// - the operation only reads, and the outcome is unknown (time-out, broken connection, unreadable reply, HTTP 5xx).
///
/// A send whose outcome is unknown is not repeated; see [`repeat_unknown_sends`](Self::repeat_unknown_sends).
///
/// The delay is exponential with full jitter: a random one between zero and 250 ms before the second attempt, 500 ms before
/// the third, and so on up to 20 s. A `Retry-After` of the platform is waited for; one longer than 60 s ends the call.
///
/// ```
/// use nxcloud_client::{Credentials, RetryPolicy, Session};
/// use std::time::Duration;
///
/// let patient = RetryPolicy::new().max_attempts(5).base_delay(Duration::from_secs(1));
/// let session = Session::builder()
///     .credentials(Credentials::nxcloud("my-access-key", "my-access-secret")?)
///     .total_timeout(Duration::from_secs(300)) // attempts and delays together
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

    /// One attempt and no other. A request with a wrong clock is still signed again once; see
    /// [`learn_clock`](crate::SessionBuilder::learn_clock).
    pub const fn never() -> Self {
        Self::new().max_attempts(1)
    }

    /// The greatest number of attempts of a call, the first one included; 0 counts as 1.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The upper end of the random delay before the second attempt; it doubles with each further one.
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Where the doubling ends.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The longest `Retry-After` that a call waits for; a longer one ends it with the platform's error. A service with a
    /// [`RateLimit`](crate::RateLimit) is left alone for at most this long.
    pub const fn max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = wait;
        self
    }

    /// Whether a send is repeated when nobody knows whether the platform acted: false by default.
    ///
    /// With true, a message may be delivered and billed once for every attempt of the call: the platform documents no key by
    /// which it would recognise the second request as the first. It suits messages that must arrive and may arrive twice.
    pub const fn repeat_unknown_sends(mut self, on: bool) -> Self {
        self.repeat_unknown_sends = on;
        self
    }

    pub(crate) const fn longest_retry_after(&self) -> Duration {
        self.max_retry_after
    }

    /// What follows the failed attempt with this number, counted from 1. `safe` is true for operations that only read.
    ///
    /// The same arguments always give the same answer; the budget and the time that is left are looked at afterwards.
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

    /// The greatest delay before the attempt after this one, counted from 1.
    fn delay_limit(&self, attempt: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base_delay.saturating_mul(doubled).min(self.max_delay)
    }

    /// The delay before the attempt after this one: full jitter, drawn between zero and the limit, which spreads callers best.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        self.delay_limit(attempt).mul_f64(fastrand::f64())
    }
}

/// What the decision needs to know of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a plain argument that callers and tests build"
)]
pub struct Failure {
    /// Whether the platform may have acted.
    pub outcome: Outcome,
    /// Whether another attempt may end differently: no connection, a rate limit, a time-out. False for a reply that says both
    /// success and failure, which must not be asked for again.
    pub temporary: bool,
    /// How long the platform asked to wait.
    pub retry_after: Option<Duration>,
}

impl From<&Error> for Failure {
    /// A failure is temporary when nothing was sent for a reason that passes (no connection, the session's own rate limit), when the
    /// platform refused because calls come too fast, and when the outcome is unknown; unless the reply itself decides it
    /// (`call/verdict.rs`).
    fn from(error: &Error) -> Self {
        let outcome = error.outcome();
        let passes = match error.kind() {
            ErrorKind::Connect
            | ErrorKind::Throttled
            | ErrorKind::ResultCode(CodeKind::RateLimit) => true,
            _ => outcome == Outcome::Unknown,
        };
        Self {
            outcome,
            temporary: error.reply_is_temporary().unwrap_or(passes),
            retry_after: error.retry_after(),
        }
    }
}

impl Failure {
    /// Whether the platform said that calls come too fast.
    pub(crate) fn is_too_fast(self) -> bool {
        self.outcome == Outcome::Rejected && self.temporary
    }
}

impl Error {
    /// Whether the same call may succeed later without a second message being sent.
    ///
    /// True when nothing was sent for a reason that passes, when the platform refused for the moment, and for reads whose outcome
    /// is unknown.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let failure = Failure::from(self);
        failure.temporary && (failure.outcome != Outcome::Unknown || self.is_of_a_read())
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an answer to match on")]
pub enum Decision {
    /// Another attempt, not before this time has passed.
    Retry {
        /// What the platform asked for; zero when it did not.
        at_least: Duration,
    },
    /// The call ends with this failure.
    Stop,
}

/// How many retries all calls of a session may make together, so that an outage is not made worse by its victims.
///
/// Over the last ten seconds, `percent` of the calls plus `per_second` times ten may be retried. When that is used up, calls
/// end with their first failure. The default is 20 % and 10 a second.
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
    /// Retries for `percent` of the calls (at most 1000) and `per_second` more (at most 1,000,000).
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
        // The limits keep clear of the panics of the constructor.
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

    /// Takes one retry out; false when none is left.
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
