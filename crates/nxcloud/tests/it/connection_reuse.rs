//! Connections that the server closes while they are kept for the next request.
//!
//! hyper repeats a request itself in one case: if it was queued for a connection that closed before anything of the request was written
//! (`retry_canceled_requests` of hyper-util; the dispatcher returns the request in a `TrySendError`). If the connection closes later, the
//! error does not contain the request, and nothing is repeated.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nxcloud::antbuddy;
use nxcloud::sms::{Client, SendSms};
use nxcloud::{AppKey, Credentials, Error, ErrorKind, Outcome, RetryPolicy, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PHONE, SECRET, TEXT};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"code\":\"0\"}";

/// When the server closes a connection, after it has answered the first request on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closes {
    /// At once, without a `Connection: close` header.
    WhileIdle,
    /// After the first byte of the next request.
    AtFirstByte,
    /// After the complete next request, without a reply.
    AfterRequest,
}

/// A server that keeps connections open and records requests, including incomplete ones.
struct Server {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(closes: Closes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, closes, Arc::clone(&log)));
            }
        });
        Self { url, heads }
    }

    /// The number of requests that arrived, completely or in part.
    fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

async fn serve(
    mut stream: TcpStream,
    closes: Closes,
    heads: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let head = read_request(&mut stream).await?;
    heads.lock().unwrap().push(head);
    stream.write_all(REPLY).await.ok()?;
    if closes == Closes::WhileIdle {
        return None;
    }
    let mut first = [0];
    if stream.read(&mut first).await.ok()? == 0 {
        return None;
    }
    heads.lock().unwrap().push("second".to_owned());
    if closes == Closes::AfterRequest {
        read_request(&mut stream).await?;
    }
    None
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(head.to_owned());
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

fn session(url: &str) -> Session {
    let credentials = Credentials::nxcloud("test-key", SECRET).unwrap();
    let credentials = credentials.with_antbuddy("id", SECRET).unwrap();
    Session::builder()
        .credentials(credentials)
        .base_url(url)
        // The session repeats nothing, so only hyper can repeat a request.
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

async fn send(session: &Session) -> Result<(), Error> {
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    Client::new(session).send_sms(&request).await.map(drop)
}

/// A request without a body.
async fn create_token(session: &Session) -> Result<(), Error> {
    let client = antbuddy::Client::new(session);
    client.create_auth_token().await.map(drop)
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_does_not_fail_a_send() {
    let server = Server::start(Closes::WhileIdle).await;
    let session = session(&server.url);
    // The server closes each connection after its reply. A request written before the close arrives could be lost, so wait for it.
    let wait_for_close = || tokio::time::sleep(Duration::from_millis(10));
    for _ in 0..50 {
        send(&session).await.unwrap();
        wait_for_close().await;
        create_token(&session).await.unwrap();
        wait_for_close().await;
    }
    assert_eq!(server.requests(), 100);
}

#[tokio::test]
async fn a_request_that_may_have_arrived_in_part_is_not_repeated() {
    for closes in [Closes::AtFirstByte, Closes::AfterRequest] {
        let server = Server::start(closes).await;
        let session = session(&server.url);
        send(&session).await.unwrap();
        let error = send(&session).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{closes:?}");
        assert_eq!(error.kind(), ErrorKind::Transport, "{closes:?}");
        // Give a wrongly repeated request time to arrive.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(server.requests(), 2, "{closes:?}");
    }
}

#[tokio::test]
async fn a_request_without_a_body_is_not_repeated() {
    for closes in [Closes::AtFirstByte, Closes::AfterRequest] {
        let server = Server::start(closes).await;
        let session = session(&server.url);
        create_token(&session).await.unwrap();
        let error = create_token(&session).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{closes:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(server.requests(), 2, "{closes:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_before_it_is_connected_sends_nothing() {
    // The connection waits in the listener's queue. It is not accepted before the call is dropped.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let session = session(&format!("http://{}", listener.local_addr().unwrap()));
    let mut call = Box::pin(send(&session));
    std::future::poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(call);
    if let Ok(Ok((mut stream, _))) =
        tokio::time::timeout(Duration::from_millis(200), listener.accept()).await
    {
        let mut received = Vec::new();
        let _ = tokio::time::timeout(
            Duration::from_millis(200),
            stream.read_to_end(&mut received),
        )
        .await;
        assert_eq!(received.len(), 0);
    }
}
