//! Handing over to a queue.

use std::sync::mpsc::{SyncSender, TrySendError};

use super::Received;

/// A bounded queue that the caller supplies and works off elsewhere.
///
/// Implemented for [`std::sync::mpsc::SyncSender`] and, with the feature `tokio`, for `tokio::sync::mpsc::Sender`. What is in a
/// queue in memory is lost when the process ends, and the platform does not push it again: it was answered that the push is accepted.
pub trait Queue<E> {
    /// Takes the event, or gives it back at once when there is no room or nobody takes out of the queue any more.
    ///
    /// # Errors
    ///
    /// [`NotQueued`] with the event.
    fn offer(&self, received: Received<E>) -> Result<(), NotQueued<E>>;
}

/// An event that a queue did not take.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "implementations of Queue make it from the event alone"
)]
pub struct NotQueued<E>(pub Box<Received<E>>);

impl<E> Queue<E> for SyncSender<Received<E>> {
    fn offer(&self, received: Received<E>) -> Result<(), NotQueued<E>> {
        self.try_send(received).map_err(|error| match error {
            TrySendError::Full(received) | TrySendError::Disconnected(received) => {
                NotQueued(Box::new(received))
            }
        })
    }
}

#[cfg(feature = "tokio")]
impl<E> Queue<E> for tokio::sync::mpsc::Sender<Received<E>> {
    fn offer(&self, received: Received<E>) -> Result<(), NotQueued<E>> {
        use tokio::sync::mpsc::error::TrySendError;
        self.try_send(received).map_err(|error| match error {
            TrySendError::Full(received) | TrySendError::Closed(received) => {
                NotQueued(Box::new(received))
            }
        })
    }
}
