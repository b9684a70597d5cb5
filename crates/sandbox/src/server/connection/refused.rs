//! What is refused early, and its line in the log.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many lines of one kind within [`SPAN`].
const MAX_LINES: u32 = 10;
const SPAN: Duration = Duration::from_secs(10);

/// Says, among the extensions of a reply, that the request was refused before anybody looked at its content.
#[derive(Clone)]
pub(crate) struct Refused {
    /// Lines of one kind are limited together.
    pub(crate) kind: &'static str,
    /// It holds nothing of the request.
    pub(crate) reason: String,
}

/// Writes a line for whatever is refused, and no more than a terminal can take.
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

    /// Says how many lines were left out once [`SPAN`] is over, or now at the `end`.
    pub(super) fn catch_up(&self, end: bool) {
        self.0.lock().retain(|kind, lines| {
            let is_over = end || lines.since.elapsed() >= SPAN;
            if is_over && lines.left_out > 0 {
                tracing::warn!("refused early: {} more like this: {kind}", lines.left_out);
            }
            !is_over
        });
    }

    /// Whether [`catch_up`](Self::catch_up) is still to be called.
    pub(super) fn is_pending(&self) -> bool {
        !self.0.lock().is_empty()
    }
}
