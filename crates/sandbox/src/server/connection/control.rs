//! The state of one connection, shared by its stream, its requests, and the list of open connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// Memory reserved for the next head; hyper limits larger ones.
const ROOM: usize = 8 * 1024;

/// The state of one connection. Clones share it.
#[derive(Clone)]
pub(crate) struct ConnectionControl(Arc<Inner>);

struct Inner {
    peer: SocketAddr,
    state: Mutex<State>,
    closing: watch::Receiver<bool>,
}

struct State {
    phase: Phase,
    /// When the phase began; while a reply is sent, when a part of it was last sent.
    since: Instant,
    /// The head that is arriving, with bytes received after it.
    head: Vec<u8>,
    served: bool,
    endless: bool,
    reset: bool,
    /// Whether the body of the latest request was not read.
    unread: bool,
    /// Whether the client reads nothing of a reply.
    blocked: bool,
}

/// What a connection waits for. To make room, connections of the first kind are closed first, and those of the last
/// kind never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// The next head. The previous reply may still be on its way.
    Head,
    /// A body, or what else the client sends before it closes its side.
    Body,
    Answer,
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }

    fn has_more(&self) -> bool {
        self.unread || !self.head.is_empty()
    }
}

impl ConnectionControl {
    /// The state of a new connection, with the signal that the server stops.
    pub(super) fn new(peer: SocketAddr, closing: watch::Receiver<bool>) -> Self {
        let state = Mutex::new(State {
            phase: Phase::Head,
            since: Instant::now(),
            head: Vec::new(),
            served: false,
            endless: false,
            reset: false,
            unread: false,
            blocked: false,
        });
        Self(Arc::new(Inner {
            peer,
            state,
            closing,
        }))
    }

    /// Completes when the server stops.
    pub(crate) async fn closing(&self) {
        // It fails if the server is gone.
        let _ = self.0.closing.clone().wait_for(|closing| *closing).await;
    }

    /// Marks the reply as endless, or as longer than a client may take.
    pub(crate) fn never_ends(&self) {
        self.0.state.lock().endless = true;
    }

    /// Makes the connection end with a reset.
    pub(crate) fn reset(&self) {
        self.0.state.lock().reset = true;
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    pub(super) fn is_reset(&self) -> bool {
        self.0.state.lock().reset
    }

    pub(super) fn received(&self, bytes: &[u8]) {
        let mut state = self.0.state.lock();
        if state.phase == Phase::Head {
            state.head.extend_from_slice(bytes);
        }
    }

    /// A part of the reply was sent, or sending failed.
    pub(super) fn sent(&self, blocked: bool) {
        let mut state = self.0.state.lock();
        state.blocked = blocked;
        if !blocked {
            state.since = Instant::now();
        }
    }

    /// Whether the client may still be sending when the server closes the connection.
    pub(super) fn has_more(&self) -> bool {
        self.0.state.lock().has_more()
    }

    pub(super) fn lingers(&self) {
        self.0.state.lock().enter(Phase::Body);
    }

    /// Whether a server that stops has to wait for the connection. It does not wait for a stream of events, which never ends.
    pub(super) fn is_at_work(&self) -> bool {
        let state = self.0.state.lock();
        !(state.endless || state.phase == Phase::Head && state.has_more())
    }

    /// A head has arrived, with or without a body.
    pub(super) fn begins(&self, has_body: bool) {
        let mut state = self.0.state.lock();
        state.enter(if has_body { Phase::Body } else { Phase::Answer });
        state.served = true;
        state.endless = false;
        state.unread = has_body;
    }

    /// The whole body has arrived.
    pub(crate) fn body_is_read(&self) {
        let mut state = self.0.state.lock();
        state.enter(Phase::Answer);
        state.unread = false;
    }

    /// The received head, with the bytes received after it.
    pub(super) fn with_head<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.0.state.lock().head)
    }

    /// The head of the reply is ready. Returns whether the request's body was left unread.
    pub(super) fn answered(&self) -> bool {
        let mut state = self.0.state.lock();
        state.enter(Phase::Head);
        state.head.clear();
        state.head.shrink_to(ROOM);
        state.unread
    }

    /// How long the connection has waited for its client; `None` if the server has to act next.
    pub(super) fn waits(&self) -> Option<impl Ord + Copy + use<>> {
        let state = self.0.state.lock();
        let waits = state.phase != Phase::Answer && !state.endless;
        waits.then_some((state.phase, state.since))
    }

    /// The reason to close the connection if for this long the client has neither sent a head nor read its reply. An
    /// idle connection gets no reason for the log.
    pub(super) fn overdue(&self, patience: Duration) -> Option<Option<&'static str>> {
        let state = self.0.state.lock();
        let waits = state.phase == Phase::Head && !state.endless;
        (waits && state.since.elapsed() >= patience).then(|| {
            if state.blocked {
                Some("the client did not read the reply in time")
            } else if !state.head.is_empty() {
                Some("the head of the request did not arrive in time")
            } else {
                (!state.served).then_some("no request arrived in time")
            }
        })
    }
}
