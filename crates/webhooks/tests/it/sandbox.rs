//! Receives the pushes of the sandbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use nxcloud_client::{AppKey, Credentials, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, DeliveryOutcome, PushError, Sandbox, Transport};
use nxcloud_sms::SendSms;
use nxcloud_webhooks::{
    AccessKey, Answer, Pending, Received, Receiver, Secret, Signer, Verifier, did, number_check,
    sms, viber,
};
use serde_json::json;
use testing::in_time;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[path = "../../examples/receive_receipts.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the example's main is not called"
)]
mod receive_receipts;

/// Serves an app on a free port and returns its base URL.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn session(sandbox: &Sandbox) -> Session {
    let credentials = Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET).unwrap();
    let builder = Session::builder()
        .credentials(credentials)
        .base_url(sandbox.url());
    builder.build().unwrap()
}

/// A receiver that puts every push into a queue.
fn queueing<E: nxcloud_webhooks::Event>(
    receiver: Receiver<E>,
) -> (Router, mpsc::Receiver<Received<E>>) {
    let (queue, received) = mpsc::channel(100);
    let receive = async move |push: Pending<E>| -> Answer { push.enqueue(&queue) };
    let app = Router::new().route("/", post(receive)).with_state(receiver);
    (app, received)
}

#[tokio::test]
async fn the_example_receives_the_receipt_of_a_message() {
    let sandbox = Sandbox::start().await.unwrap();
    let (queue, mut receipts) = mpsc::channel(10);
    let app = receive_receipts::app(Secret::new("7b6f0c5d").unwrap(), queue);
    let base = serve(app).await;
    let client = nxcloud_sms::Client::new(&session(&sandbox));
    let request = SendSms::new(AppKey::new("app"), "8615012345678", "Hello").with_ext("order-1");

    // A push to a URL without the secret is refused.
    let wrong = request
        .clone()
        .with_dr_url(format!("{base}/receipts/guess"));
    client.send_sms(&wrong).await.unwrap();
    sandbox.pushes().settled().await;
    let log = sandbox.pushes().log_of("sms_receipt");
    let refused = DeliveryOutcome::Refused {
        status: 200,
        body: "error".to_owned(),
    };
    assert_eq!(log.len(), 1, "a receipt is pushed only once");
    assert_eq!(log[0].outcome, refused);

    // Send, wait for the receipt, and match it to the message.
    let right = request.with_dr_url(format!("{base}/receipts/7b6f0c5d"));
    let reply = client.send_sms(&right).await.unwrap();
    let received = in_time("a push", receipts.recv()).await.unwrap();
    let sms::Event::SmsReceipt(receipt) = received.event else {
        panic!("a receipt");
    };
    assert!(receipt.message_id.is_some());
    assert_eq!(receipt.message_id, reply.message_id);
    assert_eq!(receipt.status, Some(sms::SmsStatus::Delivered));
    assert_eq!(receipt.ext.as_deref(), Some("order-1"));
    assert!(receipts.try_recv().is_err(), "there is only one receipt");
    sandbox.pushes().settled().await;
    let outcome = sandbox.pushes().log().pop().unwrap().outcome;
    assert_eq!(outcome, DeliveryOutcome::Accepted);
}

#[tokio::test]
async fn several_numbers_get_a_receipt_each_in_the_query_with_the_chosen_outcome() {
    let sandbox = Sandbox::start().await.unwrap();
    let (app, mut received) = queueing(Receiver::<sms::Event>::unprotected());
    let base = serve(app).await;
    let pushes = sandbox.pushes();
    pushes.send_to("sms_receipt", &base).unwrap();
    pushes.content("sms_receipt", Transport::Query).unwrap();
    pushes
        .outcomes("sms_receipt", &["undelivered_with_ext"])
        .unwrap();
    let client = nxcloud_sms::Client::new(&session(&sandbox));
    // With several numbers the platform ignores the `drUrl` and `ext` of the send.
    let request = SendSms::new(AppKey::new("app"), "8615012345678,8615012345679", "Hello")
        .with_ext("ignored")
        .with_dr_url(format!("{base}/nowhere"));
    let reply = client.send_sms(&request).await.unwrap();
    pushes.settled().await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let event = in_time("a push", received.recv()).await.unwrap().event;
        keys.push(event.idempotency_key().unwrap());
        let sms::Event::SmsReceipt(receipt) = event else {
            panic!("a receipt");
        };
        let id = receipt.message_id.unwrap();
        let (send_id, suffix) = id.rsplit_once('-').unwrap();
        assert_eq!(Some(send_id), reply.message_id.as_deref());
        assert_eq!(suffix.len(), 10);
        assert_eq!(receipt.status, Some(sms::SmsStatus::Failed));
        assert_eq!(receipt.ext, None);
    }
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_signed_push_is_verified_with_the_sending_account() {
    let sandbox = Sandbox::start().await.unwrap();
    let signer = Signer::new(
        AccessKey::new(ACCESS_KEY).unwrap(),
        Secret::new(ACCESS_SECRET).unwrap(),
    );
    let receiver = Receiver::<did::Event>::signed(Verifier::new(signer));
    let (app, mut received) = queueing(receiver);
    let base = serve(app).await;
    sandbox.pushes().send_to("did_sms_signed", &base).unwrap();
    let client = nxcloud_did::Client::new(&session(&sandbox));
    let request = nxcloud_did::SendDidSms::new("85230001111", "8613912345678", "Grüße ✓");
    let reply = client.send_did_sms(&request).await.unwrap();
    let received = in_time("a push", received.recv()).await.unwrap();
    assert_eq!(received.verified.unwrap().action(), "dr");
    let did::Event::DidSmsEvent(event) = received.event else {
        panic!("a DID event");
    };
    assert_eq!(event.message_id, reply.data.message_id);
    assert_eq!(event.content.as_deref(), Some("Grüße ✓"));
    assert_eq!(event.to_phone.as_deref(), Some("8613912345678"));
}

#[tokio::test]
async fn a_refused_check_result_is_repeated_every_minute_for_an_hour() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.pushes().retry_pause(Duration::ZERO);
    let attempts = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&attempts);
    // For the first number the third attempt succeeds. For the second number none does.
    let receive = async move |push: Pending<number_check::Event>| -> Answer {
        let number_check::Event::CheckEvent(event) = &push.received().event else {
            return push.reject();
        };
        let first = event.phone.as_deref() == Some("8613912345678");
        if first && counter.fetch_add(1, Ordering::Relaxed) == 2 {
            push.accept()
        } else {
            push.reject()
        }
    };
    let receiver = Receiver::<number_check::Event>::unprotected();
    let base = serve(Router::new().route("/", post(receive)).with_state(receiver)).await;
    let client = nxcloud_number_check::Client::new(&session(&sandbox));
    let request =
        nxcloud_number_check::SubmitCheck::new(AppKey::new("app"), "8613912345678,8613912345679")
            .with_dr_url(base);
    client.submit_check(&request).await.unwrap();
    sandbox.pushes().settled().await;
    let log = sandbox.pushes().log_of("number_check_result");
    let attempts_for = |phone: &str| {
        let deliveries = log
            .iter()
            .filter(|delivery| delivery.fields["phone"] == phone);
        deliveries
            .map(|delivery| (delivery.after.as_secs(), delivery.outcome.clone()))
            .collect::<Vec<_>>()
    };
    let failed = DeliveryOutcome::Refused {
        status: 503,
        body: String::new(),
    };
    let first = attempts_for("8613912345678");
    assert_eq!(
        first,
        [
            (0, failed.clone()),
            (60, failed.clone()),
            (120, DeliveryOutcome::Accepted)
        ]
    );
    let second = attempts_for("8613912345679");
    assert_eq!(second.len(), 61, "at once, then once a minute for an hour");
    assert_eq!(second.last(), Some(&(3600, failed)));
}

#[tokio::test]
async fn a_push_can_be_sent_on_demand() {
    let sandbox = Sandbox::start().await.unwrap();
    let (app, mut received) = queueing(Receiver::<viber::Event>::unprotected());
    let pushes = sandbox.pushes();
    assert_eq!(
        pushes.push("message_reply", None, &[]).await,
        Err(PushError::NoAddress)
    );
    pushes.send_to("message_reply", serve(app).await).unwrap();
    let fields = [
        ("message.text", json!("yes")),
        ("traceRequestId", json!("r-1")),
    ];
    let deliveries = pushes
        .push("message_reply", Some("text"), &fields)
        .await
        .unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].outcome, DeliveryOutcome::Accepted);
    let viber::Event::MessageReplyEvent(reply) =
        in_time("a push", received.recv()).await.unwrap().event
    else {
        panic!("a reply");
    };
    assert_eq!(reply.trace_request_id.as_deref(), Some("r-1"));
    let unknown = pushes.push("message_reply", Some("nonsense"), &[]).await;
    assert_eq!(
        unknown,
        Err(PushError::UnknownExample("nonsense".to_owned()))
    );
    assert!(pushes.send_to("nonsense", "http://127.0.0.1:1").is_err());
}

#[tokio::test]
async fn pushes_never_go_to_other_machines() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = nxcloud_sms::Client::new(&session(&sandbox));
    for url in [
        "http://203.0.113.1/x",
        "https://127.0.0.1/x",
        "http://hooks.example/sms",
    ] {
        let request = SendSms::new(AppKey::new("app"), "8615012345678", "Hello").with_dr_url(url);
        client.send_sms(&request).await.unwrap();
    }
    sandbox.pushes().settled().await;
    let log = sandbox.pushes().log();
    assert_eq!(log.len(), 3);
    assert!(
        log.iter()
            .all(|delivery| delivery.outcome == DeliveryOutcome::NotSent)
    );
}
