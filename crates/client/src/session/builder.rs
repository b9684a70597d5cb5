//! Settings of a session in the making.

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

/// Settings of a [`Session`] in the making; see [`Session::builder`].
///
/// The account comes from [`credentials`](Self::credentials), [`env`](Self::env), or with the feature `profiles` from `profile` or
/// `discover`. Sources are read by [`build`](Self::build). What is set here goes before what a source has, in whatever order the
/// methods are called.
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

    /// The accounts of the session.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.sources.credentials = Some(credentials);
        self
    }

    /// Reads the environment: the accounts as [`Credentials::from_env`] does, `NXCLOUD_BASE_URL`, if set, as the base URL of every
    /// service, and the proxy as with [`proxy_from_env`](Self::proxy_from_env).
    ///
    /// Beside [`credentials`](Self::credentials) or a profile only what they leave open is read.
    pub fn env(mut self) -> Self {
        self.sources.env = true;
        self
    }

    /// Reads a profile of the user's file: its accounts, base URL and proxy; see [`profiles`](crate::profiles). With
    /// [`env`](Self::env) or [`discover`](Self::discover) the environment fills what the profile leaves open.
    #[cfg(feature = "profiles")]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.sources.profile = Some(name.into());
        self
    }

    /// Takes the accounts from the first source that has one: what the program sets, the environment, the profile that
    /// `NXCLOUD_PROFILE` names or else `default`. Base URL and proxy come from the profile or the environment. See
    /// [`profiles`](crate::profiles) for the details.
    #[cfg(feature = "profiles")]
    pub fn discover(mut self) -> Self {
        self.sources.discover = true;
        self
    }

    /// A name that distinguishes this session from others in logs: the field `session` of the span of each call; see [`Session`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sends every service to this base URL (a sandbox, a gateway) instead of its documented one. Paths are appended to it.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.sources.base_url = Some(url.into());
        self
    }

    /// Changes how the session's HTTP client is made: its pool, certificates, keep-alive, name resolution.
    ///
    /// Redirects, the client's own retries, the HTTP version and the TLS library stay as the session needs them: a followed redirect
    /// takes a signed request to another place, and a repeated request carries an old signature.
    ///
    /// What this builder has a setting for is set there: a proxy, a connect time-out or a time-out that is set in the closure is an
    /// error of [`build`](Self::build).
    ///
    /// The closure runs once for async calls and once for blocking ones, which have a pool of their own.
    pub fn http_client(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.transport.configure = Some(Arc::new(configure));
        self
    }

    /// Sends everything through this proxy: `http://`, `https://`, `socks5://`, `socks5h://` (which has the proxy look up names) or `socks4://`,
    /// with a user name and password if it needs them. They are never shown.
    ///
    /// Plain http through a proxy on another machine is refused, since it could read the messages; see
    /// [`allow_plain_http`](Self::allow_plain_http).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.sources.proxy = Some(url.into());
        self
    }

    /// Whether the variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` decide on the proxy where none is set: false by
    /// default, true with [`env`](Self::env) and `discover`. A base URL of this machine is never reached through a proxy of the
    /// environment.
    pub fn proxy_from_env(mut self, on: bool) -> Self {
        self.sources.proxy_from_env = Some(on);
        self
    }

    /// How long connecting may take, TLS included: 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport.connect_timeout = Some(timeout);
        self
    }

    /// How long one attempt may take, from connecting to the end of the reply: 30 s by default, `None` for no limit.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// How long a call may take, all its attempts and waits included: 90 s by default, `None` for no limit.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// When failed attempts are followed by others; see [`RetryPolicy`] for the default.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries all calls of the session may make together; `None` for no limit.
    pub fn retry_budget(mut self, budget: impl Into<Option<RetryBudget>>) -> Self {
        self.budget = budget.into();
        self
    }

    /// How fast each service may be called with this session's account: without limit by default.
    ///
    /// Clones of a session share its limits; another session with the same access key has its own.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How fast one service may be called, in place of [`rate_limit`](Self::rate_limit). Its crate has the name, such as
    /// `sms::SERVICE`; see [`ServiceName`].
    pub fn rate_limit_for(mut self, service: ServiceName, limit: RateLimit) -> Self {
        self.limits.insert(service, limit);
        self
    }

    /// Whether documented limits are checked before sending: true by default. Turn it off for a platform that has changed
    /// its mind before this library did.
    pub fn local_checks(mut self, on: bool) -> Self {
        self.local_checks = on;
        self
    }

    /// Allows plain http to hosts other than loopback, or through a proxy on one: false by default. The signature protects against changes, but
    /// everyone on the way can read the messages.
    pub fn allow_plain_http(mut self, on: bool) -> Self {
        self.plain_http = on;
        self
    }

    /// Whether the session learns how far this machine's clock is from the platform's: true by default.
    ///
    /// It learns from the `Date` of replies that carry a result code and no `Age`, and corrects the `ts` of what it signs from then
    /// on. An attempt refused with code 1004 (`ts` more than 60 s off) is signed again with the corrected `ts`, once a call.
    ///
    /// It learns at most 24 h, so that a reply cannot have requests signed for another day, and nothing over plain http from another
    /// machine, where anybody in between can write the `Date`. A clock that is further off must be set.
    pub fn learn_clock(mut self, on: bool) -> Self {
        self.learn_clock = on;
        self
    }

    /// Takes the time from elsewhere than the system's clock, for tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Waits between attempts and for the rate limit with something else than tokio's timer, for tests.
    pub fn sleep<F>(mut self, sleep: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.sleep = Arc::new(move |time| -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(sleep(time))
        });
        self
    }

    /// Reads the sources and makes the session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration)
    ///
    /// - when no source has an account, or one that is there is malformed; a source is never skipped because it is broken,
    /// - when the base URL is malformed or plain http to another machine or through a proxy on one, or the proxy is not a URL,
    /// - when a rate limit would let nothing through,
    /// - when [`http_client`](Self::http_client) sets what this builder has a setting for, or the HTTP client cannot be made.
    pub fn build(self) -> Result<Session, Error> {
        let mut transport = self.transport;
        let settings = self.sources.read()?;
        transport.proxy = settings.proxy;
        transport.proxy_from_env = settings.proxy_from_env;
        let mut base_url = None;
        if let Some(text) = &settings.base_url {
            let url = check_base_url(text, self.plain_http)?;
            // As it was read: spaces or line ends of the text would get into the path.
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

    /// What was checked is what paths are appended to.
    #[test]
    fn a_base_url_is_used_as_it_was_read() {
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
            let shown = format!("{error} {error:?}");
            assert_eq!(error.kind(), crate::ErrorKind::Configuration);
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
