//! How fast services may be called: the settings, and the bucket of each service.

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
/// Callers queue in order. In a window of `t` seconds there are at most `burst + per_second * t` attempts, and one hundredth of
/// `per_second` more where timers are late. So without any attempt before it, the first second has up to `burst` more than the rate.
///
/// ```
/// use nxcloud_client::{Credentials, RateLimit, Session};
/// # mod number_check { pub use nxcloud_client::codegen::service_name; pub const SERVICE: nxcloud_client::ServiceName = service_name("number-check"); }
///
/// let session = Session::builder()
///     .credentials(Credentials::nxcloud("key", "secret")?)
///     .rate_limit(RateLimit::per_second(50).burst(100)) // every service, each for itself
///     .rate_limit_for(number_check::SERVICE, RateLimit::per_second(5).failing()) // but this one
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
    /// Waits in the queue. A call whose turn would come after its total time fails at once, as with `Fail`. Each wait is an event of
    /// the call's span.
    Wait,
    /// Fails at once with [`ErrorKind::Throttled`](crate::ErrorKind::Throttled); the error says how long to wait.
    Fail,
}

impl RateLimit {
    /// So many attempts a second. A tenth of them, and at least one, may be made at once; calls wait for their turn.
    ///
    /// A rate above 1,000,000,000 counts as that.
    pub const fn per_second(attempts: u32) -> Self {
        let tenth = attempts / 10;
        Self {
            per_second: attempts,
            burst: if tenth == 0 { 1 } else { tenth },
            on_limit: OnLimit::Wait,
        }
    }

    /// So many attempts may be made at once, when none were made for `burst / per_second` seconds. With 1 they are evenly spaced.
    pub const fn burst(mut self, attempts: u32) -> Self {
        self.burst = attempts;
        self
    }

    /// Calls fail instead of waiting for their turn; see [`OnLimit::Fail`].
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
    /// When a number is zero. `setting` is the name of the builder's method.
    pub(crate) fn check(self, setting: &str) -> Result<(), Error> {
        let problem = match (self.per_second, self.burst) {
            (0, _) => {
                "a rate of 0 a second would let nothing through; leave the limit out to have none"
            }
            (_, 0) => "a burst of 0 would let nothing through; the least is 1",
            _ => return Ok(()),
        };
        Err(Error::configuration(format!("{setting}: {problem}")))
    }
}

/// Waits for a time, by default with tokio's timer.
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
    /// When a limit would let nothing through.
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

    /// The bucket of a service, if the session has a limit for it.
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
        let (one, other) = (limits.bucket("sms").unwrap(), limits.bucket("sms").unwrap());
        assert!(Arc::ptr_eq(&one, &other));
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
    fn a_limit_that_lets_nothing_through_is_refused_by_the_name_of_its_setting() {
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
