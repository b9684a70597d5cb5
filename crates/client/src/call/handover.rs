//! Decides once whether the body of an attempt is sent or abandoned.
//!
//! Two threads race. The connection takes the body to send it; the attempt abandons it when its time is up. Each tries to change the
//! same atomic from `WAITING`, and exactly one of them succeeds. An abandoned body is never sent, and a taken body is never reported
//! as not sent.
//!
//! This file depends only on atomics: `crates/client/loom` includes it and explores every interleaving.

#[cfg(nxcloud_loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(nxcloud_loom))]
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const ABANDONED: u8 = 2;

/// The state of one attempt's body, shared by the attempt and the body.
#[derive(Debug)]
pub(crate) struct Handover(AtomicU8);

impl Handover {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(WAITING))
    }

    /// Called by the connection before it sends bytes. Returns true if it may send them, now and on every later call; false if the
    /// attempt has abandoned the body.
    pub(crate) fn take(&self) -> bool {
        self.decide(TAKEN) != ABANDONED
    }

    /// Called when the attempt ends. Returns true if nothing of the body was or will be sent, false if it may have been.
    pub(crate) fn abandon(&self) -> bool {
        self.decide(ABANDONED) != TAKEN
    }

    /// Makes the decision if it is still open. Returns the decision in force.
    fn decide(&self, decision: u8) -> u8 {
        let exchanged =
            self.0
                .compare_exchange(WAITING, decision, Ordering::AcqRel, Ordering::Acquire);
        exchanged.map_or_else(|earlier| earlier, |_| decision)
    }
}
