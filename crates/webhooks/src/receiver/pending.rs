//! A received push whose outcome is open.

use std::fmt;
use std::net::IpAddr;

use super::{Answer, Queue, Receiver, Refusal};
use crate::event::Event;
use crate::replay::Claimed;
use crate::verify::Verified;

/// A received event, and what is known about its origin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received<E> {
    /// The event.
    pub event: E,
    /// Account, action and time of the verified signature. `None` for unsigned pushes.
    pub verified: Option<Verified>,
    /// The sender's address, if an allow-list checked it.
    pub sender: Option<IpAddr>,
}

/// A push that was checked and read, and whose outcome is open.
///
/// Call one of its methods to report the outcome and get the answer for the platform. Until then, a repeat is refused. Afterwards, a repeat
/// of a processed push gets the same answer; see [`Verifier`](crate::Verifier) and
/// [`Receiver::once_per_event`](Receiver::once_per_event). If it is dropped, because the handler panicked or was cancelled, the push counts
/// as not processed, so the platform's next attempt is handled.
///
/// ```
/// use nxcloud_webhooks::{Answer, Event, Pending};
///
/// fn receive<E: Event>(push: Pending<E>, store: impl FnOnce(E) -> std::io::Result<()>) -> Answer {
///     push.handle(|received| store(received.event)) // `success` if it was stored
/// }
///
/// fn ignore<E: Event>(push: Pending<E>) -> Answer {
///     push.accept()
/// }
/// ```
///
/// With the feature `axum` it is an extractor for a router whose state is the [`Receiver`], or your own state with
/// `impl FromRef<App> for Receiver<E>`. The crate page has an example of each.
#[must_use = "a dropped push counts as not processed"]
pub struct Pending<E: Event> {
    received: Received<E>,
    outcome: Outcome<E>,
}

/// Settles a push exactly once.
pub(crate) struct Outcome<E: Event> {
    receiver: Receiver<E>,
    verified: Option<Verified>,
    /// The claim on its event, if events are handled once.
    event: Option<Claimed>,
    open: bool,
}

impl<E: Event> Pending<E> {
    pub(super) fn new(
        receiver: Receiver<E>,
        event: E,
        verified: Option<Verified>,
        claimed: Option<Claimed>,
        sender: Option<IpAddr>,
    ) -> Self {
        Self {
            outcome: Outcome {
                receiver,
                verified: verified.clone(),
                event: claimed,
                open: true,
            },
            received: Received {
                event,
                verified,
                sender,
            },
        }
    }

    /// The event, and what is known about its origin.
    #[must_use]
    pub const fn received(&self) -> &Received<E> {
        &self.received
    }

    /// Calls the handler. The push is accepted if the handler succeeded.
    pub fn handle<Error>(self, handler: impl FnOnce(Received<E>) -> Result<(), Error>) -> Answer {
        let result = handler(self.received);
        self.outcome.settle(result.is_ok())
    }

    /// Like [`handle`](Self::handle), with an async handler.
    pub async fn handle_async<Error>(
        self,
        handler: impl AsyncFnOnce(Received<E>) -> Result<(), Error>,
    ) -> Answer {
        let result = handler(self.received).await;
        self.outcome.settle(result.is_ok())
    }

    /// Calls a handler that cannot fail. The push is accepted unless the handler panics.
    pub fn accept_with(self, handler: impl FnOnce(Received<E>)) -> Answer {
        handler(self.received);
        self.outcome.settle(true)
    }

    /// Like [`accept_with`](Self::accept_with), with an async handler.
    pub async fn accept_with_async(self, handler: impl AsyncFnOnce(Received<E>)) -> Answer {
        handler(self.received).await;
        self.outcome.settle(true)
    }

    /// Puts the push into a queue, for handlers that take longer than the platform waits. If the queue is full, the push is not accepted,
    /// and the platform may repeat it.
    pub fn enqueue(self, queue: &impl Queue<E>) -> Answer {
        match queue.offer(self.received) {
            Ok(()) => self.outcome.settle(true),
            Err(_) => self.outcome.fail(Refusal::QueueFull),
        }
    }

    /// Reports that the push was processed.
    pub fn accept(self) -> Answer {
        self.outcome.settle(true)
    }

    /// Reports that the push was not processed.
    pub fn reject(self) -> Answer {
        self.outcome.settle(false)
    }

    #[cfg(feature = "tower")]
    pub(crate) fn into_parts(self) -> (Received<E>, Outcome<E>) {
        (self.received, self.outcome)
    }
}

impl<E: Event> Outcome<E> {
    pub(crate) fn settle(mut self, processed: bool) -> Answer {
        if processed {
            self.remember(true);
            Answer::accepted(E::REPLY)
        } else {
            self.fail(Refusal::NotProcessed)
        }
    }

    fn fail(mut self, reason: Refusal) -> Answer {
        self.remember(false);
        self.receiver.report(reason);
        Answer::failed(E::REPLY)
    }

    fn remember(&mut self, processed: bool) {
        self.open = false;
        if let Some(verified) = &self.verified {
            verified.settle(processed);
        }
        if let Some(event) = &self.event {
            event.settle(processed);
        }
    }
}

impl<E: Event> Drop for Outcome<E> {
    fn drop(&mut self) {
        if self.open {
            self.remember(false);
            self.receiver.report(Refusal::NotProcessed);
        }
    }
}

impl<E: Event> fmt::Debug for Pending<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
