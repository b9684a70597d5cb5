//! The session: the accounts, HTTP client and settings shared by all service clients.

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

/// Accounts, settings and a connection pool. Create one per account and pass it to the service clients. Cloning is cheap, and clones
/// share the pool.
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
/// Each call is a `tracing` span with the target `nxcloud_client::trace`, the name `nxcloud_call` and the level `INFO`. Its fields:
///
/// | field | value |
/// | --- | --- |
/// | `session` | the name set with [`SessionBuilder::name`] |
/// | `service`, `operation` | for example `sms`, `send_sms` |
/// | `attempts` | the number of attempts |
/// | `outcome` | `accepted`, `not_sent`, `rejected`, `unknown`, or `cancelled` if the call was dropped |
/// | `request_id` | the platform's id of the request, if it looks like an id |
/// | `kind`, `code`, `status` | of a failure; see [`Error`] |
/// | `repaired` | the repairs that the reply needed |
/// | `latency_ms` | the duration of the whole call |
///
/// The span contains these events: `attempt failed` (`DEBUG`), `waiting for the rate limit`, `learned the platform's clock` and
/// `no retry: …` (`INFO`). A successful call has no event. To log one line per call, let the subscriber log spans when they close:
///
/// ```text
/// tracing_subscriber::fmt()
///     .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
///     .with_env_filter("info,nxcloud_client=debug")
///     .init();
/// ```
///
/// Secrets, message texts and phone numbers are never logged.
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
    /// A session with default settings. It does not read the environment.
    ///
    /// # Errors
    ///
    /// As [`SessionBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder().credentials(credentials).build()
    }

    /// A session configured by environment variables; see [`SessionBuilder::env`].
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

    /// The same session (accounts, connections, limits and clock) with other call settings.
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

    /// A builder for a session with other settings or another source of credentials.
    pub fn builder() -> SessionBuilder {
        SessionBuilder::new()
    }

    /// The learned clock offset: how many milliseconds this machine's clock is behind the platform's, negative if it is ahead. See
    /// [`SessionBuilder::learn_clock`].
    #[must_use]
    pub fn clock_offset_millis(&self) -> i64 {
        self.inner.clock.offset()
    }

    /// The accounts of the session, whatever their source.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    /// The base URL of all services, whatever its source. `None` if each service uses its documented one.
    #[must_use]
    pub fn base_url(&self) -> Option<&str> {
        self.inner.base_url.as_deref()
    }

    /// The proxy for calls to this URL, whatever its source, without user name and password.
    #[must_use]
    pub fn proxy_for(&self, url: &str) -> Option<String> {
        self.inner
            .transport
            .proxy_for(&reqwest::Url::parse(url).ok()?)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.inner.name.as_deref()
    }

    /// The HTTP client, with the session's proxy and TLS settings. Use it for your own, unsigned requests. Within a blocking call, this
    /// is the client of blocking calls.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        #[cfg(feature = "blocking")]
        if let Some(http) = self.inner.runtime.http() {
            return http;
        }
        &self.inner.http
    }

    /// A transport failure of a request to this URL. The error names the proxy, if there is one.
    pub(crate) fn transport_error(
        &self,
        source: reqwest::Error,
        may_have_been_sent: bool,
        url: &reqwest::Url,
    ) -> Error {
        let error = Error::transport(source, may_have_been_sent);
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

    /// The rate limit of a service, if it has one.
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

    /// The base URL to use for a service with this documented base URL, without a trailing slash.
    pub(crate) fn base_url_for(&self, documented: &'static str) -> Result<String, Error> {
        // The builder has checked the session's own base URL.
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
