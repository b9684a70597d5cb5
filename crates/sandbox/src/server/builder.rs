//! Settings, and the start.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
use super::push::Pushes;
use super::record::History;
use super::sandbox::{
    DEFAULT_BODY_LIMIT, DEFAULT_HISTORY_BYTES, DEFAULT_HISTORY_REQUESTS, DEFAULT_RECORD_BYTES,
    MIN_TOKEN, Recording, Sandbox,
};
use super::shared::Shared;
use crate::platform::Platform;
use crate::platform::accounts::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Accounts};
use crate::platform::catalog::Catalog;
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
}

impl Builder {
    /// The settings, with these routes beside the platform's.
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
        }
    }

    /// The port to listen on; 0, the default, takes any free one.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on; the loopback address 127.0.0.1 by default. One that other machines can reach needs a
    /// [`token`](Self::token) of at least [`MIN_TOKEN`] characters. What is sent over the network is not encrypted.
    #[must_use]
    pub const fn listen_on(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Opens the sandbox to others. Whoever asks below `/__sandbox/` must know this token and send it as `Authorization:
    /// Bearer TOKEN`, or in the cookie that `/__sandbox/?token=TOKEN` gives to a browser. It should be long and random.
    ///
    /// The platform's own paths then answer requests to any host, since these are signed. So the built-in accounts, whose
    /// secret everybody knows, are not served: add one with [`account`](Self::account). The address for pushes that a
    /// request names is not used, unless [`push_port`](Self::push_port) allows it.
    ///
    /// Without a token the sandbox answers only requests whose `Host` names this machine.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Below `/__sandbox/` asks for a token that is made at random, as it does anyway beside an
    /// [`account`](Self::account) that was added. [`Sandbox::inspector_url`] and [`Sandbox::token`] give it. Nothing else
    /// changes; [`token`](Self::token) has precedence.
    #[must_use]
    pub const fn random_token(mut self) -> Self {
        self.random_token = true;
        self
    }

    /// Allows, in a sandbox with a [`token`](Self::token), pushes to addresses of this machine with this port when a request
    /// names one, as `drUrl` does. It can be called for several ports. Without a token every port is allowed.
    #[must_use]
    pub fn push_port(mut self, port: u16) -> Self {
        self.push_ports.push(port);
        self
    }

    /// Adds an NXCLOUD account beside the built-in one ([`ACCESS_KEY`], [`ACCESS_SECRET`]).
    ///
    /// Its secret may be a real one, and the inspector shows what it signs and signs pushes with it. So with such an account
    /// the inspector asks for a token: that of [`token`](Self::token), else a random one, which
    /// [`Sandbox::inspector_url`] and [`Sandbox::token`] give.
    #[must_use]
    pub fn account(mut self, access_key: AccessKey, secret: Secret) -> Self {
        self.accounts.push((access_key, secret));
        self
    }

    /// Adds an `AntBuddy` account beside the built-in one ([`APP_ID`], [`APP_SECRET`]). As for
    /// [`account`](Self::account), the inspector then asks for a token.
    #[must_use]
    pub fn antbuddy_account(mut self, app_id: AppId, secret: Secret) -> Self {
        self.antbuddy_accounts.push((app_id, secret));
        self
    }

    /// The clock that `ts` is compared with and replies are dated by. By default it is the system's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// The largest body in bytes of a request to the platform; a larger one is answered with HTTP 413, and not read.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long a client may take to send the head of a request, from the opening of the connection or the end of the reply
    /// before, and how long it may leave its reply unread: 30 seconds by default. Then the connection is closed; so an idle one
    /// stays open for that long.
    #[must_use]
    pub const fn head_timeout(mut self, time: Duration) -> Self {
        self.limits.head = time;
        self
    }

    /// How long a body that has begun may pause: 30 seconds by default. Ten times as long may the whole body take. What takes
    /// longer is answered with HTTP 408.
    #[must_use]
    pub const fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time;
        self
    }

    /// How many connections may be open: by default three quarters of the files that the process may open. For one more, the
    /// one that has waited longest for its client is closed.
    #[must_use]
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Lets pages of this origin, such as `http://localhost:8081`, call the platform's paths from a browser (CORS), as tools that
    /// show an API do; `*` is every page. It can be called for several origins. What is below `/__sandbox/` is never shown to
    /// other pages.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// How many requests are kept. When one more comes, the oldest one goes.
    #[must_use]
    pub const fn history(mut self, requests: usize) -> Self {
        self.history_requests = requests;
        self
    }

    /// How many bytes the kept requests take together. When a new one goes beyond, the oldest ones go; the newest one
    /// stays, whatever its size.
    #[must_use]
    pub const fn history_bytes(mut self, bytes: usize) -> Self {
        self.history_bytes = bytes;
        self
    }

    /// What the accounts have made before the start, in the shape of [`Sandbox::state`]: the state of one sandbox can be
    /// the seed of the next. Lists may be left out; what `state` does not know is an error. An example of the spec is
    /// answered as documented where the seed has nothing of its kind. Beside what another account than the built-in ones has made,
    /// the inspector asks for a token, as it does beside an [`account`](Self::account).
    #[must_use]
    pub fn seed(mut self, state: Value) -> Self {
        self.seed = Seed(Some(state));
        self
    }

    /// Keeps every request in a file: with headers, body, reply and verdict. If there is one already that a sandbox made,
    /// its latest requests are there from the start, as far as the history goes back, and the numbers go on from them.
    ///
    /// The file has a line of JSON for each request, written before the request is answered. A last line that a crash cut
    /// off is left out, with a warning in the log. While the disk is full, requests are refused with HTTP 503 and not carried
    /// out. A file that is full ([`record_bytes`](Self::record_bytes)) is renamed to the same name with `.1` at its end,
    /// in the place of the one before it. [`Sandbox::clear`] clears both.
    ///
    /// It holds phone numbers and texts, but no account's secret. When requests come from the file that name an account other than
    /// the built-in ones, the inspector asks for a token, as it does beside an [`account`](Self::account). On Unix it must be a regular file of this user that
    /// nobody else can read or write; a new one is. One sandbox at a time can use it.
    #[must_use]
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// How many bytes the file of [`record`](Self::record) holds before a new one is begun. Together with the one before
    /// it, at most about twice as many are kept.
    #[must_use]
    pub const fn record_bytes(mut self, bytes: u64) -> Self {
        self.record_bytes = bytes;
        self
    }

    /// Plays another service beside the ones that the sandbox knows: its operations are verified, checked and answered, its pushes
    /// sent, and its messages shown, as the spec says. `Service::read` reads a spec in JSON. It can be called for several specs.
    #[must_use]
    pub fn spec(mut self, service: Service) -> Self {
        self.specs.push(service);
        self
    }

    /// Plays only the services of [`spec`](Self::spec).
    #[must_use]
    pub const fn without_embedded_specs(mut self) -> Self {
        self.embedded_specs = false;
        self
    }

    /// Starts the sandbox in the current tokio runtime, whose I/O and time drivers must be enabled.
    ///
    /// # Errors
    /// [`Error::Listen`] if the port is taken, [`Error::TokenNeeded`] and [`Error::ShortToken`] for an address that other
    /// machines can reach without a token that protects it, [`Error::NoRuntime`] outside a tokio runtime, [`Error::Seed`] if
    /// the seed does not have the shape of a state, [`Error::Record`] if the file cannot be recorded into, [`Error::Spec`] if a
    /// spec cannot be played, [`Error::Origin`] for an [`allow_origin`](Self::allow_origin) that is not an origin.
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
        // Whatever another account sent, and was kept by a sandbox that asked for a token, is shown with a token only.
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
        // Everybody knows the secret of the built-in accounts.
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
        let shared = Arc::new(Shared {
            platform,
            clock: self.clock,
            faults: Faults::new(events.clone()),
            history,
            pushes,
            intake: Intake::new(self.body_limit, self.body_timeout),
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

/// The catalog of these services, and of the embedded ones if they are played too.
fn catalog(embedded: bool, specs: Vec<Service>) -> Result<Arc<Catalog>, SpecError> {
    match embedded {
        true if specs.is_empty() => Catalog::embedded(),
        true => Catalog::embedded()?.with(specs).map(Arc::new),
        false => Catalog::read(specs).map(Arc::new),
    }
}

/// An address that this machine can connect to: of all addresses, the loopback one.
fn connectable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
