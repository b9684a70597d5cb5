//! Moves slow work off the threads that serve.

use std::future;
use std::panic;

use tokio::task;
use tracing::dispatcher;

/// Work on more bytes than this moves to the pool. For less, moving costs more than it saves.
pub(crate) const LARGE: usize = 16 * 1024;

/// Runs work on the blocking pool. It runs to the end even if the caller no longer waits.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // A test may have a log for its thread.
    let log = dispatcher::get_default(Clone::clone);
    let work = move || dispatcher::with_default(&log, work);
    match task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            // The runtime is shutting down, and this task with it.
            Err(_) => future::pending().await,
        },
    }
}

/// Runs work on this many bytes, on the blocking pool if they are many.
pub(crate) async fn run_if_large<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes > LARGE {
        run(work).await
    } else {
        work()
    }
}
