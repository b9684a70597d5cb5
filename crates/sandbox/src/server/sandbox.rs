//! The server as its users see it.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use nxcloud_signing::Secret;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::faults::Faults;
use super::push::Pushes;
use super::record::ReceivedRequest;
use super::shared::Shared;
use super::thread::OwnThread;

/// Largest body in bytes that is taken unless [`Builder::body_limit`](crate::Builder::body_limit) says otherwise: 110 MB.
pub const DEFAULT_BODY_LIMIT: usize = 110_000_000;
/// How many requests are kept unless [`Builder::history`](crate::Builder::history) says otherwise.
pub const DEFAULT_HISTORY_REQUESTS: usize = 10_000;
/// How many bytes the kept requests take unless [`Builder::history_bytes`](crate::Builder::history_bytes) says otherwise: 256 MiB.
pub const DEFAULT_HISTORY_BYTES: usize = 256 * 1024 * 1024;

/// How many bytes a record file holds before a new one is begun, unless [`Builder::record_bytes`](crate::Builder::record_bytes) says otherwise: 256 MiB.
pub const DEFAULT_RECORD_BYTES: u64 = 256 * 1024 * 1024;
/// A token that protects an address which other machines can reach has at least so many characters.
pub const MIN_TOKEN: usize = 16;

/// A running server that plays the platform, on the loopback interface unless [`Builder::listen_on`](crate::Builder::listen_on) says otherwise.
///
/// It stops when it is dropped; [`shutdown`](Self::shutdown) also waits until it has stopped.
pub struct Sandbox {
    pub(super) shared: Arc<Shared>,
    pub(super) address: SocketAddr,
    pub(super) url: String,
    /// The server stops when this is dropped.
    pub(super) stop: oneshot::Sender<Infallible>,
    pub(super) task: JoinHandle<bool>,
    pub(super) _recording: Recording,
    #[cfg(feature = "client")]
    pub(super) session: nxcloud_client::Session,
    /// The last field: everything else ends before the thread is waited for.
    pub(super) _thread: Option<OwnThread>,
}

/// Closes the file when the sandbox goes.
pub(super) struct Recording(pub(super) Arc<Shared>);

impl Drop for Recording {
    fn drop(&mut self) {
        self.0.history.close();
    }
}

impl Sandbox {
    /// The base URL of every service, without a slash at its end: `http://127.0.0.1:PORT`. If every address of the machine
    /// is listened on, it is that of the loopback interface.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the inspector, a page that shows what is received, as it comes: open it in a browser. It holds the
    /// token if the sandbox made one ([`Builder::account`](crate::Builder::account)), but never one of [`Builder::token`](crate::Builder::token).
    #[must_use]
    pub fn inspector_url(&self) -> String {
        format!("{}{}", self.url, self.shared.access.page())
    }

    /// The token that is asked for below `/__sandbox/`; `None` if none is.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.shared.access.asked_for()
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

    /// The requests for one operation that were carried out, oldest first: without the refused ones and those that met a
    /// fault before the platform acts. [`ReceivedRequest::json`] and [`ReceivedRequest::decode`] read their bodies.
    #[must_use]
    pub fn accepted(&self, operation: &str) -> Vec<ReceivedRequest> {
        let mut requests = self.requests_for(operation);
        requests.retain(|request| request.verdict().is_accepted());
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
    /// [seed](crate::Builder::seed) again.
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
