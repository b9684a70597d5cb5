//! Who has the body of an attempt: one decision, made once.
//!
//! Two threads race for it. The connection takes the body to send it; the attempt abandons it when its time is up. Each tries
//! to change the same atomic from `WAITING`, so exactly one of them succeeds: an abandoned body is never sent, and a body
//! that was taken is never reported as not sent.
//!
//! This file depends on nothing but atomics, so that `crates/client/loom` can include it and explore every interleaving.

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

    /// The connection asks for bytes. True if they may be sent, now and whenever it asks again; false if the attempt has
    /// abandoned them.
    pub(crate) fn take(&self) -> bool {
        self.decide(TAKEN) != ABANDONED
    }

    /// The attempt has ended. True if nothing of the body was sent, and nothing ever will be; false if it may have been.
    pub(crate) fn abandon(&self) -> bool {
        self.decide(ABANDONED) != TAKEN
    }

    /// Makes the decision if it is still open; returns the one that stands.
    fn decide(&self, decision: u8) -> u8 {
        let exchanged =
            self.0
                .compare_exchange(WAITING, decision, Ordering::AcqRel, Ordering::Acquire);
        exchanged.map_or_else(|earlier| earlier, |_| decision)
    }
}
