//! A thread of a sandbox's own.

use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// The thread that runs a sandbox. Dropping it closes every connection and waits for the thread's end.
#[derive(Debug)]
pub(super) struct OwnThread {
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) thread: Option<JoinHandle<()>>,
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Nothing is lost if it panicked: the sandbox is gone either way.
            let _ = thread.join();
        }
    }
}
