//! For programs without async code: what the `blocking::Client` of a service crate runs its calls with.

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use futures_core::Stream;
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Handle};

use crate::{Error, Session};

/// A session's own runtime with one thread, made by its first blocking call.
#[derive(Default)]
pub(crate) struct Runtime(Mutex<Option<tokio::runtime::Runtime>>);

impl Runtime {
    fn handle(&self) -> Result<Handle, Error> {
        let mut runtime = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.as_ref() {
            return Ok(runtime.handle().clone());
        }
        let made = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("nxcloud-blocking")
            .enable_all()
            .build()
            .map_err(not_started)?;
        let handle = made.handle().clone();
        *runtime = Some(made);
        Ok(handle)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let runtime = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.take() {
            // Waiting for its thread would panic where the last clone of a session is dropped in async code.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

/// Runs one call of a service to its end on the calling thread. Generated code calls it.
///
/// # Errors
///
/// Those of the call, and [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when no thread can be started.
pub fn run<T: Send>(
    session: &Session,
    call: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let handle = session.0.runtime.handle()?;
    if Handle::try_current().is_err() {
        return handle.block_on(call);
    }
    // A thread of another runtime, such as one of `spawn_blocking`: tokio may refuse to wait there, by a panic, and does not say
    // beforehand. On a thread of its own it does not.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("nxcloud-blocking-call".to_owned())
            .spawn_scoped(scope, || handle.block_on(call))
            .map_err(not_started)?;
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn not_started(error: std::io::Error) -> Error {
    Error::configuration("the thread for blocking calls could not be started").with_source(error)
}

/// The items of a stream, each waited for on the calling thread. Generated code calls it.
pub fn items<'a, T: Send + 'a>(
    session: &'a Session,
    stream: impl Stream<Item = Result<T, Error>> + Send + 'a,
) -> impl Iterator<Item = Result<T, Error>> + 'a {
    let mut stream = Some(Box::pin(stream));
    std::iter::from_fn(move || {
        let next = stream.as_mut()?.next();
        match run(session, async { Ok(next.await) }) {
            Ok(item) => item,
            // Not the stream's failure, but that of waiting for it: there is no use in going on.
            Err(error) => {
                stream = None;
                Some(Err(error))
            }
        }
    })
}
