//! What happens when the server closes a connection that is kept for the next request.
//!
//! hyper repeats a request by itself in one case: it was queued for a connection that closed before anything of the request was
//! written (`retry_canceled_requests` of hyper-util; the request comes back from the dispatcher as `TrySendError` with its
//! message). A connection that closed any later gives an error without the message, and nothing is repeated.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nxcloud::antbuddy;
use nxcloud::sms::{Client, SendSms};
use nxcloud::{AppKey, Credentials, Error, ErrorKind, Outcome, RetryPolicy, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PHONE, SECRET, TEXT};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"code\":\"0\"}";

/// When the server closes a connection whose first request it has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closes {
    /// At once, without having said so.
    WhileIdle,
    /// When the first byte of the next request has come.
    AtFirstByte,
    /// When the next request has come whole, without a reply.
    AfterRequest,
}

/// A server that keeps connections open, and the heads of the requests of which anything arrived.
struct Server {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(closes: Closes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, closes, Arc::clone(&seen)));
            }
        });
        Self { url, heads }
    }

    /// How many requests arrived, whole or in part.
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
        // What is repeated below is repeated by hyper alone.
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
async fn a_connection_that_was_closed_while_idle_fails_no_send() {
    let server = Server::start(Closes::WhileIdle).await;
    let session = session(&server.url);
    // The server closes each connection after its reply. What is written before the close arrives may be lost.
    let close_arrives = || tokio::time::sleep(Duration::from_millis(10));
    for _ in 0..50 {
        send(&session).await.unwrap();
        close_arrives().await;
        create_token(&session).await.unwrap();
        close_arrives().await;
    }
    assert_eq!(server.requests(), 100);
}

#[tokio::test]
async fn what_may_have_arrived_in_part_is_not_repeated() {
    for closes in [Closes::AtFirstByte, Closes::AfterRequest] {
        let server = Server::start(closes).await;
        let session = session(&server.url);
        send(&session).await.unwrap();
        let error = send(&session).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{closes:?}");
        assert_eq!(error.kind(), ErrorKind::Transport, "{closes:?}");
        // Time for a request that should not come.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(server.requests(), 2, "{closes:?}");
    }
}

#[tokio::test]
async fn nor_is_a_request_without_a_body() {
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
async fn a_call_that_is_dropped_before_its_connection_stands_sends_nothing() {
    // The listener's queue takes the connection; nothing accepts it before the call is dropped.
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
