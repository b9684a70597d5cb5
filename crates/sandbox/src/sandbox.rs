//! The server as its users see it.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
#[cfg(feature = "record")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use nxcloud_signing::antbuddy::AppId;
use nxcloud_signing::{AccessKey, Secret, Signer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::access::Access;
use crate::catalog::Catalog;
use crate::events::Events;
use crate::http::{Front, Shared};
use crate::platform::{Accounts, Clock, Platform};
use crate::push::Pushes;
use crate::record::History;
#[cfg(feature = "record")]
use crate::record::Recorder;
use crate::state::Seed;
use crate::{Error, Faults, ReceivedRequest, server};

/// Access key of the built-in NXCLOUD account.
pub const ACCESS_KEY: &str = "sandbox-key";
/// Secret of the built-in NXCLOUD account. It protects nothing.
pub const ACCESS_SECRET: &str = "sandbox-secret";
/// App id of the built-in `AntBuddy` account.
pub const APP_ID: &str = "sandbox-app";
/// Secret of the built-in `AntBuddy` account. It protects nothing.
pub const APP_SECRET: &str = "sandbox-secret";

/// Largest body in bytes that is taken unless [`Builder::body_limit`] says otherwise: 110 MB.
pub const DEFAULT_BODY_LIMIT: usize = 110_000_000;
/// How many requests are kept unless [`Builder::history`] says otherwise.
pub const DEFAULT_HISTORY_REQUESTS: usize = 10_000;
/// How many bytes the kept requests take unless [`Builder::history_bytes`] says otherwise: 256 MiB.
pub const DEFAULT_HISTORY_BYTES: usize = 256 * 1024 * 1024;

/// A running server that plays the platform, on the loopback interface unless [`Builder::listen_on`] says otherwise.
///
/// It stops when it is dropped; [`shutdown`](Self::shutdown) also waits until it has stopped. If it records, both wait until
/// the file is written; of a sandbox that is dropped, the requests that are just being answered are not in it.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    /// The server stops when this is dropped.
    stop: oneshot::Sender<Infallible>,
    task: JoinHandle<bool>,
    #[cfg(feature = "record")]
    recording: Recording,
}

/// Closes the file when the sandbox goes.
#[cfg(feature = "record")]
struct Recording(Arc<Shared>);

#[cfg(feature = "record")]
impl Drop for Recording {
    fn drop(&mut self) {
        self.0.history.close();
    }
}

impl Sandbox {
    /// Starts a sandbox with default settings on any free port.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Settings to start a sandbox with.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The base URL of every service, without a slash at its end: `http://127.0.0.1:PORT`. If every address of the machine
    /// is listened on, it is that of the loopback interface.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the inspector, a page that shows what is received, as it comes: open it in a browser.
    #[must_use]
    pub fn inspector_url(&self) -> String {
        format!("{}/__sandbox/", self.url)
    }

    /// The address that is listened on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests received, oldest first, as far as the history goes back. A request is there by the time that its
    /// sender has the reply.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.history.requests()
    }

    /// The requests received for one operation, such as `send_sms`, the refused ones included.
    #[must_use]
    pub fn requests_for(&self, operation: &str) -> Vec<ReceivedRequest> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation() == Some(operation));
        requests
    }

    /// The request with this [`id`](ReceivedRequest::id), if the history still has it.
    #[must_use]
    pub fn request(&self, id: u64) -> Option<ReceivedRequest> {
        self.shared.history.request(id)
    }

    /// The pushes: where they go, what they say, and what became of them.
    #[must_use]
    pub fn pushes(&self) -> &Pushes {
        &self.shared.pushes
    }

    /// What the accounts have made and not undone: an object by access key or app id, whose members are lists such as
    /// `checks`, `bindings`, `groups`, `media`, `templates` and `logins`, oldest first. It holds phone numbers.
    #[must_use]
    pub fn state(&self) -> Value {
        self.shared.platform.state.snapshot()
    }

    /// Says what became of an OTA login: from now on `verify` answers with this status, such as `SUCCESS`, `MISMATCH`,
    /// `FAILURE` or `UNKNOWN`. A new login is `PENDING`. False if no login has this request id.
    pub fn set_ota_status(&self, request_id: &str, status: &str) -> bool {
        let state = &self.shared.platform.state;
        state.set_ota_status(request_id, status)
    }

    /// What goes wrong with the requests to come; nothing by default.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Forgets the requests received, what they have made, and the log of pushes. What the accounts have is the
    /// [seed](Builder::seed) again.
    pub fn clear(&self) {
        self.shared.clear();
    }

    /// Stops: takes no new connections, lets requests at work finish (for at most 5 seconds), closes everything.
    pub async fn shutdown(self) {
        drop(self.stop);
        // It fails only if the runtime is going down, and then the server is too.
        let _ = self.task.await;
        #[cfg(feature = "record")]
        {
            let recording = self.recording;
            // Likewise; whatever was dropped has closed the file.
            let _ = tokio::task::spawn_blocking(move || drop(recording)).await;
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Sandbox`].
#[derive(Debug)]
pub struct Builder {
    address: IpAddr,
    port: u16,
    token: Option<Secret>,
    accounts: Vec<(AccessKey, Secret)>,
    antbuddy_accounts: Vec<(AppId, Secret)>,
    clock: Clock,
    body_limit: usize,
    history_requests: usize,
    history_bytes: usize,
    seed: Seed,
    #[cfg(feature = "record")]
    record: Option<PathBuf>,
}

impl Builder {
    fn new() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            token: None,
            accounts: Vec::new(),
            antbuddy_accounts: Vec::new(),
            clock: Clock::new(system_millis),
            body_limit: DEFAULT_BODY_LIMIT,
            history_requests: DEFAULT_HISTORY_REQUESTS,
            history_bytes: DEFAULT_HISTORY_BYTES,
            seed: Seed::default(),
            #[cfg(feature = "record")]
            record: None,
        }
    }

    /// The port to listen on; 0, the default, takes any free one.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on; the loopback address 127.0.0.1 by default. One that other machines can reach needs a
    /// [`token`](Self::token). What is sent over the network is not encrypted.
    #[must_use]
    pub const fn listen_on(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Whoever asks below `/__sandbox/` must know this token and send it as `Authorization: Bearer TOKEN`, or in the cookie
    /// that `/__sandbox/?token=TOKEN` gives to a browser. The platform's own paths stay open, since their requests are
    /// signed. It should be long and random.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Adds an NXCLOUD account beside the built-in one ([`ACCESS_KEY`], [`ACCESS_SECRET`]).
    #[must_use]
    pub fn account(mut self, access_key: AccessKey, secret: Secret) -> Self {
        self.accounts.push((access_key, secret));
        self
    }

    /// Adds an `AntBuddy` account beside the built-in one ([`APP_ID`], [`APP_SECRET`]).
    #[must_use]
    pub fn antbuddy_account(mut self, app_id: AppId, secret: Secret) -> Self {
        self.antbuddy_accounts.push((app_id, secret));
        self
    }

    /// The clock that `ts` is compared with and replies are dated by: milliseconds since 1970-01-01 UTC. By default it
    /// is the system's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// The largest body in bytes; a larger one is answered with HTTP 413.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
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
    /// answered as documented where the seed has nothing of its kind.
    #[must_use]
    pub fn seed(mut self, state: Value) -> Self {
        self.seed = Seed(Some(state));
        self
    }

    /// Keeps every request in a file: with headers, body, reply and verdict. If there is one already that a sandbox made,
    /// its latest requests are there from the start, as far as the history goes back, and the numbers go on from them.
    ///
    /// The file is an `SQLite` database, written by a thread of its own; a crash leaves it sound, without the requests of the
    /// last moments. When the disk is too slow, about 64 MiB wait to be written; then requests wait until they are answered.
    /// When it cannot be written to, it is tried again. It grows until [`Sandbox::clear`], which clears it too. It holds
    /// phone numbers and texts, but no account's secret; on Unix only its owner can read it. One sandbox at a time can use
    /// it.
    #[cfg(feature = "record")]
    #[must_use]
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// Starts the sandbox in the current tokio runtime, whose I/O and time drivers must be enabled.
    ///
    /// # Errors
    /// [`Error::Listen`] if the port is taken, [`Error::TokenNeeded`] for an address that other machines can reach without
    /// a token, [`Error::NoRuntime`] outside a tokio runtime, [`Error::Seed`] if the seed does not have the shape of a state,
    /// `Error::Record` if the file cannot be recorded into.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let address = self.address;
        if self.token.is_none() && !address.to_canonical().is_loopback() {
            return Err(Error::TokenNeeded { address });
        }
        let mut accounts = Accounts::default();
        let built_in = (AccessKey::new(ACCESS_KEY)?, Secret::new(ACCESS_SECRET)?);
        let known = std::iter::once(&built_in).chain(&self.accounts);
        let signers = known.map(|(key, secret)| Signer::new(key.clone(), secret.clone()));
        let events = Events::default();
        let pushes = Pushes::new(signers, self.clock.clone(), events.clone())?;
        accounts.add(AccessKey::new(ACCESS_KEY)?, Secret::new(ACCESS_SECRET)?);
        accounts.add_antbuddy(AppId::new(APP_ID)?, Secret::new(APP_SECRET)?);
        for (access_key, secret) in self.accounts {
            accounts.add(access_key, secret);
        }
        for (app_id, secret) in self.antbuddy_accounts {
            accounts.add_antbuddy(app_id, secret);
        }
        let mut platform = Platform::new(Catalog::embedded()?, accounts, self.clock);
        platform.state = self.seed.into_state()?;
        let history = History::new(self.history_requests, self.history_bytes);
        #[cfg(feature = "record")]
        let history = match &self.record {
            Some(path) => {
                let (recorder, past) =
                    Recorder::open(path, self.history_requests, self.history_bytes)?;
                history.record(recorder, past)
            }
            None => history,
        };
        let shared = Arc::new(Shared {
            platform,
            faults: Faults::new(events.clone()),
            history,
            pushes,
            body_limit: self.body_limit,
            access: Access::new(self.token),
            events,
        });
        let listen = |source| Error::Listen {
            port: self.port,
            source,
        };
        let wanted = SocketAddr::from((address, self.port));
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel();
        let front = Front::new(Arc::clone(&shared));
        let task = runtime.spawn(server::serve(listener, front, stopped));
        Ok(Sandbox {
            #[cfg(feature = "record")]
            recording: Recording(Arc::clone(&shared)),
            shared,
            address,
            url: format!("http://{}", connectable(address)),
            stop,
            task,
        })
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

/// The system's clock. One set before 1970 counts as 1970.
fn system_millis() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| {
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    })
}
