//! A file that keeps the requests when the sandbox is gone.

mod error;
mod open;
mod rows;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use tokio::sync::Semaphore;

use super::{ReceivedRequest, Room};
pub use error::RecordError;
use writer::Message;

/// How much may wait to be written, in kibibytes. Then requests wait before they are answered.
const MAX_WAITING: u32 = 64 * 1024;

/// The way into the file. What is sent here is written by a thread of its own, in batches.
pub(crate) struct Recorder {
    /// `None` once it is closed.
    open: Option<(Sender<Message>, JoinHandle<()>)>,
    room: Arc<Semaphore>,
}

/// What a file held when it was opened.
pub(crate) struct Past {
    /// The latest requests, oldest first.
    pub(crate) requests: Vec<ReceivedRequest>,
    /// The highest number that a request of this file ever had.
    pub(crate) last_id: u64,
}

impl Recorder {
    /// Opens a file or makes a new one, and reads so many of its latest requests, as long as they take so many bytes.
    pub(crate) fn open(
        path: &Path,
        max_requests: usize,
        max_bytes: usize,
    ) -> Result<(Self, Past), RecordError> {
        let failed = |kind| RecordError::new(path, kind);
        let connection = open::open(path).map_err(failed)?;
        let past = rows::read(&connection, max_requests, max_bytes).map_err(failed)?;
        let (sender, messages) = channel();
        let thread = thread::Builder::new()
            .name("sandbox-record".to_owned())
            .spawn(move || writer::write(connection, &messages))
            .map_err(|error| failed(error.into()))?;
        let recorder = Self {
            open: Some((sender, thread)),
            room: Arc::new(Semaphore::new(MAX_WAITING as usize)),
        };
        Ok((recorder, past))
    }

    /// Where requests wait for their room.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting(Arc::clone(&self.room))
    }

    /// Has a request written, whose room is free again afterwards.
    pub(crate) fn push(&self, request: ReceivedRequest, room: Room) {
        self.send(Message::Request(request, room));
    }

    /// Has all requests that were sent so far removed from the file.
    pub(crate) fn clear(&self) {
        self.send(Message::Clear);
    }

    fn send(&self, message: Message) {
        if let Some((sender, _)) = &self.open {
            // It fails when the thread is gone, which ends only after this end.
            let _ = sender.send(message);
        }
    }

    /// Waits until everything is written, and closes the file. What is sent afterwards is dropped.
    pub(crate) fn close(&mut self) {
        if let Some((sender, thread)) = self.open.take() {
            drop(sender);
            // A thread that panicked cannot write any more.
            let _ = thread.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

/// Where requests wait until there is room for them on the way to the file.
#[derive(Clone)]
pub(crate) struct Waiting(Arc<Semaphore>);

impl Waiting {
    /// Waits for room for a body of so many bytes, its reply and the rest. A body larger than all the room takes all of it.
    pub(crate) async fn room(self, body_bytes: usize) -> Room {
        let kibibytes = u32::try_from(body_bytes / 1024).unwrap_or(u32::MAX);
        let wanted = kibibytes.saturating_mul(2).saturating_add(4);
        // It fails for a semaphore that was closed, and this one never is.
        let room = self.0.acquire_many_owned(wanted.min(MAX_WAITING)).await;
        room.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn requests_wait_while_too_much_is_to_be_written() {
        let waiting = Waiting(Arc::new(Semaphore::new(MAX_WAITING as usize)));
        let small = waiting.clone().room(10).await;
        let mut large = pin!(waiting.clone().room(usize::MAX));
        let mut context = Context::from_waker(Waker::noop());
        assert!(large.as_mut().poll(&mut context).is_pending());
        drop(small);
        let large = large.await;
        let mut next = pin!(waiting.clone().room(0));
        assert!(next.as_mut().poll(&mut context).is_pending());
        drop(large);
        assert!(next.await.is_some());
        assert_eq!(waiting.0.available_permits(), MAX_WAITING as usize);
    }
}
