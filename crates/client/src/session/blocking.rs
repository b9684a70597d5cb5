//! Runs the calls of the blocking clients.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::task::coop::poll_proceed;

use crate::session::transport::Transport;
use crate::{Error, Session};

tokio::task_local! {
    /// Set within a blocking call.
    static BLOCKING: ();
}

/// The runtime of a session's blocking calls: one thread and a separate HTTP client. The first blocking call starts it.
///
/// Blocking calls cannot use the HTTP client of async calls: the runtime that opened a pooled connection drives it, and that runtime may
/// be blocked while one of its threads waits for a blocking call.
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

    /// The HTTP client of blocking calls; `None` outside a blocking call.
    pub(crate) fn http(&self) -> Option<&reqwest::Client> {
        BLOCKING.try_with(|()| ()).ok()?;
        self.started.get().map(|started| &started.http)
    }

    fn handle(&self) -> Result<&Handle, Error> {
        let _guard = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
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
            // Waiting for its thread would panic if the last clone of a session is dropped in async code.
            started.runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

/// Runs one call and blocks the calling thread until it ends.
///
/// # Errors
///
/// Those of the call. [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) in async code of a current-thread runtime, whose
/// other tasks would be blocked, and if no thread can be started.
pub(crate) fn run<T: Send>(
    session: &Session,
    call: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let current = Handle::try_current();
    if let Ok(current) = &current
        && current.runtime_flavor() == RuntimeFlavor::CurrentThread
        && is_async_code()
    {
        return Err(Error::configuration(
            "a blocking call in async code would block the current-thread runtime; use the async client, tokio::task::spawn_blocking, \
             or a multi-thread runtime",
        ));
    }
    let handle = session.inner.runtime.handle()?;
    let call = BLOCKING.scope((), call);
    if current.is_err() {
        return handle.block_on(call);
    }
    // This thread belongs to another runtime, for example through `spawn_blocking`. `block_on` may panic here, so use a new thread.
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

/// More than the cooperative budget of a tokio task.
const OVER_BUDGET: usize = 1_024;

/// Whether this thread is polling a tokio task, as opposed to running a `spawn_blocking` closure.
///
/// tokio has no API for this, but only a polled task has a limited cooperative budget. This takes units until the budget is used up.
/// Each unit is returned when its guard is dropped, the last one first.
fn is_async_code() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    let mut units = Vec::with_capacity(OVER_BUDGET);
    while units.len() < OVER_BUDGET {
        match poll_proceed(&mut context) {
            Poll::Ready(unit) => units.push(unit),
            Poll::Pending => break,
        }
    }
    let is_limited = units.len() < OVER_BUDGET;
    while units.pop().is_some() {}
    is_limited
}

fn not_started(error: std::io::Error) -> Error {
    Error::configuration(
        "the thread for blocking calls could not be started; check the process's thread limit",
    )
    .with_source(error)
}

/// The items of a stream as an iterator that blocks the calling thread.
pub(crate) fn items<T: Send>(
    session: Session,
    stream: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
) -> impl Iterator<Item = Result<T, Error>> {
    let mut stream = Some(stream);
    std::iter::from_fn(move || {
        let next = stream.as_mut()?.next();
        match run(&session, async { Ok(next.await) }) {
            Ok(item) => item,
            // Blocking itself failed, not the stream: every further step would fail, too.
            Err(error) => {
                stream = None;
                Some(Err(error))
            }
        }
    })
}
