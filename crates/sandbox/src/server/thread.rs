//! The thread of a sandbox.

use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// The thread that runs a sandbox. Dropping it closes every connection and joins the thread.
#[derive(Debug)]
pub(super) struct OwnThread {
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) thread: Option<JoinHandle<()>>,
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread needs no handling: the sandbox is gone either way.
            let _ = thread.join();
        }
    }
}
