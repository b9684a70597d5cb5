//! The session: accounts, HTTP client and settings that all services share.

#[cfg(feature = "blocking")]
pub(crate) mod blocking;
pub(crate) mod builder;
pub(crate) mod credentials;
pub(crate) mod options;
#[cfg(feature = "profiles")]
pub mod profiles;
mod sources;
pub(crate) mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base_url::check_base_url;
use crate::policy::bucket::Bucket;
use crate::policy::clock::Clock;
use crate::policy::rate_limit::{Limits, Sleep};
use crate::policy::retry::Budget;
use crate::session::transport::Transport;
use crate::{CallOptions, Credentials, Error, RetryPolicy, SessionBuilder};

/// One set of accounts and settings, with one pool of connections. Cheap to clone; clones share the pool.
///
/// ```
/// use nxcloud_client::{Credentials, Session};
///
/// let session = Session::new(Credentials::nxcloud("my-access-key", "my-access-secret")?)?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
///
/// # Logs
///
/// Each call is a `tracing` span of this crate, with target `nxcloud_client::trace`, name `nxcloud_call` and level `INFO`. Its fields:
///
/// | field | value |
/// | --- | --- |
/// | `session` | what [`SessionBuilder::name`] was set to |
/// | `service`, `operation` | as the table of operations has them: `sms`, `send_sms` |
/// | `attempts` | how many were made |
/// | `outcome` | `accepted`, `not_sent`, `rejected`, `unknown`, or `cancelled` when the call was dropped |
/// | `request_id` | the platform's id of the request, if it looks like an id |
/// | `kind`, `code`, `status` | of a failure, as [`Error`] has them |
/// | `repaired` | what was repaired in the reply |
/// | `latency_ms` | how long the whole call took |
///
/// Within the span there are events: `attempt failed` (`DEBUG`), `waiting for the rate limit`, `learned the platform's clock` and
/// `no retry: …` (`INFO`). A call that succeeds is no event. For one line for every call, have the subscriber write spans when they
/// close, with the fields filled in:
///
/// ```text
/// tracing_subscriber::fmt()
///     .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
///     .with_env_filter("info,nxcloud_client=debug")
///     .init();
/// ```
///
/// Secrets, message texts and phone numbers are never written.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
    options: Arc<CallOptions>,
}

pub(crate) struct Inner {
    pub(crate) credentials: Credentials,
    pub(crate) name: Option<String>,
    pub(crate) http: reqwest::Client,
    pub(crate) base_url: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: Budget,
    pub(crate) limits: Limits,
    pub(crate) local_checks: bool,
    pub(crate) plain_http: bool,
    pub(crate) clock: Clock,
    pub(crate) sleep: Sleep,
    pub(crate) transport: Transport,
    #[cfg(feature = "blocking")]
    pub(crate) runtime: crate::session::blocking::Runtime,
}

impl Session {
    /// A session with the default settings. Nothing is read from the environment.
    ///
    /// # Errors
    ///
    /// As [`SessionBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder().credentials(credentials).build()
    }

    /// A session from the environment; see [`SessionBuilder::env`].
    ///
    /// # Errors
    ///
    /// As [`Credentials::from_env`] and [`SessionBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().env().build()
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

    /// The same session, with another retry policy for its calls; other options stay as they are.
    #[must_use]
    pub fn with_retry(&self, policy: RetryPolicy) -> Self {
        self.with_options(self.options().clone().retry(policy))
    }

    pub(crate) fn options(&self) -> &CallOptions {
        &self.options
    }

    /// Starts a session with other settings or another source of its account.
    pub fn builder() -> SessionBuilder {
        SessionBuilder::new()
    }

    /// How far this machine's clock is behind the platform's, in milliseconds, as far as the session has learned; negative when
    /// it is ahead. See [`SessionBuilder::learn_clock`].
    #[must_use]
    pub fn clock_offset_millis(&self) -> i64 {
        self.inner.clock.offset()
    }

    /// The accounts of the session, wherever they were found.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    /// The base URL of every service, wherever it was found; `None` when each has its documented one.
    #[must_use]
    pub fn base_url(&self) -> Option<&str> {
        self.inner.base_url.as_deref()
    }

    /// The proxy that a call to this URL goes through, wherever it was found; without user name and password.
    #[must_use]
    pub fn proxy_for(&self, url: &str) -> Option<String> {
        self.inner
            .transport
            .proxy_for(&reqwest::Url::parse(url).ok()?)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.inner.name.as_deref()
    }

    /// The HTTP client, with the session's proxy and TLS settings: for requests of the caller's own, which it does not sign. Within a
    /// blocking call it is the client of those.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        #[cfg(feature = "blocking")]
        if let Some(http) = self.inner.runtime.http() {
            return http;
        }
        &self.inner.http
    }

    /// A failure of the transport on the way to this URL, which says if a proxy is on it.
    pub(crate) fn transport_error(
        &self,
        source: reqwest::Error,
        may_have_left: bool,
        url: &reqwest::Url,
    ) -> Error {
        let error = Error::transport(source, may_have_left);
        match self.inner.transport.proxy_for(url) {
            Some(proxy) => error.with_detail(format!("through the proxy {proxy}")),
            None => error,
        }
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
        self.inner.limits.bucket(service)
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
    pub(crate) fn base_url_for(&self, documented: &'static str) -> Result<String, Error> {
        // The session's own was checked when it was made.
        match self.base_url() {
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
            .field("name", &self.inner.name)
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
