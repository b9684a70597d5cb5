//! Pushes on demand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Hook, send, sms};
use nxcloud_sandbox::{
    ACCESS_KEY, ACCESS_SECRET, DeliveryOutcome, PushError, PushRequest, ReceivedRequest, Sandbox,
};
use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp};
use serde_json::json;

const NOW: u64 = 1_800_000_000_000;

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().clock(common::at(NOW)).account(
        AccessKey::new("key-2").unwrap(),
        Secret::new("s3cret-2").unwrap(),
    );
    sandbox.start().await.unwrap()
}

/// Sends an SMS to these numbers.
async fn sent(sandbox: &Sandbox, phones: &str) -> ReceivedRequest {
    let body = format!(r#"{{"appKey":"a","phone":"{phones}","content":"x"}}"#);
    let reply = send(sandbox.url(), &sms(NOW, ACCESS_SECRET, body.as_bytes())).await;
    assert_eq!(reply.unwrap().code(), "0");
    sandbox.requests().pop().unwrap()
}

#[tokio::test]
async fn a_push_request_sets_address_and_fields() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("success").await);
    let order = PushRequest::new("sms", "sms_receipt")
        .example("undelivered_with_ext")
        .field("phone", json!("861+2"))
        .to(hook.url("/hook?a=1"));
    let made = sandbox.pushes().send(order).await.unwrap();
    let received = hook.next().await;
    assert!(
        received.head.starts_with("post /hook?a=1 "),
        "{}",
        received.head
    );
    assert!(
        received.body.contains("phone=861%2B2&"),
        "{}",
        received.body
    );
    assert!(
        received.body.contains("result=UNDELIV"),
        "{}",
        received.body
    );
    let [delivery] = &made[..] else {
        panic!("one attempt: {made:?}");
    };
    assert_eq!((delivery.id, delivery.at, delivery.request), (1, NOW, None));
    assert_eq!(delivery.outcome, DeliveryOutcome::Accepted);
    assert_eq!(sandbox.pushes().log(), made);
}

#[tokio::test]
async fn a_push_request_can_follow_one_recipient_of_a_request() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("success").await);
    let request = sent(&sandbox, "86110000,86220000").await;
    let id = request
        .json()
        .and(serde_json::from_slice::<serde_json::Value>(request.reply()).ok());
    let id = id.unwrap()["messageid"].as_str().unwrap().to_owned();
    let order = PushRequest::new("sms", "sms_receipt").following(&request, 1);
    let made = sandbox.pushes().send(order.clone().to(hook.url("/"))).await;
    assert_eq!(made.unwrap()[0].request, Some(request.id()));
    let body = hook.next().await.body;
    assert!(body.contains("phone=86220000"), "{body}");
    assert!(body.contains(&format!("messageid={id}-")), "{body}");
    assert_eq!(
        sandbox.pushes().send(order).await,
        Err(PushError::NoAddress)
    );
    let third = PushRequest::new("sms", "sms_receipt").following(&request, 2);
    assert_eq!(
        sandbox.pushes().send(third).await,
        Err(PushError::UnknownEntry(2))
    );
}

#[tokio::test]
async fn a_signed_push_uses_the_selected_account_and_action() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("success").await);
    let order = PushRequest::new("did", "did_sms_signed").to(hook.url("/"));
    let order = order.signed_by("key-2").example("upstream").action("mo");
    let made = sandbox.pushes().send(order).await.unwrap();
    let mut received = vec![hook.next().await];
    // Sent again, with a new signature.
    sandbox.pushes().resend(made[0].id).await.unwrap();
    received.push(hook.next().await);
    let signer = Signer::new(
        AccessKey::new("key-2").unwrap(),
        Secret::new("s3cret-2").unwrap(),
    );
    for push in received {
        let request = Request {
            action: Action::from_static("mo"),
            biz_type: BizType::from_static("4"),
            ts: Timestamp::from_millis(NOW),
            body: Body::Signed(push.body.as_bytes()),
        };
        assert!(push.head.contains("accesskey: key-2"), "{}", push.head);
        let sign = push.header("sign").unwrap();
        assert!(signer.verify(&request, &sign).is_ok());
    }
    let log = sandbox.pushes().log();
    assert_eq!(log.iter().map(|made| made.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((&log[0].fields, &log[0].url), (&log[1].fields, &log[1].url));
}

#[tokio::test]
async fn a_push_that_is_sent_once_is_not_retried() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("no").await);
    let result = PushRequest::new("number-check", "number_check_result").to(hook.url("/500"));
    let made = sandbox.pushes().send(result.once()).await.unwrap();
    hook.next().await;
    let [delivery] = &made[..] else {
        panic!("one attempt: {made:?}");
    };
    let refused = DeliveryOutcome::Refused {
        status: 500,
        body: "no".to_owned(),
    };
    assert_eq!(delivery.outcome, refused);
}

#[tokio::test]
async fn what_is_unknown_is_an_error() {
    let sandbox = sandbox().await;
    let pushes = sandbox.pushes();
    let receipt = || PushRequest::new("sms", "sms_receipt").to("http://127.0.0.1:9/");
    for (order, error) in [
        (
            PushRequest::new("viber", "sms_receipt"),
            PushError::UnknownPush("sms_receipt".to_owned()),
        ),
        (
            receipt().example("none"),
            PushError::UnknownExample("none".to_owned()),
        ),
        (
            receipt().signed_by("key-3"),
            PushError::UnknownAccessKey("key-3".to_owned()),
        ),
        (
            receipt().action("mo"),
            PushError::UnknownAction("mo".to_owned()),
        ),
        (PushRequest::new("sms", "sms_receipt"), PushError::NoAddress),
    ] {
        assert_eq!(pushes.send(order).await, Err(error));
    }
    assert_eq!(pushes.resend(7).await, Err(PushError::UnknownDelivery(7)));
    assert!(pushes.log().is_empty());
}

#[tokio::test]
async fn the_known_pushes_are_those_of_the_specs() {
    let sandbox = sandbox().await;
    let pushes = sandbox.pushes();
    pushes
        .send_to("sms_receipt", "http://127.0.0.1:9/s3cret-path")
        .unwrap();
    let known = pushes.known();
    let of = |name: &str| known.iter().find(|push| push.name == name).unwrap();
    let receipt = of("sms_receipt");
    assert_eq!(receipt.service, "sms");
    assert!(!receipt.signed && of("did_sms_signed").signed);
    assert_eq!(receipt.examples, ["delivered", "undelivered_with_ext"]);
    assert_eq!(receipt.follows.as_deref(), Some("send_sms"));
    assert_eq!(of("inbound_message").follows, None);
    assert!(receipt.description.as_deref().unwrap().contains("receipt"));
    assert_eq!(
        receipt.address.as_deref(),
        Some("http://127.0.0.1:9/s3cret-path")
    );
    let order = PushRequest::new("sms", "sms_receipt").field("phone", json!("8615012345678"));
    let debug = format!("{known:?} {order:?}");
    assert!(debug.contains("sms_receipt"));
    for hidden in ["s3cret-path", "8615012345678"] {
        assert!(!debug.contains(hidden), "{hidden} in {debug}");
    }
}

#[tokio::test]
async fn requests_are_numbered_and_found_by_number() {
    let sandbox = sandbox().await;
    let first = sent(&sandbox, "86110000").await;
    assert_eq!(first.id(), 1);
    sandbox.clear();
    assert!(sandbox.request(1).is_none());
    let second = sent(&sandbox, "86110000").await;
    assert_eq!(second.id(), 2);
    assert_eq!(sandbox.request(2).unwrap().body(), second.body());
    assert_eq!(second.header("accesskey"), Some(ACCESS_KEY));
}

#[tokio::test]
async fn the_address_of_a_push_has_three_sources() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("success").await);
    for (path, key) in [("/named", "drUrl"), ("/escaped", "dr\\u0055rl")] {
        let url = hook.url(path);
        let body =
            format!(r#"{{"appKey":"a","phone":"8615012345678","content":"x","{key}":"{url}"}}"#);
        let reply = send(sandbox.url(), &sms(NOW, ACCESS_SECRET, body.as_bytes())).await;
        assert_eq!(reply.unwrap().code(), "0");
        let received = hook.next().await;
        assert!(received.head.starts_with(&format!("post {path} ")));
    }
    sandbox.pushes().send_all_to(hook.url("/all"));
    sent(&sandbox, "8615012345678").await;
    assert!(hook.next().await.head.starts_with("post /all "));
}

/// Objects nested once per step would use up the stack.
#[tokio::test]
async fn a_path_with_too_many_steps_is_refused_everywhere() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut hook = Hook::start("success").await;
    let path = |steps: usize| vec!["a"; steps].join(".");
    let order = |steps| {
        let order = PushRequest::new("sms", "sms_receipt").field(path(steps), json!("x"));
        order.to(hook.url("/"))
    };
    let pushes = sandbox.pushes();
    assert_eq!(pushes.send(order(32)).await.unwrap().len(), 1);
    pushes.send_to("sms_receipt", hook.url("/")).unwrap();
    let deep = PushError::DeepField { max: 32 };
    for steps in [33, 20_000] {
        assert_eq!(pushes.send(order(steps)).await, Err(deep.clone()));
        let fields = [(path(steps), json!("x"))];
        let fields = fields
            .each_ref()
            .map(|(path, value)| (path.as_str(), value.clone()));
        let pushed = pushes.push("sms_receipt", None, &fields).await;
        assert_eq!(pushed, Err(deep.clone()));
        let body = json!({
            "service": "sms",
            "push": "sms_receipt",
            "fields": { path(steps): "x" },
            "url": hook.url("/"),
        });
        let refused = common::ask(sandbox.url(), "POST", "pushes", body).await;
        assert_eq!(refused.status, 422);
        assert!(
            refused.body.contains("more than 32 steps"),
            "{}",
            refused.body
        );
    }
    hook.next().await;
    assert_eq!(pushes.log().len(), 1);
}

#[tokio::test]
async fn debug_output_omits_the_reply_of_the_receiver() {
    let sandbox = Sandbox::start().await.unwrap();
    let hook = Hook::start("the answer of 8615012345678").await;
    let order = PushRequest::new("sms", "sms_receipt").to(hook.url("/500"));
    let made = sandbox.pushes().send(order).await.unwrap();
    let debug = format!(
        "{made:?} {:?} {:#?}",
        made[0].outcome,
        sandbox.pushes().log()
    );
    assert!(
        debug.contains("Refused") && debug.contains("500"),
        "{debug}"
    );
    assert!(!debug.contains("answer"), "{debug}");
}

#[tokio::test]
async fn localhost_reaches_an_endpoint_on_both_addresses() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = tokio::net::TcpListener::bind(address).await else {
            // On a machine without IPv6.
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        let mut hook = Hook::on(listener, "success");
        for host in ["localhost", "LocalHost", "localhost."] {
            let url = format!("HTTP://user:s3cret@{host}:{port}/");
            let order = PushRequest::new("sms", "sms_receipt").to(url);
            let sandbox = Sandbox::start().await.unwrap();
            let made = sandbox.pushes().send(order).await.unwrap();
            assert_eq!(
                made[0].outcome,
                DeliveryOutcome::Accepted,
                "{host} {address}"
            );
            let host = format!("host: {}:{port}", host.to_ascii_lowercase());
            assert!(hook.next().await.head.contains(&host));
        }
    }
    let sandbox = Sandbox::start().await.unwrap();
    for url in [
        "http://evil.example/",
        "http://localhost.evil.example/",
        "https://localhost/",
    ] {
        let order = PushRequest::new("sms", "sms_receipt").to(url);
        let made = sandbox.pushes().send(order).await.unwrap();
        assert_eq!(made[0].outcome, DeliveryOutcome::NotSent, "{url}");
    }
}

#[tokio::test]
async fn every_recipient_of_a_request_gets_a_push() {
    let sandbox = sandbox().await;
    let closed = testing::ClosedPort::new();
    sandbox.pushes().send_all_to(closed.url());
    let phones = (0..2000).map(|number| format!("86150{number:08}"));
    let phones = phones.collect::<Vec<_>>();
    let request = sent(&sandbox, &phones.join(",")).await;
    testing::in_time("the pushes", sandbox.pushes().settled()).await;
    let mut made = sandbox.pushes().log_of("sms_receipt");
    made.sort_by_key(|made| made.fields["phone"].to_string());
    let pushed = made
        .iter()
        .map(|made| made.fields["phone"].as_str().unwrap());
    assert!(pushed.eq(phones.iter().map(String::as_str)));
    assert!(made.iter().all(|made| made.request == Some(request.id())));
}
