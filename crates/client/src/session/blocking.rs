//! For programs without async code: what the `blocking::Client` of a service crate runs its calls with.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError};

use futures_core::Stream;
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Handle};

use crate::session::transport::Transport;
use crate::{Error, Session};

tokio::task_local! {
    /// Set within a blocking call.
    static BLOCKING: ();
}

/// What a session's blocking calls run on: a runtime with one thread and an HTTP client, made by the first of them.
///
/// The client is not that of async calls: a pooled connection is driven by the runtime that opened it, and that runtime may stand
/// still while a thread of it waits for a blocking call.
pub(crate) struct Runtime {
    transport: Transport,
    starting: Mutex<()>,
    started: OnceLock<Started>,
}

struct Started {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

impl Runtime {
    pub(crate) fn new(transport: Transport) -> Self {
        Self {
            transport,
            starting: Mutex::default(),
            started: OnceLock::new(),
        }
    }

    /// The HTTP client of blocking calls, within one.
    pub(crate) fn http(&self) -> Option<&reqwest::Client> {
        BLOCKING.try_with(|()| ()).ok()?;
        self.started.get().map(|started| &started.http)
    }

    fn handle(&self) -> Result<&Handle, Error> {
        let _one = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = self.started.get() {
            return Ok(started.runtime.handle());
        }
        let http = self.transport.make_http()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("nxcloud-blocking")
            .enable_all()
            .build()
            .map_err(not_started)?;
        let started = self.started.get_or_init(|| Started { runtime, http });
        Ok(started.runtime.handle())
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(started) = self.started.take() {
            // Waiting for its thread would panic where the last clone of a session is dropped in async code.
            started.runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

/// Runs one call of a service to its end on the calling thread.
///
/// # Errors
///
/// Those of the call, and [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when no thread can be started.
pub(crate) fn run<T: Send>(
    session: &Session,
    call: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let handle = session.inner.runtime.handle()?;
    let call = BLOCKING.scope((), call);
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

/// The items of a stream, each waited for on the calling thread.
pub(crate) fn items<T: Send>(
    session: Session,
    stream: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
) -> impl Iterator<Item = Result<T, Error>> {
    let mut stream = Some(stream);
    std::iter::from_fn(move || {
        let next = stream.as_mut()?.next();
        match run(&session, async { Ok(next.await) }) {
            Ok(item) => item,
            // Not the stream's failure, but that of waiting for it: there is no use in going on.
            Err(error) => {
                stream = None;
                Some(Err(error))
            }
        }
    })
}
