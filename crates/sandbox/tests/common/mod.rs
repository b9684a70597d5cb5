//! A client that writes HTTP by hand, so that tests can also send invalid requests.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod hook;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use hook::Hook;
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Sandbox};
use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The path of `send_sms`.
pub(crate) const SMS_PATH: &str = "/api/sms/mtsend_v2";
/// A body of `send_sms`.
pub(crate) const SMS_BODY: &str = r#"{"appKey":"app-1","phone":"8615012345678","content":"您好"}"#;

/// A fixed clock, in milliseconds since 1970-01-01.
pub(crate) fn at(millis: u64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    move || UNIX_EPOCH + Duration::from_millis(millis)
}

/// A parsed reply.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The `code` of an envelope whose code is text.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

/// Sends bytes and reads until the server closes the connection.
pub(crate) async fn send(url: &str, bytes: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut reply = Vec::new();
    let _ = testing::in_time("the end of a reply", stream.read_to_end(&mut reply)).await;
    let reply = String::from_utf8(reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply {
        status,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    })
}

/// A request without a body.
pub(crate) async fn call(url: &str, method: &str, target: &str) -> Reply {
    let request =
        format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    send(url, request.as_bytes()).await.unwrap()
}

/// A request below `/__sandbox/` with a body in JSON.
pub(crate) async fn ask(url: &str, method: &str, target: &str, body: serde_json::Value) -> Reply {
    let body = body.to_string();
    let request = format!(
        "{method} /__sandbox/{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    send(url, request.as_bytes()).await.unwrap()
}

/// The reply of an endpoint below `/__sandbox/`.
pub(crate) async fn get(url: &str, target: &str) -> serde_json::Value {
    let reply = call(url, "GET", &format!("/__sandbox/{target}")).await;
    assert_eq!(reply.status, 200, "{target}: {}", reply.body);
    reply.json()
}

/// A signed request of an NXCLOUD operation as bytes.
pub(crate) fn signed(
    signer: &Signer,
    [path, biz_type, action]: [&str; 3],
    ts: u64,
    body: &[u8],
) -> Vec<u8> {
    let ts = Timestamp::from_millis(ts);
    let sign = signer.sign(&Request {
        action: Action::new(action).unwrap(),
        biz_type: BizType::new(biz_type).unwrap(),
        ts,
        body: Body::Signed(body),
    });
    let key = signer.access_key();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccessKey: {key}\r\nts: {ts}\r\n\
         bizType: {biz_type}\r\naction: {action}\r\nsign: {sign}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The built-in account.
pub(crate) fn built_in() -> Signer {
    Signer::new(
        AccessKey::new(ACCESS_KEY).unwrap(),
        Secret::new(ACCESS_SECRET).unwrap(),
    )
}

/// Sends an accepted request, and returns its number.
pub(crate) async fn accepted(
    sandbox: &Sandbox,
    now: u64,
    what: [&str; 3],
    body: &serde_json::Value,
) -> u64 {
    let body = body.to_string();
    let bytes = signed(&built_in(), what, now, body.as_bytes());
    let reply = send(sandbox.url(), &bytes).await.unwrap();
    let request = sandbox.requests().pop().unwrap();
    assert!(request.verdict().is_accepted(), "{}", reply.body);
    request.id()
}

/// A signed `send_sms` as bytes.
pub(crate) fn sms(ts: u64, secret: &str, body: &[u8]) -> Vec<u8> {
    let ts = Timestamp::from_millis(ts);
    let signer = Signer::new(
        AccessKey::new(ACCESS_KEY).unwrap(),
        Secret::new(secret).unwrap(),
    );
    let sign = signer.sign(&Request {
        action: Action::from_static("mtsend"),
        biz_type: BizType::from_static("3"),
        ts,
        body: Body::Signed(body),
    });
    let head = format!(
        "POST {SMS_PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nAccessKey: {ACCESS_KEY}\r\nTS: {ts}\r\n\
         biztype: 3\r\nACTION: mtsend\r\nSign: {sign}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A signed `send_sms` that is valid at a time.
pub(crate) fn good_sms(ts: u64) -> Vec<u8> {
    sms(ts, ACCESS_SECRET, SMS_BODY.as_bytes())
}
