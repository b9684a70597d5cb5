//! The content of the log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use common::{call, send};
use nxcloud_sandbox::Sandbox;
use tracing::subscriber::DefaultGuard;

/// The log of this thread. In these tests a sandbox of `Sandbox::start` runs on it.
struct Log {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().with_ansi(false);
        let log = log.with_writer(move || writer.clone()).finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(log),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap()
    }
}

/// The clock of the sandbox.
fn now() -> u64 {
    let elapsed = std::time::UNIX_EPOCH.elapsed().unwrap();
    u64::try_from(elapsed.as_millis()).unwrap()
}

#[tokio::test]
async fn the_log_names_the_likely_cause_of_a_wrong_signature_without_the_body() {
    let log = Log::start();
    let sandbox = Sandbox::start().await.unwrap();
    let request = common::sms(now(), "another", common::SMS_BODY.as_bytes());
    let reply = send(sandbox.url(), &request).await.unwrap();
    assert_eq!(reply.code(), "1003");
    let log = log.text();
    assert!(
        log.contains("wrong secret") && log.contains("send_sms"),
        "{log}"
    );
    for hidden in ["8615012345678", "您好", "sandbox-secret"] {
        assert!(!log.contains(hidden), "{log}");
    }
}

#[tokio::test]
async fn the_log_contains_no_phone_number_text_or_signature() {
    let log = Log::start();
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.url();
    let good = send(url, &common::good_sms(now())).await.unwrap();
    assert_eq!(good.code(), "0");
    let broken = br#"{"appKey":"app-1","phone":8615012345678,"content":"secret text"}"#;
    let broken = common::sms(now(), nxcloud_sandbox::ACCESS_SECRET, broken);
    assert_eq!(send(url, &broken).await.unwrap().code(), "2");
    assert_eq!(call(url, "GET", "/to/8615012345678").await.status, 404);
    let listed = call(url, "GET", "/__sandbox/requests").await.json();
    let log = log.text();
    assert_eq!(log.lines().count(), 3, "{log}");
    let sign = listed["requests"][0]["headers"]["sign"].as_str().unwrap();
    for hidden in ["8615012345678", "您好", "secret text", sign] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}

#[tokio::test]
async fn the_log_of_a_push_contains_no_reply_of_the_receiver() {
    let log = Log::start();
    let sandbox = Sandbox::start().await.unwrap();
    let mut hook = common::Hook::start("an answer with 8615012345678").await;
    let push =
        serde_json::json!({ "service": "sms", "push": "sms_receipt", "url": hook.url("/500") });
    let asked = common::ask(sandbox.url(), "POST", "pushes", push).await;
    assert_eq!(asked.status, 200);
    hook.next().await;
    let log = log.text();
    assert!(log.contains("pushed") && log.contains("refused"), "{log}");
    assert!(!log.contains("answer"), "{log}");
}

/// The history needs a method and a path, which such a request does not have.
#[tokio::test]
async fn an_unparsable_request_is_one_line_of_the_log() {
    let log = Log::start();
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.url();
    let head =
        |middle: &str| format!("GET /8615012345678 HTTP/1.1\r\nhost: localhost\r\n{middle}\r\n");
    let refused = [
        "GET /8615012345678 8615012345678 HTTP/1.1\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{3}\u{3}8615012345678\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "8615012345678\r\n\r\n".to_owned(),
        "GET /8615012345678 HTTP/1.1\r\n\r\n".to_owned(),
        head(&"x-phone: 8615012345678\r\n".repeat(101)),
        head(&format!("x-phone: {}\r\n", "8615012345678".repeat(100_000))),
        head("x phone: 8615012345678\r\n"),
        head("content-length: 1\r\ncontent-length: 8615012345678\r\n"),
        head("content-length: -8615012345678\r\n"),
        format!(
            "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
            "8615012345678".repeat(10_000)
        ),
    ];
    for request in &refused {
        let reply = send(url, request.as_bytes()).await;
        assert!(reply.is_none_or(|reply| reply.status >= 400));
    }
    assert!(sandbox.requests().is_empty());
    // Every connection has ended by then.
    sandbox.shutdown().await;
    let log = log.text();
    assert_eq!(early(&log).count(), refused.len(), "{log}");
    assert!(
        early(&log).all(|line| line.contains("peer=127.0.0.1:")),
        "{log}"
    );
    for reason in [
        "more than 100 headers",
        "it is TLS",
        "it is HTTP/2",
        "without a Host",
    ] {
        assert!(log.contains(reason), "{reason} in {log}");
    }
    assert!(!log.contains("8615012345678"), "{log}");
}

/// The lines of early refusals.
fn early(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| line.contains("refused early: "))
}

/// Each is in the log once, whether or not it is in the history.
#[tokio::test]
async fn an_early_refusal_is_one_line_of_the_log() {
    let log = Log::start();
    let sandbox = Sandbox::builder().body_limit(100);
    let sandbox = sandbox.body_timeout(std::time::Duration::from_millis(50));
    let sandbox = sandbox.start().await.unwrap();
    let head = |target: &str, lines: &str| {
        format!("POST {target} HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n\r\n")
    };
    let json = "content-type: application/json\r\ncontent-length: 9999999";
    let refused = [
        (head("/8615012345678", "content-length: 101"), 413),
        (head("/__sandbox/pushes", json), 413),
        (head("/8615012345678", "content-length: 10"), 408),
        (
            head("/8615012345678", "").replace("localhost", "evil.example"),
            403,
        ),
        (
            head("/__sandbox/pushes", "").replace("localhost", "evil.example"),
            403,
        ),
        (head("/__sandbox/pushes", ""), 415),
        (
            head("/8615012345678", "content-type: a/b\r\ncontent-type: c/d"),
            400,
        ),
    ];
    for (request, status) in &refused {
        // Not every refusal closes the connection.
        let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let reply = send(sandbox.url(), request.as_bytes()).await.unwrap();
        assert_eq!(reply.status, *status, "{request}");
    }
    sandbox.shutdown().await;
    let log = log.text();
    assert_eq!(log.lines().count(), refused.len(), "{log}");
    assert_eq!(early(&log).count(), refused.len(), "{log}");
    assert!(
        early(&log).all(|line| line.contains("peer=127.0.0.1:")),
        "{log}"
    );
    assert!(!log.contains("8615012345678"), "{log}");
}

#[tokio::test]
async fn early_closed_connections_are_logged_with_a_rate_limit() {
    let log = Log::start();
    let sandbox = Sandbox::builder().max_connections(30);
    let sandbox = sandbox.head_timeout(std::time::Duration::from_secs(1));
    let sandbox = sandbox.start().await.unwrap();
    let mut open = Vec::new();
    for _ in 0..60 {
        open.push(
            tokio::net::TcpStream::connect(sandbox.address())
                .await
                .unwrap(),
        );
    }
    testing::until("the lines", || {
        let log = log.text();
        log.contains("too many connections") && log.contains("no request arrived in time")
    })
    .await;
    for stream in &mut open {
        let closed = tokio::io::AsyncReadExt::read_u8(stream);
        let closed = testing::in_time("the end of a connection", closed).await;
        assert!(closed.is_err());
    }
    sandbox.shutdown().await;
    // Of 30 of each kind, 10 are logged.
    let log = log.text();
    assert!(early(&log).count() < 60, "{log}");
    assert!(log.contains(" more of this kind: "), "{log}");
}
