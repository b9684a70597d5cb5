//! The start on a thread of the sandbox's own.

use std::sync::mpsc;
use std::thread::Builder as ThreadBuilder;

use tokio::runtime;
use tokio::sync::oneshot;

use super::builder::Builder;
use super::error::Error;
use super::sandbox::Sandbox;
use super::thread::OwnThread;

impl Builder {
    /// Starts the sandbox on a thread of its own, with a tokio runtime of its own. For tests without async code, and for
    /// blocking calls in async tests: in a `#[tokio::test]`, a sandbox of [`start`](Self::start) runs on the thread that a
    /// blocking call holds, and never gets to answer.
    ///
    /// When the sandbox is dropped, the thread ends, with every connection.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`Error::Thread`] if the thread or its runtime cannot be made.
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
            // A diagnosis under way is of no use to anybody any more.
            runtime.shutdown_background();
        };
        let thread = ThreadBuilder::new().name("nxcloud-sandbox".to_owned());
        let thread = thread.spawn(run).map_err(Error::Thread)?;
        let thread = OwnThread {
            stop: Some(stop),
            thread: Some(thread),
        };
        let ended = |_| Error::Thread(std::io::Error::other("it ended at its start"));
        let mut sandbox = start.recv().map_err(ended)??;
        sandbox._thread = Some(thread);
        Ok(sandbox)
    }
}
