//! The server as its users see it.

use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use nxcloud_signing::antbuddy::AppId;
use nxcloud_signing::{AccessKey, Secret, Signer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::catalog::Catalog;
use crate::events::Events;
use crate::http::{self, Shared};
use crate::platform::{Accounts, Clock, Platform};
use crate::push::Pushes;
use crate::record::History;
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

/// A running server that plays the platform, on the loopback interface only.
///
/// It stops when it is dropped; [`shutdown`](Self::shutdown) also waits until it has stopped.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    /// The server stops when this is dropped.
    stop: oneshot::Sender<Infallible>,
    task: JoinHandle<bool>,
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

    /// The base URL of every service, without a slash at its end: `http://127.0.0.1:PORT`.
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

    /// Forgets the requests received, what they have made, and the log of pushes.
    pub fn clear(&self) {
        self.shared.clear();
    }

    /// Stops: takes no new connections, lets requests at work finish (for at most 5 seconds), closes everything.
    pub async fn shutdown(self) {
        drop(self.stop);
        // It fails only if the runtime is going down, and then the server is too.
        let _ = self.task.await;
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
    port: u16,
    accounts: Vec<(AccessKey, Secret)>,
    antbuddy_accounts: Vec<(AppId, Secret)>,
    clock: Clock,
    body_limit: usize,
    history_requests: usize,
    history_bytes: usize,
}

impl Builder {
    fn new() -> Self {
        Self {
            port: 0,
            accounts: Vec::new(),
            antbuddy_accounts: Vec::new(),
            clock: Clock::new(system_millis),
            body_limit: DEFAULT_BODY_LIMIT,
            history_requests: DEFAULT_HISTORY_REQUESTS,
            history_bytes: DEFAULT_HISTORY_BYTES,
        }
    }

    /// The port to listen on; 0, the default, takes any free one.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
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

    /// Starts the sandbox in the current tokio runtime, whose I/O and time drivers must be enabled.
    ///
    /// # Errors
    /// [`Error::Listen`] if the port is taken, [`Error::NoRuntime`] outside a tokio runtime.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
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
        let shared = Arc::new(Shared {
            platform: Platform::new(Catalog::embedded()?, accounts, self.clock),
            faults: Faults::new(events.clone()),
            history: History::new(self.history_requests, self.history_bytes),
            pushes,
            body_limit: self.body_limit,
            events,
        });
        let listen = |source| Error::Listen {
            port: self.port,
            source,
        };
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel();
        let router = http::router(Arc::clone(&shared));
        let task = runtime.spawn(server::serve(listener, router, stopped));
        Ok(Sandbox {
            shared,
            address,
            url: format!("http://{address}"),
            stop,
            task,
        })
    }
}

/// The system's clock. One set before 1970 counts as 1970.
fn system_millis() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| {
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    })
}
