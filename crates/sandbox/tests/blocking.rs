//! A sandbox on a separate thread.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use nxcloud_sandbox::{Error, Fault, Sandbox};

/// Sends a request without any async code, and returns the status line.
fn asked(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(
        b"GET /__sandbox/state HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    )?;
    let reply = String::from_utf8(testing::read_to_end(stream)?).unwrap();
    Ok(reply.lines().next().unwrap_or_default().to_owned())
}

/// Drops a sandbox, which closes the connection without a reply.
fn ends(sandbox: Sandbox, connection: TcpStream) {
    testing::blocking("the end of a sandbox", || drop(sandbox));
    let rest = testing::read_to_end(connection);
    assert!(rest.is_err() || rest.is_ok_and(|rest| rest.is_empty()));
}

#[test]
fn start_blocking_needs_no_runtime_and_drop_stops_the_sandbox() {
    let sandbox = Sandbox::start_blocking().unwrap();
    let address = sandbox.address();
    assert_eq!(asked(address).unwrap(), "HTTP/1.1 200 OK");
    // An open, idle connection delays nothing.
    let idle = TcpStream::connect(address).unwrap();
    ends(sandbox, idle);
    assert!(asked(address).is_err(), "the port is still listened on");
}

#[tokio::test]
async fn start_blocking_serves_blocking_calls_in_an_async_test() {
    let sandbox = Sandbox::start_blocking().unwrap();
    assert_eq!(asked(sandbox.address()).unwrap(), "HTTP/1.1 200 OK");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn drop_does_not_wait_for_a_stalled_request() {
    let sandbox = Sandbox::start_blocking().unwrap();
    sandbox.faults().enqueue(Fault::StallBeforeAccept);
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    let head = "POST /api/sms/mtsend_v2 HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(head.as_bytes()).unwrap();
    testing::until("the request", || !sandbox.requests().is_empty()).await;
    ends(sandbox, stream);
}

#[test]
fn start_and_start_blocking_return_the_same_errors() {
    let taken = Sandbox::start_blocking().unwrap();
    let port = taken.address().port();
    let error = Sandbox::builder().port(port).start_blocking().unwrap_err();
    assert!(
        matches!(error, Error::Listen { port: of, .. } if of == port),
        "{error:?}"
    );
}

#[test]
fn without_a_runtime_the_error_names_start_blocking() {
    let start = std::pin::pin!(Sandbox::start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = start.poll(&mut context) else {
        unreachable!("there is no runtime");
    };
    assert!(error.to_string().contains("start_blocking"), "{error}");
}
