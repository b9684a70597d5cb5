//! Queues for received events.

use std::sync::mpsc::{SyncSender, TrySendError};

use super::Received;

/// A bounded queue. You supply it and process its events elsewhere.
///
/// It is implemented for [`std::sync::mpsc::SyncSender`] and, with the feature `tokio`, for `tokio::sync::mpsc::Sender`. When the process
/// ends, the events in a queue in memory are lost. The platform does not push them again, because they were answered as accepted.
pub trait Queue<E> {
    /// Puts the event into the queue. Returns it at once if the queue is full or closed.
    ///
    /// # Errors
    ///
    /// [`NotQueued`] with the event.
    fn offer(&self, received: Received<E>) -> Result<(), NotQueued<E>>;
}

/// An event that a queue did not accept.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "implementations of Queue construct it from the event"
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
