use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server of a router, and what stops it.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<Infallible>,
    task: JoinHandle<bool>,
}

impl Server {
    async fn start(router: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, limits, stopped));
        Self {
            address,
            stop,
            task,
        }
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn stop(self) {
        drop(self.stop);
        assert!(self.task.await.unwrap(), "a connection was closed by force");
    }
}

fn control(request: &Request) -> ConnectionControl {
    request.extensions().get().cloned().unwrap()
}

/// More of a reply than any buffer holds, in pieces.
async fn large() -> Body {
    let piece = Bytes::from_static(&[b'x'; 16 * 1024]);
    let pieces = stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    Body::from_stream(pieces.take(4096))
}

/// What comes until the server closes the connection.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // It ends, whatever the server says.
    let _ = testing::in_time("the end of a connection", stream.read_to_end(&mut rest)).await;
    rest
}

/// The beginning of a reply.
async fn status(stream: &mut TcpStream) -> String {
    let mut beginning = [0; 12];
    let read = stream.read_exact(&mut beginning);
    testing::in_time("a reply", read).await.unwrap();
    String::from_utf8(beginning.to_vec()).unwrap()
}

fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test]
async fn an_unread_endless_reply_does_not_delay_the_shutdown() {
    let watched = async |request: Request| {
        control(&request).never_ends();
        large().await
    };
    let server = Server::start(Router::new().fallback(watched), Limits::default()).await;
    let mut silent = server.send(GET).await;
    // The reply has begun; the rest stays unread.
    silent.read_u8().await.unwrap();
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_closes_connections_without_a_request_in_flight_at_once() {
    let server = Server::start(Router::new(), Limits::default()).await;
    let idle = server.send(b"").await;
    let begun = server.send(b"GET / HTTP/1.1\r\nhost: x\r\n").await;
    let mut refused = server.send(b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(status(&mut refused).await, "HTTP/1.1 400");
    // All that was sent is read by then.
    time::sleep(Duration::from_secs(1)).await;
    server.stop().await;
    for stream in [idle, begun] {
        assert_eq!(rest(stream).await, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_sending_is_disconnected() {
    let server = Server::start(Router::new(), Limits::default()).await;
    for begun in [&b""[..], b"G", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        assert_eq!(rest(server.send(begun).await).await, b"");
    }
    let idle = rest(server.send(GET).await).await;
    assert!(idle.starts_with(b"HTTP/1.1 404"));
    // A line now and then is not enough.
    let mut slow = server.send(b"GET / HTTP/1.1\r\n").await;
    for _ in 0..40 {
        let _ = slow.write_all(b"a: b\r\n").await;
        time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(rest(slow).await, b"");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_reply_is_disconnected() {
    let server = Server::start(Router::new().fallback(large), Limits::default()).await;
    let unread = server.send(GET).await;
    time::sleep(Duration::from_secs(60)).await;
    assert!(rest(unread).await.len() < 4096 * 16 * 1024);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reply_of_the_server_is_not_a_time_out() {
    let answer = async |request: Request| {
        if request.uri().path() == "/watched" {
            control(&request).never_ends();
            return Body::from_stream(stream::pending::<std::io::Result<Bytes>>());
        }
        time::sleep(Duration::from_secs(90)).await;
        Body::empty()
    };
    let server = Server::start(Router::new().fallback(answer), Limits::default()).await;
    let get = b"GET /watched HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut watched = server.send(get).await;
    assert_eq!(status(&mut watched).await, "HTTP/1.1 200");
    let mut slow = server.send(GET).await;
    assert_eq!(status(&mut slow).await, "HTTP/1.1 200");
    let mut room = [0; 1024];
    while watched.try_read(&mut room).is_ok_and(|read| read > 0) {}
    assert!(is_open(&watched));
    drop(watched);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_over_the_limit_closes_the_longest_idle_one() {
    let (release, released) = watch::channel(false);
    let answer = async move |request: Request| {
        if request.uri().path() == "/held" {
            let _ = released.clone().wait_for(|released| *released).await;
        }
        let _ = axum::body::to_bytes(request.into_body(), 10).await;
    };
    let limits = Limits {
        connections: 3,
        ..Limits::default()
    };
    let server = Server::start(Router::new().fallback(answer), limits).await;
    let answered = async || {
        let mut stream = server.send(GET).await;
        assert_eq!(status(&mut stream).await, "HTTP/1.1 200");
        stream
    };
    let mut held = server.send(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let body = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nx";
    let mut sending = server.send(body).await;
    let first = answered().await;
    // Each of these takes the place of the one before, which is idle.
    let second = answered().await;
    rest(first).await;
    let third = answered().await;
    rest(second).await;
    sending.write_all(b"x").await.unwrap();
    assert_eq!(status(&mut sending).await, "HTTP/1.1 200");
    drop(third);
    release.send(true).unwrap();
    assert_eq!(status(&mut held).await, "HTTP/1.1 200");
    server.stop().await;
}

/// Nobody is idle: what waits for a body goes before what is being answered.
#[tokio::test]
async fn a_connection_that_waits_for_a_body_can_be_closed_for_another() {
    let answer = async |request: Request| {
        let _ = axum::body::to_bytes(request.into_body(), 10).await;
    };
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = Server::start(Router::new().fallback(answer), limits).await;
    let body = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nx";
    let sending = server.send(body).await;
    let mut next = server.send(GET).await;
    assert_eq!(status(&mut next).await, "HTTP/1.1 200");
    assert_eq!(rest(sending).await, b"");
    server.stop().await;
}
