//! The handle of a running server.

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
use crate::platform::accepted::AcceptedKeys;
use crate::platform::rate::RateReport;

/// Default of [`Builder::body_limit`](crate::Builder::body_limit): 110 MB.
pub const DEFAULT_BODY_LIMIT: usize = 110_000_000;
/// Default of [`Builder::history`](crate::Builder::history).
pub const DEFAULT_HISTORY_REQUESTS: usize = 10_000;
/// Default of [`Builder::history_bytes`](crate::Builder::history_bytes): 256 MiB.
pub const DEFAULT_HISTORY_BYTES: usize = 256 * 1024 * 1024;

/// Default of [`Builder::record_bytes`](crate::Builder::record_bytes): 256 MiB.
pub const DEFAULT_RECORD_BYTES: u64 = 256 * 1024 * 1024;
/// The minimum number of characters of a token if other machines can reach the address.
pub const MIN_TOKEN: usize = 16;

/// A running server that imitates the platform. It listens on the loopback interface unless
/// [`Builder::listen_on`](crate::Builder::listen_on) sets another address.
///
/// Dropping it stops the server; [`shutdown`](Self::shutdown) also waits until it has stopped.
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
    /// The last field, so that everything else ends before the thread is joined.
    pub(super) _thread: Option<OwnThread>,
}

/// Closes the record file when the sandbox is dropped.
pub(super) struct Recording(pub(super) Arc<Shared>);

impl Drop for Recording {
    fn drop(&mut self) {
        self.0.history.close();
    }
}

impl Sandbox {
    /// The base URL of every service, without a slash at the end: `http://127.0.0.1:PORT`. If the sandbox listens on
    /// all addresses, this is the loopback address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the inspector, a web page that shows requests live. It contains the token if the sandbox created
    /// one ([`Builder::account`](crate::Builder::account)), but never one of
    /// [`Builder::token`](crate::Builder::token).
    #[must_use]
    pub fn inspector_url(&self) -> String {
        format!("{}{}", self.url, self.shared.access.page())
    }

    /// The token that `/__sandbox/` requires; `None` if it requires none.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.shared.access.asked_for()
    }

    /// The address that the server listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The received requests, oldest first, as far as the history goes back. A request is in the history before its
    /// sender receives the reply.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.history.requests()
    }

    /// The received requests of one operation, such as `send_sms`, including refused ones.
    #[must_use]
    pub fn requests_for(&self, operation: &str) -> Vec<ReceivedRequest> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation() == Some(operation));
        requests
    }

    /// The accepted requests of one operation, oldest first: without refused ones and those that met a fault before
    /// the platform acted. [`ReceivedRequest::json`] and [`ReceivedRequest::decode`] read their bodies.
    #[must_use]
    pub fn accepted(&self, operation: &str) -> Vec<ReceivedRequest> {
        let mut requests = self.requests_for(operation);
        requests.retain(|request| request.verdict().is_accepted());
        requests
    }

    /// How often each row key was accepted, up to now. The counts are kept in memory only.
    #[must_use]
    pub fn accepted_keys(&self) -> AcceptedKeys {
        self.shared.platform.accepted.snapshot()
    }

    /// What the enforced rate did, up to now; `None` if `Builder::rate` is not set.
    #[must_use]
    pub fn rate(&self) -> Option<RateReport> {
        let limiter = self.shared.platform.limiter.as_ref();
        limiter.map(|limiter| limiter.report())
    }

    /// The request with this [`id`](ReceivedRequest::id), if the history still has it.
    #[must_use]
    pub fn request(&self, id: u64) -> Option<ReceivedRequest> {
        self.shared.history.request(id)
    }

    /// The pushes: their addresses, contents and results.
    #[must_use]
    pub fn pushes(&self) -> &Pushes {
        &self.shared.pushes
    }

    /// The current state of the accounts: an object by access key or app id, whose members are lists such as
    /// `checks`, `bindings`, `groups`, `media`, `templates` and `logins`, oldest first. It contains phone numbers.
    #[must_use]
    pub fn state(&self) -> Value {
        self.shared.platform.state.snapshot()
    }

    /// Sets the status of an OTA login, such as `SUCCESS`, `MISMATCH`, `FAILURE` or `UNKNOWN`, which `verify` then
    /// returns. A new login is `PENDING`. Returns false if no login has this request id.
    pub fn set_ota_status(&self, request_id: &str, status: &str) -> bool {
        let state = &self.shared.platform.state;
        state.set_ota_status(request_id, status)
    }

    /// The faults for future requests; none by default.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Deletes the received requests, the state that they created, the counts of row keys and of the rate, and the log
    /// of pushes. The state of the accounts
    /// becomes the [seed](crate::Builder::seed) again.
    pub fn clear(&self) {
        self.shared.clear();
    }

    /// Stops the server: accepts no more connections, lets running requests finish (for at most 5 seconds), and
    /// closes everything.
    pub async fn shutdown(self) {
        drop(self.stop);
        // It fails only if the runtime is shutting down, and then the server has stopped too.
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
