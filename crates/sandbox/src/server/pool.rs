//! Work that takes long, off the threads that serve.

use std::future;
use std::panic;

use tokio::task;
use tracing::dispatcher;

/// What is larger, in bytes, is worked on elsewhere. For what is smaller a hop costs more than it gains.
pub(crate) const LARGE: usize = 16 * 1024;

/// Does work on the blocking pool, to its end even if nobody waits for it any more.
pub(crate) async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // A test may have a log for its own thread.
    let log = dispatcher::get_default(Clone::clone);
    let work = move || dispatcher::with_default(&log, work);
    match task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => future::pending().await,
        },
    }
}

/// Does work on so many bytes, on the blocking pool if they are many.
pub(crate) async fn by_size<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes > LARGE {
        elsewhere(work).await
    } else {
        work()
    }
}
