//! Early refusals, and their lines in the log.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Maximum number of lines of one kind within [`SPAN`].
const MAX_LINES: u32 = 10;
const SPAN: Duration = Duration::from_secs(10);

/// An extension of a reply that says that the request was refused before its content was checked.
#[derive(Clone)]
pub(crate) struct Refused {
    /// Lines of one kind share a limit.
    pub(crate) kind: &'static str,
    /// Contains nothing of the request.
    pub(crate) reason: String,
}

/// Logs early refusals, with a limit so that a flood does not fill the log.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<&'static str, Lines>>);

struct Lines {
    since: Instant,
    written: u32,
    left_out: u32,
}

impl Refusals {
    pub(super) fn log(&self, peer: Option<SocketAddr>, kind: &'static str, reason: &str) {
        let mut kinds = self.0.lock();
        let lines = kinds.entry(kind).or_insert_with(|| Lines {
            since: Instant::now(),
            written: 0,
            left_out: 0,
        });
        if lines.written == MAX_LINES {
            lines.left_out += 1;
            return;
        }
        lines.written += 1;
        tracing::warn!(
            peer = peer.map(tracing::field::display),
            "refused early: {reason}"
        );
    }

    /// Logs how many lines were omitted once [`SPAN`] is over, or at the `end`.
    pub(super) fn catch_up(&self, end: bool) {
        self.0.lock().retain(|kind, lines| {
            let is_over = end || lines.since.elapsed() >= SPAN;
            if is_over && lines.left_out > 0 {
                tracing::warn!(
                    "refused early: {} more of this kind: {kind}",
                    lines.left_out
                );
            }
            !is_over
        });
    }

    /// Whether [`catch_up`](Self::catch_up) must still be called.
    pub(super) fn is_pending(&self) -> bool {
        !self.0.lock().is_empty()
    }
}
