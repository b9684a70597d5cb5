//! Rate limits: the settings, and the limit in use of each service.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::policy::bucket::Bucket;
use crate::{Error, ServiceName};

/// How fast a session may call a service.
///
/// Callers queue in order. A window of `t` seconds contains at most `burst + per_second * t` attempts, plus one hundredth of
/// `per_second` if timers are late. The first second of a new session may therefore exceed the rate by `burst`.
///
/// ```
/// use nxcloud_client::{Credentials, RateLimit, Session};
/// # mod number_check { pub use nxcloud_client::codegen::service_name; pub const SERVICE: nxcloud_client::ServiceName = service_name("number-check"); }
///
/// let session = Session::builder()
///     .credentials(Credentials::nxcloud("key", "secret")?)
///     .rate_limit(RateLimit::per_second(50).burst(100)) // each service separately
///     .rate_limit_for(number_check::SERVICE, RateLimit::per_second(5).failing()) // overrides it for one service
///     .build()?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RateLimit {
    per_second: u32,
    burst: u32,
    on_limit: OnLimit,
}

/// What a call does when its rate limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLimit {
    /// Waits in the queue. If its slot is after the call's total time-out, the call fails at once, as with `Fail`. Each wait is logged as
    /// an event of the call's span.
    Wait,
    /// Fails at once with [`ErrorKind::Throttled`](crate::ErrorKind::Throttled). [`Error::retry_after`] says how long to wait.
    Fail,
}

impl RateLimit {
    /// Allows this many attempts per second. A tenth of them, and at least one, may be made at once ([`burst`](Self::burst)). Calls wait
    /// for their slot.
    ///
    /// The maximum is 1,000,000,000; higher rates count as that.
    pub const fn per_second(attempts: u32) -> Self {
        let tenth = attempts / 10;
        Self {
            per_second: attempts,
            burst: if tenth == 0 { 1 } else { tenth },
            on_limit: OnLimit::Wait,
        }
    }

    /// Allows this many attempts at once after a pause of `burst / per_second` seconds. With 1, attempts are evenly spaced.
    pub const fn burst(mut self, attempts: u32) -> Self {
        self.burst = attempts;
        self
    }

    /// Makes calls fail instead of waiting; see [`OnLimit::Fail`].
    pub const fn failing(mut self) -> Self {
        self.on_limit = OnLimit::Fail;
        self
    }

    fn bucket(self) -> Option<Bucket> {
        let per_second = NonZeroU32::new(self.per_second)?;
        let burst = NonZeroU32::new(self.burst)?;
        Some(Bucket::new(per_second, burst, self.on_limit))
    }

    /// # Errors
    ///
    /// If the rate or the burst is zero. `setting` is the name of the builder's method.
    pub(crate) fn check(self, setting: &str) -> Result<(), Error> {
        let problem = match (self.per_second, self.burst) {
            (0, _) => {
                "a rate of 0 per second would let nothing through; for no limit, do not set one"
            }
            (_, 0) => "a burst of 0 would let nothing through; the minimum is 1",
            _ => return Ok(()),
        };
        Err(Error::configuration(format!("{setting}: {problem}")))
    }
}

/// Waits for a duration, by default with tokio's timer.
pub(crate) type Sleep =
    Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The limits of a session, and the buckets in use.
pub(crate) struct Limits {
    general: Option<RateLimit>,
    by_service: HashMap<ServiceName, RateLimit>,
    buckets: Mutex<HashMap<&'static str, Arc<Bucket>>>,
}

impl Limits {
    /// # Errors
    ///
    /// If a limit would let nothing through.
    pub(crate) fn new(
        general: Option<RateLimit>,
        by_service: HashMap<ServiceName, RateLimit>,
    ) -> Result<Self, Error> {
        if let Some(limit) = general {
            limit.check("rate_limit")?;
        }
        for (service, limit) in &by_service {
            limit.check(&format!("rate_limit_for {service}"))?;
        }
        Ok(Self {
            general,
            by_service,
            buckets: Mutex::new(HashMap::new()),
        })
    }

    /// The limit of a service, if it has one.
    pub(crate) fn bucket(&self, service: &'static str) -> Option<Arc<Bucket>> {
        if self.general.is_none() && self.by_service.is_empty() {
            return None;
        }
        let own = self.by_service.get(&ServiceName::new(service)).copied();
        let limit = own.or(self.general)?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(service) {
            return Some(Arc::clone(bucket));
        }
        let bucket = Arc::new(limit.bucket()?);
        buckets.insert(service, Arc::clone(&bucket));
        Some(bucket)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const SMS: ServiceName = ServiceName::new("sms");

    #[test]
    fn services_have_their_own_limits_and_none_by_default() {
        let none = Limits::new(None, HashMap::new()).unwrap();
        assert!(none.bucket("sms").is_none());
        let special = HashMap::from([(SMS, RateLimit::per_second(1))]);
        let limits = Limits::new(None, special).unwrap();
        assert!(limits.bucket("viber").is_none());
        let (first, second) = (limits.bucket("sms").unwrap(), limits.bucket("sms").unwrap());
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn the_default_burst_is_a_tenth_of_a_second_and_at_least_one() {
        for (rate, burst) in [
            (1, 1),
            (9, 1),
            (10, 1),
            (19, 1),
            (20, 2),
            (500, 50),
            (u32::MAX, 429_496_729),
        ] {
            assert_eq!(RateLimit::per_second(rate).burst, burst, "{rate}");
        }
    }

    #[test]
    fn a_limit_of_zero_is_an_error_that_names_the_setting() {
        for limit in [RateLimit::per_second(0), RateLimit::per_second(5).burst(0)] {
            for (general, special, setting) in [
                (Some(limit), HashMap::new(), "rate_limit: a"),
                (None, HashMap::from([(SMS, limit)]), "rate_limit_for sms: a"),
            ] {
                let error = Limits::new(general, special).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains(setting), "{error}");
            }
        }
    }
}
