//! The builder of sessions.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::base_url::check_base_url;
use crate::policy::clock::Clock;
use crate::policy::rate_limit::{Limits, Sleep};
use crate::policy::retry::Budget;
use crate::session::Inner;
use crate::session::sources::Sources;
use crate::session::transport::Transport;
use crate::{Credentials, Error, RateLimit, RetryBudget, RetryPolicy, ServiceName, Session};

/// Builds a [`Session`]; see [`Session::builder`].
///
/// The account comes from [`credentials`](Self::credentials), [`env`](Self::env) or, with the feature `profiles`, `profile` or
/// `discover`. [`build`](Self::build) reads these sources. Values set on the builder take precedence over values from a source,
/// regardless of the order of the method calls.
///
/// ```
/// use nxcloud_client::{Credentials, Session};
/// use std::time::Duration;
///
/// let session = Session::builder()
///     .credentials(Credentials::nxcloud("my-access-key", "my-access-secret")?)
///     .timeout(Duration::from_secs(5))
///     .build()?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "call build"]
pub struct SessionBuilder {
    sources: Sources,
    name: Option<String>,
    transport: Transport,
    timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    retry: RetryPolicy,
    budget: Option<RetryBudget>,
    limit: Option<RateLimit>,
    limits: HashMap<ServiceName, RateLimit>,
    local_checks: bool,
    plain_http: bool,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    learn_clock: bool,
    sleep: Sleep,
}

impl SessionBuilder {
    pub(crate) fn new() -> Self {
        Self {
            sources: Sources::default(),
            name: None,
            transport: Transport::default(),
            timeout: Some(Duration::from_secs(30)),
            total_timeout: Some(Duration::from_secs(90)),
            retry: RetryPolicy::new(),
            budget: Some(RetryBudget::default()),
            limit: None,
            limits: HashMap::new(),
            local_checks: true,
            plain_http: false,
            clock: Arc::new(SystemTime::now),
            learn_clock: true,
            sleep: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
        }
    }

    /// Sets the accounts of the session.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.sources.credentials = Some(credentials);
        self
    }

    /// Reads environment variables: the accounts as in [`Credentials::from_env`], `NXCLOUD_BASE_URL` for all services, and the proxy as
    /// with [`proxy_from_env`](Self::proxy_from_env).
    ///
    /// Values from [`credentials`](Self::credentials) or a profile take precedence.
    pub fn env(mut self) -> Self {
        self.sources.env = true;
        self
    }

    /// Reads a profile of the user's profile file: accounts, base URL and proxy; see [`profiles`](crate::profiles). With
    /// [`env`](Self::env) or [`discover`](Self::discover), environment variables supply what the profile does not set.
    #[cfg(feature = "profiles")]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.sources.profile = Some(name.into());
        self
    }

    /// Takes the accounts from the first source that has any: the builder, environment variables, the profile named by
    /// `NXCLOUD_PROFILE`, or the profile `default`. Base URL and proxy come from the profile or the environment. See
    /// [`profiles`](crate::profiles) for details.
    #[cfg(feature = "profiles")]
    pub fn discover(mut self) -> Self {
        self.sources.discover = true;
        self
    }

    /// Names the session in logs: the name is the field `session` of each call's span; see [`Session`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sends the calls of all services to this base URL, such as a sandbox or gateway, instead of the documented ones. Paths are
    /// appended to it.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.sources.base_url = Some(url.into());
        self
    }

    /// Configures the session's HTTP client: connection pool, certificates, keep-alive, name resolution.
    ///
    /// ```
    /// use nxcloud_client::{Credentials, Session};
    ///
    /// let session = Session::builder()
    ///     .credentials(Credentials::nxcloud("my-access-key", "my-access-secret")?)
    ///     .http_client(|client| client.pool_max_idle_per_host(8))
    ///     .build()?;
    /// # Ok::<(), nxcloud_client::Error>(())
    /// ```
    ///
    /// The session itself sets redirects, HTTP retries, the HTTP version and the TLS library after the closure has run: a followed
    /// redirect would carry a signed request elsewhere, and an HTTP retry would repeat an old signature.
    ///
    /// Set the proxy and the time-outs on this builder. If the closure sets one, [`build`](Self::build) returns an error.
    ///
    /// The closure runs twice if the session makes both async and blocking calls, which have separate pools.
    pub fn http_client(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.transport.configure = Some(Arc::new(configure));
        self
    }

    /// Sends all requests through this proxy: `http://`, `https://`, `socks5://`, `socks5h://` (the proxy resolves host names) or
    /// `socks4://`. The URL may contain a user name and password, which are never shown.
    ///
    /// Plain http through a proxy on another machine is an error because the proxy could read the messages; see
    /// [`allow_plain_http`](Self::allow_plain_http).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.sources.proxy = Some(url.into());
        self
    }

    /// Whether the variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` select the proxy if none is set: false by default,
    /// true with [`env`](Self::env) and `discover`. They never apply to a base URL on the local machine.
    pub fn proxy_from_env(mut self, on: bool) -> Self {
        self.sources.proxy_from_env = Some(on);
        self
    }

    /// The time-out of connecting, including TLS: 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport.connect_timeout = Some(timeout);
        self
    }

    /// The time-out of one attempt, from connecting to the end of the reply: 30 s by default, `None` for no limit.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// The time-out of a call, including all attempts and waits: 90 s by default, `None` for no limit. Waiting for the rate limit counts.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// When to retry failed attempts; see [`RetryPolicy`] for the default.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries all calls of the session may make together. `None` for no limit.
    pub fn retry_budget(mut self, budget: impl Into<Option<RetryBudget>>) -> Self {
        self.budget = budget.into();
        self
    }

    /// How fast each service may be called: no limit by default.
    ///
    /// Clones of a session share its limits. Another session with the same access key has separate limits.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How fast one service may be called; overrides [`rate_limit`](Self::rate_limit). Each service crate has its name as a constant,
    /// such as `sms::SERVICE`; see [`ServiceName`].
    pub fn rate_limit_for(mut self, service: ServiceName, limit: RateLimit) -> Self {
        self.limits.insert(service, limit);
        self
    }

    /// Whether documented limits are checked before sending: true by default. Turn it off if the platform accepts more than its
    /// documentation says.
    pub fn local_checks(mut self, on: bool) -> Self {
        self.local_checks = on;
        self
    }

    /// Allows plain http to other machines, directly or through a proxy: false by default. The signature prevents changes, but anyone
    /// on the network can read the messages.
    pub fn allow_plain_http(mut self, on: bool) -> Self {
        self.plain_http = on;
        self
    }

    /// Whether the session learns the offset between this machine's clock and the platform's: true by default.
    ///
    /// It learns from the `Date` header of replies that have a result code and no `Age` header, and then signs with the corrected time.
    /// An attempt rejected with code 1004 (`ts` is more than 60 s off) is signed and sent again with the corrected time, once per call.
    ///
    /// The session learns offsets of up to 24 h. It learns nothing over plain http from another machine, because anyone on the network
    /// can change the `Date`. If the offset is larger, set the machine's clock.
    pub fn learn_clock(mut self, on: bool) -> Self {
        self.learn_clock = on;
        self
    }

    /// Replaces the system clock, for tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Replaces tokio's timer for waits between attempts and for the rate limit, for tests.
    pub fn sleep<F>(mut self, sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.sleep = Arc::new(move |time| -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(sleep(time))
        });
        self
    }

    /// Reads the sources and creates the session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if
    ///
    /// - no source has an account, or a source is malformed (malformed sources are never skipped),
    /// - the base URL is malformed, or uses plain http to another machine or through a proxy on one,
    /// - the proxy is not a URL,
    /// - a rate limit would let nothing through,
    /// - [`http_client`](Self::http_client) sets something that this builder has a method for,
    /// - the HTTP client cannot be created.
    pub fn build(self) -> Result<Session, Error> {
        let mut transport = self.transport;
        let settings = self.sources.read()?;
        transport.proxy = settings.proxy;
        transport.proxy_from_env = settings.proxy_from_env;
        let mut base_url = None;
        if let Some(text) = &settings.base_url {
            let url = check_base_url(text, self.plain_http)?;
            // Use the parsed URL: white space in the text would get into the path.
            base_url = Some(url.as_str().trim_end_matches('/').to_owned());
            transport.set_base_url(url, self.plain_http)?;
        }
        let http = transport.make_http()?;
        Ok(Session::from_inner(Inner {
            credentials: settings.credentials,
            name: self.name,
            http,
            base_url,
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            retry: self.retry,
            budget: Budget::new(self.budget),
            limits: Limits::new(self.limit, self.limits)?,
            local_checks: self.local_checks,
            plain_http: self.plain_http,
            clock: Clock::new(self.clock, self.learn_clock),
            sleep: self.sleep,
            #[cfg(feature = "blocking")]
            runtime: crate::session::blocking::Runtime::new(transport.clone()),
            transport,
        }))
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("sources", &self.sources)
            .field("name", &self.name)
            .field("connect_timeout", &self.transport.connect_timeout)
            .field("timeout", &self.timeout)
            .field("total_timeout", &self.total_timeout)
            .field("retry", &self.retry)
            .field("budget", &self.budget)
            .field("limit", &self.limit)
            .field("limits", &self.limits)
            .field("learn_clock", &self.learn_clock)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(base_url: &str) -> Result<Session, Error> {
        let account = Credentials::nxcloud("key", "secret").unwrap();
        Session::builder()
            .credentials(account)
            .base_url(base_url)
            .build()
    }

    /// Paths are appended to the URL that was checked.
    #[test]
    fn the_parsed_base_url_is_used() {
        for (text, used) in [
            ("https://host.example", "https://host.example"),
            ("https://HOST.example:443//", "https://host.example"),
            (" https://host.example/a/ ", "https://host.example/a"),
            ("https://host.example/a\n", "https://host.example/a"),
            ("https://host\t.example/\n", "https://host.example"),
            ("https:\\\\host.example\\a", "https://host.example/a"),
            ("https://host.example/b/../a", "https://host.example/a"),
            ("https://@host.example", "https://host.example"),
            ("https://host.example/a b", "https://host.example/a%20b"),
        ] {
            let session = session(text).unwrap();
            assert_eq!(session.base_url(), Some(used), "{text:?}");
        }
        for text in [
            "",
            " ",
            "host.example",
            "https://",
            "https://host.example?",
            "https://host.example#",
            "https://me:hush@host.example",
            "https://me@host.example",
            "https://host.example:99999",
            "ftp://host.example",
            "http://host.example",
        ] {
            let error = session(text).unwrap_err();
            let message = format!("{error} {error:?}");
            assert_eq!(error.kind(), crate::ErrorKind::Configuration);
            assert!(!message.contains("hush"), "{message}");
        }
    }
}
