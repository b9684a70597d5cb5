//! The session: accounts, HTTP client and settings that all services share.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nxcloud_signing::Timestamp;
use reqwest::Url;

use crate::credentials::{env, variable};
use crate::{Credentials, Error};

/// One set of accounts and settings, with one pool of connections. Cheap to clone; clones share the pool.
///
/// ```
/// use nxcloud_client::{Credentials, Session};
///
/// let session = Session::new(Credentials::nxcloud("my-access-key", "my-access-secret")?)?;
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    credentials: Credentials,
    http: reqwest::Client,
    base_url: Option<String>,
    timeout: Option<Duration>,
    local_checks: bool,
    plain_http: bool,
    clock: Clock,
}

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Settings of a [`Session`] in the making; see [`Session::builder`].
#[must_use = "call build"]
pub struct SessionBuilder {
    credentials: Credentials,
    http: Option<reqwest::Client>,
    base_url: Option<String>,
    connect_timeout: Duration,
    timeout: Option<Duration>,
    local_checks: bool,
    plain_http: bool,
    clock: Clock,
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

    /// A session from the environment: the accounts as [`Credentials::from_env`] reads them, and `NXCLOUD_BASE_URL`, if set,
    /// as the base URL of every service.
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
        let mut builder = Self::builder(Credentials::from_env()?);
        if let Some(url) = variable(env::BASE_URL)? {
            builder = builder.base_url(url);
        }
        Ok(builder)
    }

    /// Starts a session with settings of one's own.
    pub fn builder(credentials: Credentials) -> SessionBuilder {
        SessionBuilder {
            credentials,
            http: None,
            base_url: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Some(Duration::from_secs(30)),
            local_checks: true,
            plain_http: false,
            clock: Arc::new(SystemTime::now),
        }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.0.timeout
    }

    pub(crate) fn local_checks(&self) -> bool {
        self.0.local_checks
    }

    /// The base URL for a service with this documented one, without a slash at its end.
    pub(crate) fn base_url(&self, documented: &'static str) -> Result<String, Error> {
        let url = self.0.base_url.as_deref().unwrap_or(documented);
        check_base_url(url, self.0.plain_http)?;
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// The moment that a request made now carries as its `ts`.
    pub(crate) fn now(&self) -> Timestamp {
        let since = (self.0.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("credentials", &self.0.credentials)
            .field("base_url", &self.0.base_url)
            .field("timeout", &self.0.timeout)
            .field("local_checks", &self.0.local_checks)
            .finish_non_exhaustive()
    }
}

impl SessionBuilder {
    /// Sends every service to this base URL (a sandbox, a proxy) instead of its documented one. Paths are appended to it.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Uses the caller's own HTTP client, and so its pool, proxy, TLS and redirect settings. Set its redirect policy to
    /// none: a followed redirect would carry a signed request to another place.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// How long connecting may take: 10 s by default. Without effect on a client of the caller's own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one attempt may take, from connecting to the end of the reply: 30 s by default, `None` for no limit.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Whether documented limits are checked before sending: true by default. Turn it off for a platform that has changed
    /// its mind before this library did.
    pub fn local_checks(mut self, on: bool) -> Self {
        self.local_checks = on;
        self
    }

    /// Allows plain http to hosts other than loopback: false by default. The signature protects against changes, but
    /// everyone on the way can read the messages.
    pub fn allow_plain_http(mut self, on: bool) -> Self {
        self.plain_http = on;
        self
    }

    /// Takes the time from elsewhere than the system's clock, for tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the base URL is malformed or plain http to
    /// another machine, or when the HTTP client cannot be made.
    pub fn build(self) -> Result<Session, Error> {
        if let Some(url) = &self.base_url {
            check_base_url(url, self.plain_http)?;
        }
        let http = match self.http {
            Some(client) => client,
            None => reqwest::Client::builder()
                .connect_timeout(self.connect_timeout)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("nxcloud-rust/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| {
                    Error::configuration("the HTTP client could not be made").with_source(error)
                })?,
        };
        Ok(Session(Arc::new(Inner {
            credentials: self.credentials,
            http,
            base_url: self.base_url,
            timeout: self.timeout,
            local_checks: self.local_checks,
            plain_http: self.plain_http,
            clock: self.clock,
        })))
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("credentials", &self.credentials)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

fn check_base_url(text: &str, plain_http: bool) -> Result<(), Error> {
    let url = Url::parse(text).map_err(|error| {
        Error::configuration("the base URL is not a URL; write it as https://host[:port]")
            .with_source(error)
    })?;
    if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration(
            "the base URL needs a host and takes no query or fragment; write it as https://host[:port]",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration("the base URL must not hold a user name or password"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if plain_http || is_loopback(&url) => Ok(()),
        "http" => Err(Error::configuration(
            "plain http is refused for hosts other than loopback; use https, or allow_plain_http to insist",
        )),
        _ => Err(Error::configuration("the base URL must begin with https://")),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
