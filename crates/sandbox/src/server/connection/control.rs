//! The state of one connection, shared by its stream, its requests, and the list of open connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// Room that is kept for the next head; hyper bounds a larger one.
const ROOM: usize = 8 * 1024;

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
    /// The head that is arriving, and what came with it.
    head: Vec<u8>,
    served: bool,
    endless: bool,
    reset: bool,
    /// Whether the latest request has a body that was not read.
    unread: bool,
    /// Whether the client takes nothing of a reply.
    blocked: bool,
}

/// What a connection waits for. To make room, one of the first kind is closed first, and one of the last kind never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// The next head, while the reply before may still go out.
    Head,
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
    /// The state of a new connection, with what says that the server stops.
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
        // It fails when the server is gone.
        let _ = self.0.closing.clone().wait_for(|closing| *closing).await;
    }

    /// Says that the reply has no end of its own, or takes longer than a client may.
    pub(crate) fn never_ends(&self) {
        self.0.state.lock().endless = true;
    }

    /// Says that the connection ends with a reset.
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

    /// Something of a reply was sent, or could not be.
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

    /// Whether a server that stops has to wait for the connection. A stream of events goes on for ever, and who watches may have
    /// stopped reading.
    pub(super) fn is_at_work(&self) -> bool {
        let state = self.0.state.lock();
        !(state.endless || state.phase == Phase::Head && state.has_more())
    }

    /// A head has come, with a body behind it or without.
    pub(super) fn begins(&self, has_body: bool) {
        let mut state = self.0.state.lock();
        state.enter(if has_body { Phase::Body } else { Phase::Answer });
        state.served = true;
        state.endless = false;
        state.unread = has_body;
    }

    /// The whole body has come.
    pub(crate) fn body_is_read(&self) {
        let mut state = self.0.state.lock();
        state.enter(Phase::Answer);
        state.unread = false;
    }

    /// The head that has come, and what came with it.
    pub(super) fn with_head<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.0.state.lock().head)
    }

    /// The head of the reply is there. Says whether the request's body was left unread.
    pub(super) fn answered(&self) -> bool {
        let mut state = self.0.state.lock();
        state.enter(Phase::Head);
        state.head.clear();
        state.head.shrink_to(ROOM);
        state.unread
    }

    /// What tells which connection has waited longest for its client; `None` if the server has the next move.
    pub(super) fn waits(&self) -> Option<impl Ord + Copy + use<>> {
        let state = self.0.state.lock();
        let waits = state.phase != Phase::Answer && !state.endless;
        waits.then_some((state.phase, state.since))
    }

    /// Whether the client has for so long neither sent a head nor read its reply, and what to say of that; nothing of a
    /// connection that is just idle.
    pub(super) fn overdue(&self, patience: Duration) -> Option<Option<&'static str>> {
        let state = self.0.state.lock();
        let waits = state.phase == Phase::Head && !state.endless;
        (waits && state.since.elapsed() >= patience).then(|| {
            if state.blocked {
                Some("the reply was not read in time")
            } else if !state.head.is_empty() {
                Some("the head of the request did not come in time")
            } else {
                (!state.served).then_some("no request came in time")
            }
        })
    }
}
