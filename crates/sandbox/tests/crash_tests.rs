//! The settings for crash tests: counts of row keys, receipts before the reply, an enforced rate, a reply delay.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

#[cfg(feature = "client")]
use std::num::NonZeroU32;
use std::time::Duration;

use common::{Hook, call, get, send, sms};
use nxcloud_sandbox::{ACCESS_SECRET, Builder, Fault, Sandbox};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const NOW: u64 = 1_800_000_000_000;

fn builder() -> Builder {
    Sandbox::builder().clock(common::at(NOW))
}

fn with_ext(ext: &str) -> Vec<u8> {
    let body = format!(r#"{{"appKey":"a","phone":"8615012345678","content":"x","ext":"{ext}"}}"#);
    sms(NOW, ACCESS_SECRET, body.as_bytes())
}

#[tokio::test]
async fn accepted_row_keys_are_counted_beyond_the_history_and_without_a_reply() {
    let sandbox = builder().history(1).start().await.unwrap();
    for key in ["a", "b", "a"] {
        send(sandbox.url(), &with_ext(key)).await.unwrap();
    }
    // Accepted, and the reply is lost.
    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    assert!(send(sandbox.url(), &with_ext("a")).await.is_none());
    // Not accepted.
    sandbox.faults().enqueue(Fault::Status { status: 503 });
    send(sandbox.url(), &with_ext("b")).await;
    let wrong = sms(NOW, "wrong", br#"{"ext":"b"}"#);
    assert_eq!(send(sandbox.url(), &wrong).await.unwrap().code(), "1003");
    send(sandbox.url(), &common::good_sms(NOW)).await.unwrap();
    let keys = sandbox.accepted_keys();
    assert_eq!(keys.count("a"), Some(3));
    assert_eq!(keys.count("b"), Some(1));
    assert_eq!(keys.count("c"), Some(0));
    assert_eq!((keys.total(), keys.without_key()), (4, 1));
    let expected = json!({
        "total": 4, "keys": 2, "without_key": 1, "dropped": 0, "repeated": [{"key": "a", "count": 3}],
    });
    assert_eq!(get(sandbox.url(), "accepted").await, expected);
    let all = get(sandbox.url(), "accepted/keys").await;
    assert_eq!(all["keys"].as_array().unwrap().len(), 2);
    assert_eq!(get(sandbox.url(), "rate").await, json!({"rate": null}));
    sandbox.clear();
    assert_eq!(sandbox.accepted_keys().total(), 0);
}

#[tokio::test]
async fn keys_over_the_limit_are_reported_as_dropped() {
    let sandbox = builder().accepted_keys(1).start().await.unwrap();
    for key in ["a", "b", "a"] {
        send(sandbox.url(), &with_ext(key)).await.unwrap();
    }
    let keys = sandbox.accepted_keys();
    assert_eq!((keys.count("a"), keys.count("b")), (Some(2), None));
    assert_eq!((keys.total(), keys.dropped()), (3, 1));
}

#[tokio::test]
async fn the_counts_require_the_token() {
    let sandbox = builder().random_token().start().await.unwrap();
    for target in ["accepted", "accepted/keys", "rate"] {
        let target = format!("/__sandbox/{target}");
        assert_eq!(call(sandbox.url(), "GET", &target).await.status, 401);
    }
}

#[tokio::test]
async fn a_receipt_arrives_before_its_reply() {
    let limit = Duration::from_secs(60);
    let sandbox = builder()
        .receipts_before_reply(limit)
        .start()
        .await
        .unwrap();
    let mut hook = Hook::start("success").await;
    let pushes = sandbox.pushes();
    pushes.send_to("sms_receipt", hook.url("/")).unwrap();
    // It has no effect; otherwise the reply would come first, at the limit.
    pushes.delay(Duration::from_secs(3600));
    send(sandbox.url(), &with_ext("a")).await.unwrap();
    assert_eq!(pushes.log_of("sms_receipt").len(), 1);
    assert!(hook.next().await.body.contains("messageid="));
}

#[tokio::test]
async fn a_reply_does_not_wait_for_a_silent_receiver_beyond_the_limit() {
    let limit = Duration::from_millis(50);
    let sandbox = builder()
        .receipts_before_reply(limit)
        .start()
        .await
        .unwrap();
    // It accepts connections into its queue and answers nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    sandbox.pushes().send_to("sms_receipt", url).unwrap();
    let reply = send(sandbox.url(), &with_ext("a")).await.unwrap();
    assert_eq!(reply.code(), "0");
    assert!(sandbox.pushes().log().is_empty());
}

#[cfg(feature = "client")]
#[tokio::test]
async fn sends_over_the_rate_get_the_documented_code_and_are_counted() {
    let number = |number| NonZeroU32::new(number).unwrap();
    let sandbox = builder().rate(number(5), number(2)).start().await.unwrap();
    for (key, code) in [("a", "0"), ("b", "0"), ("c", "28"), ("d", "28")] {
        let reply = send(sandbox.url(), &with_ext(key)).await.unwrap();
        assert_eq!(reply.code(), code, "{key}");
    }
    let rate = sandbox.rate().unwrap();
    assert_eq!((rate.refused, rate.highest), (2, 4));
    let expected = json!({"rate": {"refused": 2, "highest": 4}});
    assert_eq!(get(sandbox.url(), "rate").await, expected);
    assert_eq!(sandbox.accepted_keys().count("c"), Some(0));
}

#[tokio::test]
async fn clients_that_are_gone_before_the_delayed_reply_disturb_nothing() {
    let delay = Duration::from_millis(20)..=Duration::from_millis(40);
    let sandbox = builder().reply_delay(delay).start().await.unwrap();
    let address = sandbox.address();
    // 200 in flight, on the one thread of this test.
    let mut open = Vec::new();
    for number in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(&with_ext(&number.to_string()))
            .await
            .unwrap();
        open.push(stream);
    }
    let accepted = async {
        while sandbox.accepted_keys().total() < 200 {
            tokio::task::yield_now().await;
        }
    };
    testing::in_time("200 accepted requests", accepted).await;
    drop(open);
    assert_eq!(
        send(sandbox.url(), &with_ext("0")).await.unwrap().code(),
        "0"
    );
    assert_eq!(sandbox.accepted_keys().repeated(), [("0", 2)]);
}
