//! The rate limit on this side: one bucket for each service of a session's account.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::{Error, trace};

/// How long a service is left alone when the platform says "too fast" without saying for how long.
const PAUSE: Duration = Duration::from_secs(1);

/// How fast a session may call a service.
///
/// ```
/// use nxcloud_client::{Credentials, RateLimit, Session};
///
/// let session = Session::builder(Credentials::nxcloud("key", "secret")?)
///     .rate_limit(RateLimit::per_second(50).burst(100))                  // every service, each for itself
///     .rate_limit_for("number-check", RateLimit::per_second(5).failing()) // but this one
///     .build()?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RateLimit {
    per_second: u32,
    burst: u32,
    when_full: OnLimit,
}

/// What a call does when its rate limit has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLimit {
    /// Waits in line, at most until the call's total time is up. Each wait is an event of the call's span.
    Wait,
    /// Fails at once with [`ErrorKind::Throttled`](crate::ErrorKind::Throttled), which says how long to wait.
    Fail,
}

impl RateLimit {
    /// So many attempts a second, as many at once, and calls wait for room.
    pub const fn per_second(attempts: u32) -> Self {
        Self {
            per_second: attempts,
            burst: attempts,
            when_full: OnLimit::Wait,
        }
    }

    /// So many attempts at once after a time without any.
    pub const fn burst(mut self, attempts: u32) -> Self {
        self.burst = attempts;
        self
    }

    /// Calls fail instead of waiting for room; see [`OnLimit::Fail`].
    pub const fn failing(mut self) -> Self {
        self.when_full = OnLimit::Fail;
        self
    }

    fn quota(self) -> Option<Quota> {
        let per_second = NonZeroU32::new(self.per_second)?;
        let burst = NonZeroU32::new(self.burst)?;
        Some(Quota::per_second(per_second).allow_burst(burst))
    }

    /// # Errors
    ///
    /// When a number is zero.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self.quota() {
            Some(_) => Ok(()),
            None => Err(Error::configuration(
                "a rate limit of zero would let nothing through; leave it out to have none",
            )),
        }
    }
}

/// Waits for a time, by default with tokio's timer.
pub(crate) type Sleep =
    Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// tokio's clock, which tests can stop, as governor reads it.
#[derive(Clone)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The limits of a session, and the buckets in use.
pub(crate) struct Limits {
    general: Option<RateLimit>,
    by_service: HashMap<String, RateLimit>,
    buckets: Mutex<HashMap<&'static str, Arc<Bucket>>>,
}

impl Limits {
    pub(crate) fn new(general: Option<RateLimit>, by_service: HashMap<String, RateLimit>) -> Self {
        Self {
            general,
            by_service,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// The bucket of a service, if the session has a limit for it.
    pub(crate) fn bucket(&self, service: &'static str) -> Option<Arc<Bucket>> {
        let limit = self.by_service.get(service).copied().or(self.general)?;
        let quota = limit.quota()?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry(service)
            .or_insert_with(|| Arc::new(Bucket::new(limit.when_full, quota)));
        Some(Arc::clone(bucket))
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("general", &self.general)
            .field("by_service", &self.by_service)
            .finish_non_exhaustive()
    }
}

/// The limit of one service at work.
pub(crate) struct Bucket {
    when_full: OnLimit,
    clock: Monotonic,
    limiter: RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Duration>>,
    /// Who waits, waits in line: without it a late caller could overtake an early one for ever.
    line: Semaphore,
    /// Until when the platform wants to be left alone.
    paused_until: Mutex<Option<Instant>>,
}

impl Bucket {
    fn new(when_full: OnLimit, quota: Quota) -> Self {
        let clock = Monotonic(Instant::now());
        Self {
            when_full,
            clock: clock.clone(),
            limiter: RateLimiter::direct_with_clock(quota, clock),
            line: Semaphore::new(1),
            paused_until: Mutex::new(None),
        }
    }

    /// Takes room for one attempt, waiting for it if that is wanted and possible before the deadline.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled) when there is none.
    pub(crate) async fn take(
        &self,
        when_full: Option<OnLimit>,
        deadline: Option<Instant>,
        sleep: &Sleep,
    ) -> Result<(), Error> {
        if when_full.unwrap_or(self.when_full) == OnLimit::Fail {
            return self.try_take().map_err(Error::throttled);
        }
        let turn = self.line.acquire();
        // The semaphore is never closed, so that the only failure is the deadline.
        let _turn = match deadline {
            Some(deadline) => timeout_at(deadline, turn)
                .await
                .map_err(|_| Error::throttled(self.missing().unwrap_or_default()))?,
            None => turn.await,
        };
        while let Err(wait) = self.try_take() {
            if deadline.is_some_and(|deadline| Instant::now() + wait > deadline) {
                return Err(Error::throttled(wait));
            }
            trace::waiting(wait);
            sleep(wait).await;
        }
        Ok(())
    }

    /// Takes room, or says how long there will be none.
    fn try_take(&self) -> Result<(), Duration> {
        if let Some(wait) = self.missing() {
            return Err(wait);
        }
        self.limiter
            .check()
            .map_err(|full| full.wait_time_from(self.clock.now()))
    }

    /// What is left of a pause.
    fn missing(&self) -> Option<Duration> {
        let until = *self.paused();
        let left = until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Lets nothing through for a while, because the platform said "too fast": as long as it asked for, but not longer than `most`,
    /// so that one absurd reply does not stop a service.
    pub(crate) fn pause(&self, asked: Option<Duration>, most: Duration) {
        let now = Instant::now();
        let Some(until) = now.checked_add(asked.unwrap_or(PAUSE).min(most)) else {
            return;
        };
        let mut paused = self.paused();
        *paused = Some(paused.map_or(until, |earlier| earlier.max(until)));
    }

    fn paused(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "rate_limit_tests.rs"]
mod tests;
