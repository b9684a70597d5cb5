//! The state of one connection, shared by its stream, its requests, and the list of open connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// So many bytes of a head are kept while it arrives.
const MAX_KEPT: usize = 16 * 1024;
/// The first bytes of a TLS handshake.
const TLS: &[u8] = &[22, 3];

/// The state of one connection. Clones are the same.
#[derive(Clone)]
pub(crate) struct ConnectionControl(Arc<Inner>);

struct Inner {
    peer: SocketAddr,
    state: Mutex<State>,
    closing: watch::Receiver<bool>,
}

struct State {
    phase: Phase,
    /// When the phase began; while a reply goes out, when some of it last did.
    since: Instant,
    plan: Plan,
    /// The beginning of the head that is arriving.
    head: Vec<u8>,
    served: bool,
    endless: bool,
    /// Whether the latest request was answered before its body was read.
    unread: bool,
    /// Whether the client takes nothing of a reply.
    blocked: bool,
}

/// What a connection waits for. Of those that can be closed to make room, the first kind goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The next head, while the reply before may still go out.
    Head,
    Body,
    Answer,
}

/// What is to happen to the bytes of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Plan {
    #[default]
    Nothing,
    /// The connection is reset before the first byte.
    Reset,
    /// So much of the body goes out; then the connection ends.
    Cut { reset: bool },
    /// Nothing goes out.
    Stall,
    /// A pause before each piece.
    Slow(Duration),
}

impl ConnectionControl {
    /// The state of a new connection, with what says that the server stops.
    pub(crate) fn new(peer: SocketAddr, closing: watch::Receiver<bool>) -> Self {
        let state = State {
            phase: Phase::Head,
            since: Instant::now(),
            plan: Plan::Nothing,
            head: Vec::new(),
            served: false,
            endless: false,
            unread: false,
            blocked: false,
        };
        Self(Arc::new(Inner {
            peer,
            state: Mutex::new(state),
            closing,
        }))
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// Completes when the server stops.
    pub(crate) async fn closing(&self) {
        // It fails when the server is gone.
        let _ = self.0.closing.clone().wait_for(|closing| *closing).await;
    }

    /// Decides on the reply that comes next.
    pub(crate) fn plan(&self, plan: Plan) {
        self.0.state.lock().plan = plan;
    }

    pub(super) fn planned(&self) -> Plan {
        self.0.state.lock().plan
    }

    /// Says that the reply has no end of its own.
    pub(crate) fn never_ends(&self) {
        self.0.state.lock().endless = true;
    }

    /// Whether the reply under way has no end of its own.
    pub(super) fn is_endless(&self) -> bool {
        self.0.state.lock().endless
    }
}

/// What the stream says.
impl ConnectionControl {
    pub(super) fn received(&self, bytes: &[u8]) {
        let mut state = self.0.state.lock();
        if state.phase == Phase::Head {
            let room = MAX_KEPT.saturating_sub(state.head.len());
            let kept = bytes.get(..room).unwrap_or(bytes);
            state.head.extend_from_slice(kept);
        }
    }

    pub(super) fn sent(&self, blocked: bool) {
        let mut state = self.0.state.lock();
        state.blocked = blocked;
        if !blocked {
            state.since = Instant::now();
        }
    }

    /// Whether the client may still be sending when the server closes the connection.
    pub(super) fn has_more(&self) -> bool {
        let state = self.0.state.lock();
        state.unread || !state.head.is_empty()
    }
}

/// What the requests say.
impl ConnectionControl {
    /// A head has come.
    pub(super) fn begins(&self) {
        let mut state = self.0.state.lock();
        state.enter(Phase::Answer);
        state.plan = Plan::Nothing;
        state.served = true;
        state.endless = false;
        state.unread = false;
    }

    /// The head that has come, or its beginning.
    pub(super) fn with_head<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.0.state.lock().head)
    }

    pub(super) fn body_begins(&self) {
        self.0.state.lock().enter(Phase::Body);
    }

    pub(super) fn body_ends(&self, complete: bool) {
        let mut state = self.0.state.lock();
        state.unread |= !complete;
        if state.phase == Phase::Body {
            state.enter(Phase::Answer);
        }
    }

    /// The head of the reply is there. Says whether the request's body was left unread.
    pub(super) fn answered(&self) -> bool {
        let mut state = self.0.state.lock();
        state.enter(Phase::Head);
        state.head.clear();
        state.unread
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }

    /// Whether the server decides what happens next, and not the client.
    fn is_busy(&self) -> bool {
        self.phase == Phase::Answer || self.endless || self.plan != Plan::Nothing
    }
}

/// What the list of open connections asks.
impl ConnectionControl {
    /// What the connection waits for and since when; `None` if that is not the client.
    pub(super) fn waits(&self) -> Option<(Phase, Instant)> {
        let state = self.0.state.lock();
        (!state.is_busy()).then_some((state.phase, state.since))
    }

    /// Whether the client has neither sent a head nor read its reply for so long.
    pub(super) fn is_overdue(&self, patience: Duration) -> bool {
        let waits = self.waits();
        waits.is_some_and(|(phase, since)| phase == Phase::Head && since.elapsed() >= patience)
    }

    /// Why an overdue connection is closed; `None` for one that is just idle.
    pub(super) fn overdue(&self) -> Option<&'static str> {
        let state = self.0.state.lock();
        if state.blocked {
            Some("the reply was not read in time")
        } else if !state.head.is_empty() {
            Some("the head of the request did not come in time")
        } else {
            (!state.served).then_some("no request came in time")
        }
    }

    /// Whether a TLS handshake came instead of a request.
    pub(super) fn is_tls(&self) -> bool {
        self.with_head(|head| head.starts_with(TLS))
    }
}
