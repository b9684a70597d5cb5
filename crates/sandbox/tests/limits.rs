//! The rules of HTTP, and the limits for sizes and times.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::Duration;

use common::{call, good_sms, send, sms};
use nxcloud_sandbox::{ACCESS_SECRET, Cause, Error, Fault, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOW: u64 = 1_800_000_000_000;

/// The head of a request with a body, and `Host` among its lines.
fn head(target: &str, lines: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{lines}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let sandbox = Sandbox::builder().body_limit(2_000_000);
    let sandbox = sandbox.start().await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(40);
    for (target, length) in [
        ("/api/sms/mtsend_v2", 2_000_001),
        ("/nowhere", 999_999_999),
        ("/__sandbox/pushes", 1_048_577),
    ] {
        let head = |lines: &str| head(target, lines);
        let declared = format!("content-length: {length}");
        for request in [
            // The body is not sent.
            head(&declared),
            head(&format!("expect: 100-continue\r\n{declared}")),
            // The body is sent even if the server does not want it.
            head(&declared) + &"x".repeat(3_000_000),
            head("transfer-encoding: chunked") + &chunk,
        ] {
            let reply = send(sandbox.url(), request.as_bytes()).await.unwrap();
            assert_eq!(reply.status, 413, "{target}");
            assert!(reply.head.contains("connection: close"), "{}", reply.head);
        }
    }
    let kept = sandbox.requests();
    assert_eq!(kept.len(), 8);
    for request in kept {
        let cause = request.verdict().cause();
        assert!(matches!(
            cause,
            Some(Cause::BodyTooLarge { limit: 2_000_000 })
        ));
    }
}

#[tokio::test]
async fn a_body_within_the_limit_gets_100_continue() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let lines = "expect: 100-continue\r\ncontent-length: 2";
    let head = head("/nowhere", lines);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    let read = stream.read_exact(&mut asked);
    testing::in_time("100 Continue", read).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_times_out() {
    let sandbox = Sandbox::builder().body_timeout(Duration::from_millis(50));
    let sandbox = sandbox.start().await.unwrap();
    for lines in ["content-length: 10", "transfer-encoding: chunked"] {
        for target in ["/nowhere", "/__sandbox/pushes"] {
            let request = head(target, lines) + "1\r\nx\r\n";
            let reply = send(sandbox.url(), request.as_bytes()).await.unwrap();
            assert_eq!(reply.status, 408, "{target}");
            assert!(reply.head.contains("connection: close"), "{}", reply.head);
        }
    }
    let kept = sandbox.requests();
    assert_eq!(kept.len(), 2);
    for request in kept {
        let cause = request.verdict().cause();
        assert!(matches!(cause, Some(Cause::BodyIncomplete)));
    }
}

#[tokio::test]
async fn an_invalid_head_is_refused_on_every_path() {
    let sandbox = Sandbox::builder().clock(common::at(NOW));
    let sandbox = sandbox.start().await.unwrap();
    let url = sandbox.url();
    let good = String::from_utf8(good_sms(NOW)).unwrap();
    assert_eq!(send(url, good.as_bytes()).await.unwrap().code(), "0");
    let page = "GET /__sandbox/state HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned();
    let host = "host: localhost\r\n";
    for (old, new) in [
        (host, ""),
        (host, "host: localhost\r\nhost: localhost\r\n"),
        (host, "host: localhost\r\nHost: evil.example\r\n"),
        (host, "host: local host\r\n"),
        (host, "host: me@localhost\r\n"),
        (
            host,
            "host: localhost\r\ncontent-type: text/plain\r\ncontent-type: a/b\r\n",
        ),
        (
            host,
            "host: localhost\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        ),
        (
            host,
            "host: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n",
        ),
        (
            host,
            "host: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n",
        ),
    ] {
        for request in [&good, &page] {
            let request = request.replacen(old, new, 1);
            let reply = send(url, request.as_bytes()).await.unwrap();
            assert_eq!(reply.status, 400, "{request}");
            assert!(reply.head.contains("connection: close"), "{}", reply.head);
        }
    }
    assert_eq!(sandbox.requests().len(), 1);
    // The headers that the platform signs are checked by the platform.
    for name in ["AccessKey", "TS", "biztype", "ACTION", "Sign"] {
        for value in ["x", "1"] {
            let twice = good.replacen(host, &format!("{host}{name}: {value}\r\n"), 1);
            assert_eq!(send(url, twice.as_bytes()).await.unwrap().code(), "1001");
        }
    }
}

/// RFC 9112, 3.2.2: if the target is a whole URL, `Host` is ignored.
#[tokio::test]
async fn the_host_of_a_whole_url_decides() {
    let sandbox = Sandbox::start().await.unwrap();
    for (target, host, status) in [
        ("http://localhost", "evil.example", 200),
        ("http://evil.example", "localhost", 403),
        ("", "localhost", 200),
        ("", "evil.example", 403),
    ] {
        let request = format!(
            "GET {target}/__sandbox/state HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        );
        let reply = send(sandbox.url(), request.as_bytes()).await.unwrap();
        assert_eq!(reply.status, status, "{target} {host}");
    }
}

#[tokio::test]
async fn pages_of_an_allowed_origin_call_the_platform_and_nothing_else() {
    let page = "http://localhost:8081";
    let start = async |origins: &[&str]| {
        let builder = Sandbox::builder().clock(common::at(NOW));
        let builder = origins
            .iter()
            .fold(builder, |b, origin| b.allow_origin(*origin));
        builder.start().await
    };
    let ask = |method: &str, target: &str, origin: &str| {
        format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\nconnection: close\r\n\
             access-control-request-method: POST\r\naccess-control-request-headers: accesskey,sign\r\n\r\n"
        )
    };
    for (origins, allowed) in [(&["https://a.example", page][..], page), (&["*"], "*")] {
        let sandbox = start(origins).await.unwrap();
        let url = sandbox.url();
        let preflight = ask("OPTIONS", "/api/sms/mtsend_v2", page);
        let reply = send(url, preflight.as_bytes()).await.unwrap();
        assert_eq!(reply.status, 200);
        let allow = format!("access-control-allow-origin: {allowed}\r\n");
        for line in [
            &allow,
            "access-control-allow-methods: get,post,",
            "access-control-allow-headers: accesskey,ts,biztype,action,sign,x-auth-app-id,x-auth-app-hash,content-type",
            "access-control-max-age: 600",
            "vary: origin",
        ] {
            assert!(reply.head.contains(line), "{line} in {}", reply.head);
        }
        let request = String::from_utf8(good_sms(NOW)).unwrap();
        let request = request.replacen("\r\n", &format!("\r\norigin: {page}\r\n"), 1);
        let reply = send(url, request.as_bytes()).await.unwrap();
        assert_eq!(reply.code(), "0");
        assert!(reply.head.contains(&allow) && reply.head.contains("vary: origin"));
        let other = ask("OPTIONS", "/api/sms/mtsend_v2", "http://evil.example");
        let other = send(url, other.as_bytes()).await.unwrap();
        let is_allowed = other.head.contains("access-control-allow-origin");
        assert_eq!(is_allowed, allowed == "*");
        for method in ["OPTIONS", "GET"] {
            let own = ask(method, "/__sandbox/requests", page);
            let own = send(url, own.as_bytes()).await.unwrap();
            assert!(!own.head.contains("access-control"), "{}", own.head);
        }
    }
    let closed = start(&[]).await.unwrap();
    let preflight = ask("OPTIONS", "/api/sms/mtsend_v2", page);
    let reply = send(closed.url(), preflight.as_bytes()).await.unwrap();
    assert_eq!(reply.status, 405);
    assert!(!reply.head.contains("access-control"), "{}", reply.head);
    let refused = start(&["*", "localhost:8081"]).await.unwrap_err();
    assert!(matches!(refused, Error::Origin { .. }), "{refused}");
}

#[tokio::test]
async fn a_slowed_reply_is_sent_completely() {
    let sandbox = Sandbox::builder().head_timeout(Duration::from_millis(10));
    let sandbox = sandbox.start().await.unwrap();
    let fault = Fault::Slow { milliseconds: 100 };
    sandbox.faults().enqueue(fault);
    let reply = call(sandbox.url(), "GET", "/nowhere").await;
    assert_eq!(
        reply.json()["message"],
        "no operation has this path: check the base URL and the path"
    );
}

/// A request at the limit of connections is answered.
#[tokio::test]
async fn idle_connections_make_room_for_others() {
    let sandbox = Sandbox::builder().max_connections(5).clock(common::at(NOW));
    let sandbox = sandbox.start().await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(sandbox.address()).await.unwrap());
    }
    let request = sms(NOW, ACCESS_SECRET, common::SMS_BODY.as_bytes());
    assert_eq!(send(sandbox.url(), &request).await.unwrap().code(), "0");
    assert_eq!(call(sandbox.url(), "GET", "/nowhere").await.status, 404);
}
