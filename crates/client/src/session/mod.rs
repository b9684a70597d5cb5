//! The session: accounts, HTTP client and settings that all services share.

#[cfg(feature = "blocking")]
pub(crate) mod blocking;
pub(crate) mod builder;
pub(crate) mod credentials;
pub(crate) mod options;
mod profile;
pub mod profiles;
pub(crate) mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base_url::check_base_url;
use crate::policy::clock::Clock;
use crate::policy::rate_limit::{Bucket, Limits, Sleep};
use crate::policy::retry::Budget;
use crate::session::credentials::{env, variable};
use crate::session::profile::Profile;
use crate::{CallOptions, Credentials, Error, RetryPolicy, SessionBuilder};

/// One set of accounts and settings, with one pool of connections. Cheap to clone; clones share the pool.
///
/// ```
/// use nxcloud_client::{Credentials, Session};
///
/// let session = Session::new(Credentials::nxcloud("my-access-key", "my-access-secret")?)?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
    options: Arc<CallOptions>,
}

pub(crate) struct Inner {
    pub(crate) credentials: Credentials,
    pub(crate) http: reqwest::Client,
    pub(crate) base_url: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: Budget,
    pub(crate) limits: Option<Limits>,
    pub(crate) local_checks: bool,
    pub(crate) plain_http: bool,
    pub(crate) clock: Clock,
    pub(crate) sleep: Sleep,
    #[cfg(feature = "blocking")]
    pub(crate) runtime: crate::session::blocking::Runtime,
}

impl Session {
    /// A session with the default settings.
    ///
    /// # Errors
    ///
    /// As [`SessionBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// A session from the environment: the accounts as [`Credentials::from_env`] reads them, `NXCLOUD_BASE_URL`, if set, as the
    /// base URL of every service, and the proxy of `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` with the exceptions of `NO_PROXY`.
    ///
    /// # Errors
    ///
    /// As [`Credentials::from_env`] and [`SessionBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        Self::builder_from_env()?.build()
    }

    /// The builder with everything that the environment sets, for programs that set more.
    ///
    /// # Errors
    ///
    /// As [`Credentials::from_env`].
    pub fn builder_from_env() -> Result<SessionBuilder, Error> {
        let mut builder = Self::builder(Credentials::from_env()?).proxy_from_env(true);
        if let Some(url) = variable(env::BASE_URL)? {
            builder = builder.base_url(url);
        }
        Ok(builder)
    }

    /// A session from a profile of the user's file; see [`profiles`](crate::profiles).
    ///
    /// # Errors
    ///
    /// As [`builder_from_profile`](Self::builder_from_profile) and [`SessionBuilder::build`].
    pub fn from_profile(name: &str) -> Result<Self, Error> {
        Self::builder_from_profile(name)?.build()
    }

    /// The builder with everything that a profile of the user's file sets, for programs that set more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there is no such file or profile, when other users can
    /// read the file, or when it is malformed.
    pub fn builder_from_profile(name: &str) -> Result<SessionBuilder, Error> {
        Ok(Profile::of_user(name)?.into_builder())
    }

    /// The builder from the first source that has an account, in the documented order: what the caller passes, the environment,
    /// a profile of the user's file. See [`profiles`](crate::profiles) for the details.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when no source has an account, or the first one that has is
    /// malformed; a source is never skipped because it is broken.
    pub fn discover(explicit: Option<Credentials>) -> Result<SessionBuilder, Error> {
        crate::session::profile::discover(explicit)
    }

    /// The builder from a profile of the user's file, with what the profile leaves open (base URL, proxy) from the environment, as
    /// [`discover`](Self::discover) does it.
    ///
    /// # Errors
    ///
    /// As [`builder_from_profile`](Self::builder_from_profile), and when a variable is not UTF-8.
    pub fn discover_profile(name: &str) -> Result<SessionBuilder, Error> {
        crate::session::profile::discover_profile(name)
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            options: Arc::default(),
        }
    }

    /// The same session, with other settings for its calls: same account, connections, limits and clock.
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            options: Arc::new(options),
        }
    }

    pub(crate) fn options(&self) -> &CallOptions {
        &self.options
    }

    /// Starts a session with settings of one's own. Nothing is read from the environment.
    pub fn builder(credentials: Credentials) -> SessionBuilder {
        SessionBuilder::new(credentials)
    }

    /// How far this machine's clock is behind the platform's, in milliseconds, as far as the session has learned; negative when
    /// it is ahead. See [`SessionBuilder::learn_clock`].
    #[must_use]
    pub fn clock_offset_millis(&self) -> i64 {
        self.inner.clock.offset()
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    /// The HTTP client, with the session's proxy and TLS settings: for requests of one's own, which it does not sign.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        #[cfg(feature = "blocking")]
        if let Some(http) = self.inner.runtime.http() {
            return http;
        }
        &self.inner.http
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.inner.timeout
    }

    pub(crate) fn total_timeout(&self) -> Option<Duration> {
        self.inner.total_timeout
    }

    pub(crate) fn retry(&self) -> RetryPolicy {
        self.inner.retry
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// The bucket of a service, if the session limits it.
    pub(crate) fn bucket(&self, service: &'static str) -> Option<Arc<Bucket>> {
        self.inner.limits.as_ref()?.bucket(service)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(crate) fn sleep(&self) -> &Sleep {
        &self.inner.sleep
    }

    pub(crate) fn local_checks(&self) -> bool {
        self.inner.local_checks
    }

    /// The base URL for a service with this documented one, without a slash at its end.
    pub(crate) fn base_url(&self, documented: &'static str) -> Result<String, Error> {
        // The session's own was checked when it was made.
        match self.inner.base_url.as_deref() {
            Some(url) => Ok(url.to_owned()),
            None => {
                check_base_url(documented, self.inner.plain_http)?;
                Ok(documented.trim_end_matches('/').to_owned())
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("credentials", &self.inner.credentials)
            .field("base_url", &self.inner.base_url)
            .field("timeout", &self.inner.timeout)
            .field("total_timeout", &self.inner.total_timeout)
            .field("retry", &self.inner.retry)
            .field("limits", &self.inner.limits)
            .field("clock", &self.inner.clock)
            .field("local_checks", &self.inner.local_checks)
            .finish_non_exhaustive()
    }
}
