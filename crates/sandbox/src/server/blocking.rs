//! Starts a sandbox on a separate thread.

use std::sync::mpsc;
use std::thread::Builder as ThreadBuilder;

use tokio::runtime;
use tokio::sync::oneshot;

use super::builder::Builder;
use super::error::Error;
use super::sandbox::Sandbox;
use super::thread::OwnThread;

impl Builder {
    /// Starts the sandbox on a separate thread with its own tokio runtime. Use it in tests without async code, and
    /// for blocking calls in async tests: in a `#[tokio::test]`, a sandbox of [`start`](Self::start) runs on the
    /// thread that the blocking call occupies, so it can never answer.
    ///
    /// Dropping the sandbox closes every connection and ends the thread.
    ///
    /// # Errors
    /// Like [`start`](Self::start), and [`Error::Thread`] if the thread or its runtime cannot be created.
    pub fn start_blocking(self) -> Result<Sandbox, Error> {
        let (started, start) = mpsc::sync_channel(1);
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(Error::Thread(error)))),
            };
            let sandbox = runtime.block_on(self.start());
            if started.send(sandbox).is_ok() {
                let _ = runtime.block_on(stopped);
            }
            // Nobody needs a diagnosis that is still running.
            runtime.shutdown_background();
        };
        let thread = ThreadBuilder::new().name("nxcloud-sandbox".to_owned());
        let thread = thread.spawn(run).map_err(Error::Thread)?;
        let thread = OwnThread {
            stop: Some(stop),
            thread: Some(thread),
        };
        let ended = |_| {
            Error::Thread(std::io::Error::other(
                "the thread ended before the sandbox started",
            ))
        };
        let mut sandbox = start.recv().map_err(ended)??;
        sandbox._thread = Some(thread);
        Ok(sandbox)
    }
}
