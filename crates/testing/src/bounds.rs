//! Bounded waits: if a test waits too long, it fails and names what it waited for. The bound is far longer than anything takes on a slow machine; it
//! does not measure speed.

use std::future::Future;
use std::io::{BufRead, Read};
use std::net::{TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const BOUND: Duration = Duration::from_secs(120);
/// The time between two checks of a condition.
const PAUSE: Duration = Duration::from_millis(2);

#[track_caller]
pub(crate) fn late(what: &str) -> ! {
    panic!("{what}: not within {} s", BOUND.as_secs());
}

/// Waits for a future.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(BOUND, work).await {
        Ok(value) => value,
        Err(_) => late(what),
    }
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    in_time(what, async {
        while !condition() {
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await;
}

/// Waits until there is a value, in blocking code.
#[track_caller]
pub fn wait_for<T>(what: &str, value: impl FnMut() -> Option<T>) -> T {
    poll(value).unwrap_or_else(|| late(what))
}

/// Waits for a value; `None` if it takes too long.
pub(crate) fn poll<T>(mut value: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let result = value();
        if result.is_some() || start.elapsed() > BOUND {
            return result;
        }
        thread::sleep(PAUSE);
    }
}

/// Runs blocking work on another thread. If it takes too long, the test fails and the thread keeps running.
#[track_caller]
pub fn blocking<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || drop(sender.send(work())));
    match receiver.recv_timeout(BOUND) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => late(what),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => unreachable!("the thread sends its value before it ends"),
        },
    }
}

/// Waits for the end of a thread.
#[track_caller]
pub fn joined<T>(what: &str, thread: JoinHandle<T>) -> T {
    wait_for(what, || thread.is_finished().then_some(()));
    match thread.join() {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}

/// Waits for the next connection.
#[track_caller]
pub fn accepted(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let (stream, _) = wait_for("a connection", || listener.accept().ok());
    listener.set_nonblocking(false).unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// Reads a stream to its end.
///
/// # Errors
///
/// Those of the stream.
#[track_caller]
pub fn read_to_end(mut stream: impl Read + Send + 'static) -> std::io::Result<Vec<u8>> {
    blocking("the end of a stream", move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map(|_| bytes)
    })
}

/// Reads the next line of a stream, including the line end. Empty at the end of the stream.
#[track_caller]
pub fn line<R: BufRead + Send + 'static>(mut stream: R) -> (R, String) {
    blocking("a line", move || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        (stream, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "the reply: not within 120 s")]
    async fn a_future_that_never_completes_fails_with_its_name() {
        in_time("the reply", std::future::pending::<()>()).await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "a request: not within 120 s")]
    async fn a_condition_that_never_holds_fails_with_its_name() {
        until("a request", || false).await;
    }

    #[test]
    #[should_panic(expected = "its own")]
    fn a_panic_on_the_thread_panics_in_the_test() {
        blocking("work", || panic!("its own"));
    }
}
