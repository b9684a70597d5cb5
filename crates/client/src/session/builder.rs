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
use crate::session::transport::Transport;
use crate::{Credentials, Error, RateLimit, RetryBudget, RetryPolicy, Session};

/// Settings of a [`Session`] in the making; see [`Session::builder`].
#[must_use = "call build"]
pub struct SessionBuilder {
    credentials: Credentials,
    transport: Transport,
    base_url: Option<String>,
    timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    retry: RetryPolicy,
    budget: Option<RetryBudget>,
    limit: Option<RateLimit>,
    limits: HashMap<String, RateLimit>,
    local_checks: bool,
    plain_http: bool,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    learn_clock: bool,
    sleep: Sleep,
}

impl SessionBuilder {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            transport: Transport::default(),
            base_url: None,
            timeout: Some(Duration::from_secs(30)),
            total_timeout: Some(Duration::from_secs(90)),
            retry: RetryPolicy::new(),
            budget: Some(RetryBudget::default()),
            limit: None,
            limits: HashMap::new(),
            local_checks: true,
            plain_http: false,
            clock: Box::new(SystemTime::now),
            learn_clock: true,
            sleep: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
        }
    }

    /// The accounts that the session will have, wherever they were found.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The base URL of every service, if there is one for all, wherever it was found.
    pub fn current_base_url(&self) -> Option<&str> {
        self.base_url.as_deref()
    }

    /// Sends every service to this base URL (a sandbox, a gateway) instead of its documented one. Paths are appended to it.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Changes how the session's HTTP client is made: its pool, certificates, keep-alive, name resolution.
    ///
    /// Redirects, the client's own retries, the HTTP version and the TLS library stay as the session needs them: a followed redirect
    /// takes a signed request to another place, and a repeated request carries an old signature. Set a proxy with
    /// [`proxy`](Self::proxy), not here: one that is set here is removed, or with [`proxy_from_env`](Self::proxy_from_env) takes the
    /// place of the environment's.
    ///
    /// The closure runs once for async calls and once for blocking ones, which have a pool of their own.
    pub fn http_client(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.transport.configure = Some(Arc::new(configure));
        self
    }

    /// Sends everything through this proxy: `http://`, `https://` or, with reqwest's feature `socks`, `socks5://`, with a user
    /// name and password if it needs them. They are never shown.
    ///
    /// Plain http through a proxy on another machine is refused, since it could read the messages; see
    /// [`allow_plain_http`](Self::allow_plain_http).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.transport.proxy = Some(url.into());
        self
    }

    /// The proxy that a call to this URL goes through, wherever it was found; without user name and password.
    #[must_use]
    pub fn proxy_for(&self, url: &str) -> Option<String> {
        self.transport.proxy_for(&reqwest::Url::parse(url).ok()?)
    }

    /// Whether the variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` decide on the proxy: false by default, true for
    /// [`Session::from_env`]. A base URL of this machine is never reached through a proxy of the environment.
    pub fn proxy_from_env(mut self, on: bool) -> Self {
        self.transport.proxy_from_env = on;
        self
    }

    /// How long connecting may take, TLS included: 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport.connect_timeout = timeout;
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

    /// How fast one service (`sms`, `number-check`, …; as its feature is named) may be called.
    pub fn rate_limit_for(mut self, service: impl Into<String>, limit: RateLimit) -> Self {
        self.limits.insert(service.into(), limit);
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
        self.clock = Box::new(clock);
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

    /// Makes the session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the base URL is malformed or plain http to
    /// another machine or through a proxy on one, when a rate limit is zero, or when the HTTP client cannot be made.
    pub fn build(mut self) -> Result<Session, Error> {
        if let Some(url) = &self.base_url {
            let url = check_base_url(url, self.plain_http)?;
            self.transport.set_base_url(url, self.plain_http)?;
        }
        for limit in self.limit.iter().chain(self.limits.values()) {
            limit.check()?;
        }
        let http = self.transport.make_http()?;
        let limited = self.limit.is_some() || !self.limits.is_empty();
        Ok(Session::from_inner(Inner {
            credentials: self.credentials,
            http,
            base_url: self
                .base_url
                .map(|url| url.trim_end_matches('/').to_owned()),
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            retry: self.retry,
            budget: Budget::new(self.budget),
            limits: limited.then(|| Limits::new(self.limit, self.limits)),
            local_checks: self.local_checks,
            plain_http: self.plain_http,
            clock: Clock::new(self.clock, self.learn_clock),
            sleep: self.sleep,
            #[cfg(feature = "blocking")]
            runtime: crate::session::blocking::Runtime::new(self.transport),
        }))
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("credentials", &self.credentials)
            .field("base_url", &self.base_url)
            .field("proxy", &self.transport.proxy.as_ref().map(|_| "<hidden>"))
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
