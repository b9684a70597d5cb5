//! The stream of events.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Hook, ask, call, good_sms, send};
use nxcloud_sandbox::{Fault, PushRequest, Sandbox};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOW: u64 = 1_800_000_000_000;

/// A page that watches the events.
struct Watcher {
    stream: TcpStream,
    text: String,
}

impl Watcher {
    /// Connects, and waits until the stream has begun.
    async fn start(sandbox: &Sandbox) -> Self {
        let stream = Self::silent(sandbox).await;
        let text = String::new();
        let mut watcher = Self { stream, text };
        watcher.until("retry: 1000\n\n").await;
        assert!(watcher.text.contains("content-type: text/event-stream"));
        watcher
    }

    /// Connects but does not read.
    async fn silent(sandbox: &Sandbox) -> TcpStream {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        let request = b"GET /__sandbox/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).await.unwrap();
        stream
    }

    async fn until(&mut self, expected: &str) {
        while !self.text.contains(expected) {
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece);
            let count = testing::in_time(expected, read).await.unwrap();
            assert!(count > 0, "the stream ended: {}", self.text);
            self.text += &String::from_utf8_lossy(&piece[..count]);
        }
    }

    /// The next event of a name. Events before it are dropped.
    async fn next(&mut self, name: &str) -> Value {
        let start = format!("event: {name}\ndata: ");
        self.until(&start).await;
        let at = self.text.find(&start).unwrap() + start.len();
        self.text.drain(..at);
        self.until("\n\n").await;
        let (data, rest) = self.text.split_once("\n\n").unwrap();
        let data = serde_json::from_str(data).unwrap();
        self.text = rest.to_owned();
        data
    }
}

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .clock(common::at(NOW))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_page_receives_the_events() {
    let (sandbox, hook) = (sandbox().await, Hook::start("success").await);
    let mut watcher = Watcher::start(&sandbox).await;
    send(sandbox.url(), &good_sms(NOW)).await.unwrap();
    let event = watcher.next("request").await;
    assert_eq!(
        (&event["id"], &event["operation"]),
        (&1.into(), &"send_sms".into())
    );
    assert!(event.get("body").is_none());
    let order = PushRequest::new("sms", "sms_receipt").to(hook.url("/s3cret"));
    sandbox.pushes().send(order).await.unwrap();
    let event = watcher.next("delivery").await;
    assert_eq!(
        (&event["id"], &event["outcome"]),
        (&1.into(), &"accepted".into())
    );
    assert!(!event.to_string().contains("s3cret"));
    sandbox.faults().enqueue(Fault::Malformed);
    assert_eq!(watcher.next("faults").await["on"], 1);
    call(sandbox.url(), "GET", "/nowhere").await;
    assert_eq!(watcher.next("faults").await["on"], 0);
    let body = serde_json::json!({ "fault": "truncated", "on": true });
    ask(sandbox.url(), "PUT", "faults", body).await;
    assert_eq!(watcher.next("faults").await["on"], 1);
    assert_eq!(
        call(sandbox.url(), "DELETE", "/__sandbox/requests")
            .await
            .status,
        204
    );
    watcher.next("cleared").await;
}

#[tokio::test]
async fn a_page_that_does_not_read_blocks_nobody() {
    let sandbox = Sandbox::builder().history(10).start().await.unwrap();
    let _silent = Watcher::start(&sandbox).await;
    // More events than the queue can hold.
    let request = "GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(999);
    let last = "GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut replies = String::new();
    let write = async {
        writer.write_all(request.as_bytes()).await.unwrap();
        writer.write_all(last.as_bytes()).await.unwrap();
    };
    let both = async { tokio::join!(write, reader.read_to_string(&mut replies)) };
    let ((), read) = testing::in_time("1000 replies", both).await;
    read.unwrap();
    assert_eq!(replies.matches("HTTP/1.1 404").count(), 1000);
    assert_eq!(sandbox.requests().len(), 10);
}

#[tokio::test]
async fn shutting_down_ends_the_streams() {
    let sandbox = sandbox().await;
    let mut watcher = Watcher::start(&sandbox).await;
    let mut rest = Vec::new();
    let both = async { tokio::join!(watcher.stream.read_to_end(&mut rest), sandbox.shutdown()) };
    let (ended, ()) = testing::in_time("the end of the stream", both).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn too_many_pages_are_refused() {
    let sandbox = sandbox().await;
    let mut watchers = Vec::new();
    for _ in 0..64 {
        watchers.push(Watcher::start(&sandbox).await);
    }
    assert_eq!(
        call(sandbox.url(), "GET", "/__sandbox/events").await.status,
        503
    );
}
