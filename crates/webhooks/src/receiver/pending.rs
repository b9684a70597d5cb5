//! A push between its arrival and its outcome.

use std::fmt;
use std::net::IpAddr;

use super::{Answer, Queue, Receiver, Refusal};
use crate::event::Event;
use crate::replay::Claimed;
use crate::verify::Verified;

/// An event that was received, and what is known of its way.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received<E> {
    /// The event.
    pub event: E,
    /// What the signature covers: account, action and time. `None` for unsigned pushes.
    pub verified: Option<Verified>,
    /// The sender's address, where an allow-list looked at it.
    pub sender: Option<IpAddr>,
}

/// A push that was checked and read, and waits for its outcome.
///
/// One of its methods gives the answer for the platform. A repeat that comes before that is refused, and one that comes later is answered
/// in the same way if the push was processed; see [`Verifier`](crate::Verifier) and
/// [`Receiver::once_per_event`](Receiver::once_per_event). When it is dropped instead, because the handler panicked or was
/// cancelled, the push counts as not processed, so that the platform's next attempt gets in.
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
/// With the feature `axum` it is an extractor, for a router whose state is the [`Receiver`], or a state of one's own with
/// `impl FromRef<App> for Receiver<E>`; the page of this crate has both.
#[must_use = "dropping it means that the push was not processed"]
pub struct Pending<E: Event> {
    received: Received<E>,
    outcome: Outcome<E>,
}

/// Settles a push exactly once.
pub(crate) struct Outcome<E: Event> {
    receiver: Receiver<E>,
    verified: Option<Verified>,
    /// Its event, where events are handled once.
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

    /// The event, and what is known of its way.
    #[must_use]
    pub const fn received(&self) -> &Received<E> {
        &self.received
    }

    /// Has the push handled. The answer says that it was accepted if the handler succeeded.
    pub fn handle<Error>(self, handler: impl FnOnce(Received<E>) -> Result<(), Error>) -> Answer {
        let result = handler(self.received);
        self.outcome.settle(result.is_ok())
    }

    /// As [`handle`](Self::handle), with a handler that waits.
    pub async fn handle_async<Error>(
        self,
        handler: impl AsyncFnOnce(Received<E>) -> Result<(), Error>,
    ) -> Answer {
        let result = handler(self.received).await;
        self.outcome.settle(result.is_ok())
    }

    /// Has the push handled by what cannot fail: the answer says that it was accepted, unless the handler panics.
    pub fn accept_with(self, handler: impl FnOnce(Received<E>)) -> Answer {
        handler(self.received);
        self.outcome.settle(true)
    }

    /// As [`accept_with`](Self::accept_with), with a handler that waits.
    pub async fn accept_with_async(self, handler: impl AsyncFnOnce(Received<E>)) -> Answer {
        handler(self.received).await;
        self.outcome.settle(true)
    }

    /// Hands the push over to a queue, for handlers that take longer than the platform waits. Without room in the queue it is
    /// not accepted, and the platform may try again.
    pub fn enqueue(self, queue: &impl Queue<E>) -> Answer {
        match queue.offer(self.received) {
            Ok(()) => self.outcome.settle(true),
            Err(_) => self.outcome.fail(Refusal::QueueFull),
        }
    }

    /// The push was processed.
    pub fn accept(self) -> Answer {
        self.outcome.settle(true)
    }

    /// The push was not processed.
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
