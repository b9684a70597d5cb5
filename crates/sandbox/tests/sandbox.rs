//! The public API, over real connections.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{SMS_BODY, SMS_PATH, call, good_sms, send, sms};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Cause, Error, LikelyCause, Sandbox};
use nxcloud_signing::{AccessKey, Secret};
use testing::in_time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOW: u64 = 1_800_000_000_000;

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .clock(common::at(NOW))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_signed_request_is_answered_and_recorded_byte_for_byte() {
    let sandbox = sandbox().await;
    let reply = send(sandbox.url(), &good_sms(NOW)).await.unwrap();
    assert_eq!((reply.status, reply.code()), (200, "0".to_owned()));
    assert!(reply.head.contains("content-type: application/json"));
    assert!(reply.head.contains("date: fri, 15 jan 2027 08:00:00 gmt"));

    let requests = sandbox.requests();
    let [request] = &requests[..] else {
        panic!("one request was sent");
    };
    assert!(request.verdict().is_accepted());
    assert_eq!(request.service(), Some("sms"));
    assert_eq!(request.operation(), Some("send_sms"));
    assert_eq!((request.method(), request.path()), ("POST", SMS_PATH));
    assert_eq!(request.body(), SMS_BODY.as_bytes());
    assert_eq!(request.json().unwrap()["content"], "您好");
    assert_eq!(request.header("accessKey"), Some(ACCESS_KEY));
    assert_eq!(request.received_at(), NOW);
    assert_eq!(
        (request.status(), request.reply()),
        (200, reply.body.as_bytes())
    );
    assert_eq!(sandbox.requests_for("send_sms").len(), 1);
    assert!(sandbox.requests_for("submit_check").is_empty());
    sandbox.clear();
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_explained() {
    let sandbox = sandbox().await;
    let request = sms(NOW, "another", SMS_BODY.as_bytes());
    let reply = send(sandbox.url(), &request).await.unwrap();
    assert_eq!((reply.status, reply.code()), (200, "1003".to_owned()));
    let requests = sandbox.requests_for("send_sms");
    let verdict = requests[0].verdict();
    assert_eq!(verdict.code(), 1003);
    let Some(Cause::Signature(mismatch)) = verdict.cause() else {
        panic!("the signature is wrong");
    };
    assert_eq!(mismatch.likely_cause(), LikelyCause::WrongSecret);
    assert_eq!(
        mismatch.string_to_sign(),
        format!(
            "accessKey={ACCESS_KEY}&action=mtsend&bizType=3&ts={NOW}&body={SMS_BODY}&accessSecret=***"
        )
    );
}

#[tokio::test]
async fn debug_output_shows_no_phone_text_signature_or_secret() {
    let sandbox = Sandbox::builder().clock(common::at(NOW)).account(
        AccessKey::new("key-2").unwrap(),
        Secret::new("s3cret-2").unwrap(),
    );
    assert!(!format!("{sandbox:?}").contains("s3cret-2"));
    let sandbox = sandbox.start().await.unwrap();
    for secret in [ACCESS_SECRET, "another"] {
        send(sandbox.url(), &sms(NOW, secret, SMS_BODY.as_bytes())).await;
    }
    let requests = sandbox.requests();
    let debug = format!("{sandbox:?} {requests:?}");
    assert!(debug.contains("send_sms") && debug.contains("WrongSecret"));
    let sign = requests[0].header("sign").unwrap();
    for hidden in ["8615012345678", "您好", ACCESS_SECRET, sign] {
        assert!(!debug.contains(hidden), "{hidden} in {debug}");
    }
}

#[tokio::test]
async fn accounts_are_added_to_the_built_in_one() {
    let sandbox = Sandbox::builder()
        .clock(common::at(NOW))
        .account(
            AccessKey::new(ACCESS_KEY).unwrap(),
            Secret::new("replaced").unwrap(),
        )
        .start()
        .await
        .unwrap();
    let with = |secret| sms(NOW, secret, SMS_BODY.as_bytes());
    assert_eq!(
        send(sandbox.url(), &with("replaced")).await.unwrap().code(),
        "0"
    );
    assert_eq!(
        send(sandbox.url(), &with(ACCESS_SECRET))
            .await
            .unwrap()
            .code(),
        "1003"
    );
}

#[tokio::test]
async fn the_json_endpoint_returns_the_history() {
    let sandbox = sandbox().await;
    let endpoint = "/__sandbox/requests";
    send(sandbox.url(), &good_sms(NOW)).await.unwrap();
    send(sandbox.url(), &sms(NOW, "another", b"\xFF"))
        .await
        .unwrap();
    call(sandbox.url(), "GET", "/nowhere?phone=1").await;

    let listed = call(sandbox.url(), "GET", endpoint).await;
    assert_eq!(listed.status, 200);
    assert!(!listed.body.contains(ACCESS_SECRET));
    let listed = listed.json();
    let [accepted, refused, unknown] = &listed["requests"].as_array().unwrap()[..] else {
        panic!("three requests were sent: {listed}");
    };
    assert_eq!((&accepted["id"], &refused["id"]), (&1.into(), &2.into()));
    assert!(accepted["took_micros"].is_u64());
    assert_eq!(accepted["operation"], "send_sms");
    assert_eq!(accepted["body"], SMS_BODY);
    assert_eq!(accepted["headers"]["accesskey"], ACCESS_KEY);
    assert_eq!(accepted["verdict"], serde_json::json!({ "code": 0 }));
    assert!(accepted["reply"].as_str().unwrap().contains("success"));
    assert_eq!(refused["body_base64"], "/w==");
    assert_eq!(refused["verdict"]["code"], 1003);
    assert_eq!(refused["verdict"]["cause"], "signature");
    assert_eq!(refused["verdict"]["likely_cause"], "wrong-secret");
    let string_to_sign = refused["verdict"]["string_to_sign"].as_str().unwrap();
    assert!(string_to_sign.ends_with("&body=\u{FFFD}&accessSecret=***"));
    assert_eq!(
        (&unknown["status"], &unknown["query"]),
        (&404.into(), &"phone=1".into())
    );
    assert!(unknown["operation"].is_null());

    let count = |reply: common::Reply| reply.json()["requests"].as_array().unwrap().len();
    let of = |operation| format!("{endpoint}?operation={operation}");
    assert_eq!(count(call(sandbox.url(), "GET", &of("send_sms")).await), 2);
    assert_eq!(
        count(call(sandbox.url(), "GET", &of("submit_check")).await),
        0
    );
    assert_eq!(call(sandbox.url(), "DELETE", endpoint).await.status, 204);
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_page_of_another_site_reads_nothing() {
    let sandbox = sandbox().await;
    send(sandbox.url(), &good_sms(NOW)).await.unwrap();
    for method in ["GET", "DELETE"] {
        let request = format!(
            "{method} /__sandbox/requests HTTP/1.1\r\nhost: evil.example:80\r\nconnection: close\r\n\r\n"
        );
        let reply = send(sandbox.url(), request.as_bytes()).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (403, ""));
    }
    assert_eq!(sandbox.requests().len(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit_gets_413_and_is_not_stored() {
    let limit = SMS_BODY.len();
    let sandbox = Sandbox::builder()
        .clock(common::at(NOW))
        .body_limit(limit)
        .start()
        .await
        .unwrap();
    assert_eq!(
        send(sandbox.url(), &good_sms(NOW)).await.unwrap().code(),
        "0"
    );
    let larger = sms(NOW, ACCESS_SECRET, &vec![b'x'; limit + 1]);
    let reply = send(sandbox.url(), &larger).await.unwrap();
    assert_eq!(reply.status, 413);
    assert!(
        reply.json()["message"]
            .as_str()
            .unwrap()
            .contains(&limit.to_string())
    );
    let requests = sandbox.requests();
    let last = requests.last().unwrap();
    assert_eq!((last.verdict().code(), last.body()), (413, &b""[..]));
}

#[tokio::test]
async fn the_history_is_bounded() {
    let sandbox = Sandbox::builder().history(2).start().await.unwrap();
    for path in ["/1", "/2", "/3"] {
        call(sandbox.url(), "GET", path).await;
    }
    let requests = sandbox.requests();
    let paths = requests.iter().map(|request| request.path());
    assert_eq!(paths.collect::<Vec<_>>(), ["/2", "/3"]);
}

#[tokio::test]
async fn bytes_that_are_not_http_harm_nobody() {
    let sandbox = sandbox().await;
    for bytes in [
        &b""[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /api/sms/mtsend_v2 HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc",
        b"POST /api/sms/mtsend_v2 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/sms/mtsend_v2 HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"GET /%FF%00?%%% HTTP/1.1\r\nhost: \xFF\r\nconnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nconnection: close\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        drop(stream);
    }
    assert_eq!(
        send(sandbox.url(), &good_sms(NOW)).await.unwrap().code(),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_get_their_own_replies() {
    let sandbox = sandbox().await;
    let mut tasks = Vec::new();
    for number in 0..64 {
        let url = sandbox.url().to_owned();
        tasks.push(tokio::spawn(async move {
            let body = format!(r#"{{"appKey":"a","phone":"8615012345{number:03}","content":"x"}}"#);
            let secret = if number % 4 == 0 {
                "another"
            } else {
                ACCESS_SECRET
            };
            let reply = send(&url, &sms(NOW, secret, body.as_bytes()))
                .await
                .unwrap();
            (number, reply.code(), reply.json()["messageid"].clone())
        }));
    }
    let mut ids = std::collections::HashSet::new();
    for task in tasks {
        let (number, code, id) = task.await.unwrap();
        assert_eq!(code, if number % 4 == 0 { "1003" } else { "0" });
        assert!(code != "0" || ids.insert(id.to_string()));
    }
    assert_eq!(sandbox.requests().len(), 64);
    assert_eq!(ids.len(), 48);
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let first = sandbox().await;
    let port = first.address().port();
    assert!(first.address().ip().is_loopback());
    let second = Sandbox::builder().port(port).start().await;
    let Err(Error::Listen {
        port: refused,
        source,
    }) = second
    else {
        panic!("the port is in use");
    };
    assert_eq!(refused, port);
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn shutting_down_frees_the_port_and_closes_idle_connections() {
    let sandbox = sandbox().await;
    let address = sandbox.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    sandbox.shutdown().await;
    let mut rest = Vec::new();
    let end = in_time("the end of a connection", idle.read_to_end(&mut rest)).await;
    assert!(matches!(end, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_running_request_is_answered_before_the_sandbox_stops() {
    let sandbox = sandbox().await;
    let request = String::from_utf8(good_sms(NOW)).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let head = format!("{head}\r\nexpect: 100-continue\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body, so the request is running from here on.
    let mut asked = [0; 25];
    let read = stream.read_exact(&mut asked);
    in_time("100 Continue", read).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let send_rest = async {
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    };
    let both = async { tokio::join!(sandbox.shutdown(), send_rest) };
    let ((), reply) = in_time("the reply and the end", both).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.contains("success"), "{reply}");
}

#[tokio::test]
async fn a_dropped_sandbox_stops() {
    let sandbox = sandbox().await;
    let address = sandbox.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(sandbox);
    let mut rest = Vec::new();
    // The connection ends once the server has stopped.
    let end = in_time("the end of a connection", open.read_to_end(&mut rest)).await;
    assert!(matches!(end, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn outside_a_runtime_it_does_not_start() {
    let mut start = std::pin::pin!(Sandbox::start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::future::Future::poll(start.as_mut(), &mut context);
    assert!(matches!(
        polled,
        std::task::Poll::Ready(Err(Error::NoRuntime))
    ));
}
