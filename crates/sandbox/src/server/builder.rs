//! The settings of a sandbox, and its start.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
#[cfg(feature = "client")]
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nxcloud_signing::antbuddy::AppId;
use nxcloud_signing::{AccessKey, Secret, Signer};
use nxcloud_spec::{Service, SpecError};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::access::Access;
#[cfg(feature = "client")]
use super::client;
use super::clock::Clock;
use super::connection::{self, Limits};
use super::cors;
use super::error::Error;
use super::events::Events;
use super::faults::Faults;
use super::http::{Routes, router};
use super::intake::Intake;
use super::pace::Pace;
use super::push::Pushes;
use super::record::History;
use super::sandbox::{
    DEFAULT_BODY_LIMIT, DEFAULT_HISTORY_BYTES, DEFAULT_HISTORY_REQUESTS, DEFAULT_RECORD_BYTES,
    MIN_TOKEN, Recording, Sandbox,
};
use super::shared::Shared;
use crate::platform::Platform;
use crate::platform::accepted::{Counter, DEFAULT_ACCEPTED_KEYS};
use crate::platform::accounts::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Accounts};
use crate::platform::catalog::Catalog;
use crate::platform::rate::{Limiter, Rate};
use crate::platform::state::Seed;

/// Settings of a [`Sandbox`].
#[derive(Debug)]
pub struct Builder {
    routes: Routes,
    address: IpAddr,
    port: u16,
    token: Option<Secret>,
    random_token: bool,
    accounts: Vec<(AccessKey, Secret)>,
    antbuddy_accounts: Vec<(AppId, Secret)>,
    clock: Clock,
    body_limit: usize,
    limits: Limits,
    body_timeout: Duration,
    origins: Vec<String>,
    history_requests: usize,
    history_bytes: usize,
    seed: Seed,
    record: Option<PathBuf>,
    record_bytes: u64,
    push_ports: Vec<u16>,
    embedded_specs: bool,
    specs: Vec<Service>,
    pace: Pace,
    accepted_keys: usize,
    rate: Option<Rate>,
}

impl Builder {
    /// Default settings, with these routes in addition to the platform's.
    pub(crate) fn new(routes: Routes) -> Self {
        Self {
            routes,
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            token: None,
            random_token: false,
            accounts: Vec::new(),
            antbuddy_accounts: Vec::new(),
            clock: Clock::new(SystemTime::now),
            body_limit: DEFAULT_BODY_LIMIT,
            limits: Limits::default(),
            body_timeout: Duration::from_secs(30),
            origins: Vec::new(),
            history_requests: DEFAULT_HISTORY_REQUESTS,
            history_bytes: DEFAULT_HISTORY_BYTES,
            seed: Seed::default(),
            record: None,
            record_bytes: DEFAULT_RECORD_BYTES,
            push_ports: Vec::new(),
            embedded_specs: true,
            specs: Vec::new(),
            pace: Pace::default(),
            accepted_keys: DEFAULT_ACCEPTED_KEYS,
            rate: None,
        }
    }

    /// The port to listen on; 0, the default, selects any free port.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on; 127.0.0.1 by default. An address that other machines can reach requires a
    /// [`token`](Self::token) of at least [`MIN_TOKEN`] characters. Nothing is encrypted.
    #[must_use]
    pub const fn listen_on(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Opens the sandbox to others. Requests below `/__sandbox/` must then send this token as `Authorization: Bearer
    /// TOKEN`, or in the cookie that `/__sandbox/?token=TOKEN` sets in a browser. The token should be long and
    /// random.
    ///
    /// The platform's own paths then accept any `Host`, because their requests are signed. The built-in accounts are
    /// disabled, because their secrets are public: add an account with [`account`](Self::account). An address for
    /// pushes in a request is used only if [`push_port`](Self::push_port) allows its port.
    ///
    /// Without a token the sandbox answers only requests whose `Host` names this machine.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Requires a random token below `/__sandbox/`. This is already the default if an [`account`](Self::account) was
    /// added. [`Sandbox::inspector_url`] and [`Sandbox::token`] return the token. Nothing else changes;
    /// [`token`](Self::token) has precedence.
    #[must_use]
    pub const fn random_token(mut self) -> Self {
        self.random_token = true;
        self
    }

    /// In a sandbox with a [`token`](Self::token), allows pushes to this port of this machine if a request names such
    /// an address, as `drUrl` does. Call it once for each port. Without a token every port is allowed.
    #[must_use]
    pub fn push_port(mut self, port: u16) -> Self {
        self.push_ports.push(port);
        self
    }

    /// Adds an NXCLOUD account to the built-in one ([`ACCESS_KEY`], [`ACCESS_SECRET`]).
    ///
    /// The secret may be a real one, and the inspector shows what it signs and signs pushes with it. So the inspector
    /// then requires a token: that of [`token`](Self::token), otherwise a random one, which
    /// [`Sandbox::inspector_url`] and [`Sandbox::token`] return.
    #[must_use]
    pub fn account(mut self, access_key: AccessKey, secret: Secret) -> Self {
        self.accounts.push((access_key, secret));
        self
    }

    /// Adds an `AntBuddy` account to the built-in one ([`APP_ID`], [`APP_SECRET`]). As with
    /// [`account`](Self::account), the inspector then requires a token.
    #[must_use]
    pub fn antbuddy_account(mut self, app_id: AppId, secret: Secret) -> Self {
        self.antbuddy_accounts.push((app_id, secret));
        self
    }

    /// The clock that `ts` is compared with and that dates the replies. The default is the system's clock.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// The largest body in bytes of a request to the platform. A larger one is not read and is answered with HTTP
    /// 413.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long a client may take to send the head of a request, counted from the start of the connection or the end
    /// of the previous reply, and how long it may leave its reply unread; 30 seconds by default. Then the connection
    /// is closed. An idle connection therefore stays open for this time.
    #[must_use]
    pub const fn head_timeout(mut self, time: Duration) -> Self {
        self.limits.head = time;
        self
    }

    /// How long a client may pause while it sends a body; 30 seconds by default. The whole body may take ten times as
    /// long. Beyond either limit the reply is HTTP 408.
    #[must_use]
    pub const fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time;
        self
    }

    /// The maximum number of open connections; by default three quarters of the files that the process may open. A
    /// further connection closes the one that has waited longest for its client.
    #[must_use]
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Permits pages of this origin, such as `http://localhost:8081`, to call the platform's paths from a browser
    /// (CORS), for example for an API browser; `*` permits every page. Call it once for each origin. Other pages can
    /// never read anything below `/__sandbox/`.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// The maximum number of requests in the history. Beyond it the oldest is dropped.
    #[must_use]
    pub const fn history(mut self, requests: usize) -> Self {
        self.history_requests = requests;
        self
    }

    /// The maximum size in bytes of all requests in the history. Beyond it the oldest are dropped. The newest request
    /// is kept whatever its size.
    #[must_use]
    pub const fn history_bytes(mut self, bytes: usize) -> Self {
        self.history_bytes = bytes;
        self
    }

    /// The initial state of the accounts, in the format of [`Sandbox::state`]: the state of one sandbox can be the
    /// seed of the next. Lists may be omitted; unknown members are an error. Where the seed has no item of a kind,
    /// the examples of the spec are answered as documented. If the seed contains an account other than the built-in
    /// ones, the inspector requires a token, as with an [`account`](Self::account).
    #[must_use]
    pub fn seed(mut self, state: Value) -> Self {
        self.seed = Seed(Some(state));
        self
    }

    /// Records every request to a file: headers, body, reply and verdict. If the file already exists and was written
    /// by a sandbox, its latest requests are loaded, as many as the history holds, and their numbering continues.
    ///
    /// The file has one line of JSON for each request, written before the request is answered. If a crash cut off the
    /// last line, the line is skipped, with a warning in the log. While the disk is full, requests are refused with
    /// HTTP 503 and not carried out. A full file ([`record_bytes`](Self::record_bytes)) is renamed to the same name
    /// with `.1` appended, which replaces the previous `.1` file. [`Sandbox::clear`] clears both.
    ///
    /// The file contains phone numbers and texts, but no account's secret. If its requests name an account other than
    /// the built-in ones, the inspector requires a token, as with an [`account`](Self::account). On Unix it must be a
    /// regular file of this user that nobody else can read or write; new files are created that way. Only one sandbox
    /// at a time can use the file.
    #[must_use]
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// The size in bytes at which the file of [`record`](Self::record) is rotated. Together with the previous file,
    /// at most about twice as much is kept.
    #[must_use]
    pub const fn record_bytes(mut self, bytes: u64) -> Self {
        self.record_bytes = bytes;
        self
    }

    /// Adds a service to the embedded ones. Its operations are verified, checked and answered, its pushes sent, and
    /// its messages shown, all as the spec says. `Service::read` reads a spec in JSON. Call it once for each spec.
    #[must_use]
    pub fn spec(mut self, service: Service) -> Self {
        self.specs.push(service);
        self
    }

    /// Serves only the services of [`spec`](Self::spec).
    #[must_use]
    pub const fn without_embedded_specs(mut self) -> Self {
        self.embedded_specs = false;
        self
    }

    /// The maximum number of row keys whose acceptances are counted ([`Sandbox::accepted_keys`]);
    /// [`DEFAULT_ACCEPTED_KEYS`] by default. A key of a message takes an estimated 350 bytes or less of memory; a key longer
    /// than 256 bytes is not held. The counts do not depend on the history.
    #[must_use]
    pub const fn accepted_keys(mut self, keys: usize) -> Self {
        self.accepted_keys = keys;
        self
    }

    /// Sends the pushes that follow a request, such as the receipt of a message, before its reply. The reply waits
    /// until they are accepted or given up, for at most this time. [`Pushes::delay`] has no effect then.
    #[must_use]
    pub const fn receipts_before_reply(mut self, limit: Duration) -> Self {
        self.pace.receipts_first = Some(limit);
        self
    }

    /// Delays each reply of the platform, refusals included, by a random time in this range. A delayed reply occupies
    /// no thread. The platform has acted when the delay begins.
    #[must_use]
    pub const fn reply_delay(mut self, delay: RangeInclusive<Duration>) -> Self {
        self.pace.delay = Some(delay);
        self
    }

    /// Refuses the sends of an account that are faster than this many per second, with bursts of up to `burst` after a
    /// pause, separately for each service. The reply has the code of the service for requests that are too fast, 28
    /// for SMS. Services whose reference has no such code are not limited. [`Sandbox::rate`] returns what happened.
    /// Time is that of [`clock`](Self::clock).
    #[cfg(feature = "client")]
    #[must_use]
    pub const fn rate(mut self, per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        self.rate = Some(Rate {
            per_second,
            burst,
            gcra: nxcloud_client::codegen::gcra,
        });
        self
    }

    /// Starts the sandbox in the current tokio runtime, whose I/O and time drivers must be enabled.
    ///
    /// # Errors
    /// [`Error::Listen`] if the port is in use; [`Error::TokenNeeded`] and [`Error::ShortToken`] if other machines
    /// can reach the address and no sufficient token is set; [`Error::NoRuntime`] outside a tokio runtime;
    /// [`Error::Seed`] if the seed does not have the format of a state; [`Error::Record`] if the file cannot be used
    /// for recording; [`Error::Spec`] if a spec is not usable; [`Error::Origin`] if an argument of
    /// [`allow_origin`](Self::allow_origin) is not an origin.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let address = self.address;
        let is_loopback = address.to_canonical().is_loopback();
        let has_token = self.token.is_some();
        let cors = cors::layer(&self.origins)?;
        let state = self.seed.into_state()?;
        let history = History::new(self.history_requests, self.history_bytes);
        let history = match &self.record {
            Some(path) => history.record(path, self.record_bytes)?,
            None => history,
        };
        // Requests of another account, recorded by a sandbox that required a token, must not be shown without one.
        let only_built_in = self.accounts.is_empty()
            && self.antbuddy_accounts.is_empty()
            && !state.has_another_account()
            && !history.has_another_account();
        let access = match self.token {
            Some(token) if !is_loopback && token.expose().chars().count() < MIN_TOKEN => {
                let min = MIN_TOKEN;
                return Err(Error::ShortToken { address, min });
            }
            None if !is_loopback => return Err(Error::TokenNeeded { address }),
            Some(token) => Access::token(token)?,
            None if only_built_in && !self.random_token => Access::this_machine(),
            None => Access::random_token()
                .map_err(|error| Error::Random(io::Error::other(error.to_string())))?,
        };
        let mut accounts = Accounts::default();
        let mut signers = Vec::new();
        let nxcloud = (AccessKey::new(ACCESS_KEY)?, Secret::new(ACCESS_SECRET)?);
        let antbuddy = (AppId::new(APP_ID)?, Secret::new(APP_SECRET)?);
        // The secrets of the built-in accounts are public.
        let nxcloud = (!has_token).then_some(nxcloud);
        for (access_key, secret) in nxcloud.into_iter().chain(self.accounts) {
            signers.push(Signer::new(access_key.clone(), secret.clone()));
            accounts.add(access_key, secret);
        }
        let antbuddy = (!has_token).then_some(antbuddy);
        let antbuddy: Vec<_> = antbuddy.into_iter().chain(self.antbuddy_accounts).collect();
        #[cfg(feature = "client")]
        let credentials = client::credentials(signers.first(), antbuddy.first())?;
        for (app_id, secret) in antbuddy {
            accounts.add_antbuddy(app_id, secret);
        }
        let events = Events::default();
        let ports = has_token.then_some(self.push_ports);
        let catalog = catalog(self.embedded_specs, self.specs)?;
        let clock = self.clock.clone();
        let pushes = Pushes::new(catalog.services(), signers, ports, clock, events.clone());
        let mut platform = Platform::new(catalog, accounts);
        platform.state = state;
        platform.accepted = Counter::new(self.accepted_keys);
        platform.limiter = self.rate.map(Limiter::new);
        let shared = Arc::new(Shared {
            platform,
            clock: self.clock,
            faults: Faults::new(events.clone()),
            history,
            pushes,
            intake: Intake::new(self.body_limit, self.body_timeout),
            pace: self.pace,
            access,
            cors,
            events,
            turn: Arc::default(),
        });
        let listen = |source| Error::Listen {
            port: self.port,
            source,
        };
        let requested = SocketAddr::from((address, self.port));
        let listener = TcpListener::bind(requested).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let url = format!("http://{}", connectable(address));
        #[cfg(feature = "client")]
        let session = client::session(&url, credentials)?;
        let (stop, stopped) = oneshot::channel();
        let router = router(Arc::clone(&shared), self.routes);
        let serve = connection::serve(listener, router, self.limits, stopped);
        let task = runtime.spawn(serve);
        Ok(Sandbox {
            _recording: Recording(Arc::clone(&shared)),
            shared,
            address,
            #[cfg(feature = "client")]
            session,
            url,
            stop,
            task,
            _thread: None,
        })
    }
}

/// The catalog of these services, with the embedded ones if they are enabled.
fn catalog(embedded: bool, specs: Vec<Service>) -> Result<Arc<Catalog>, SpecError> {
    match embedded {
        true if specs.is_empty() => Catalog::embedded(),
        true => Catalog::embedded()?.with(specs).map(Arc::new),
        false => Catalog::read(specs).map(Arc::new),
    }
}

/// An address that this machine can connect to: the loopback address if the sandbox listens on all addresses.
fn connectable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
