//! The axum extractor and the tower layer.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Extension};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    AllowList, Answer, Pending, PushLayer, Received, Receiver, Secret, Transport, UrlSecret,
    Verifier, did, number_check, sms,
};
use tower::ServiceExt as _;

use crate::common::{NOW, now, signer};

async fn call(app: Router, push: &TestRequest) -> (StatusCode, String) {
    let url = match &push.query {
        Some(query) => format!("{}?{query}", push.path),
        None => push.path.clone(),
    };
    let mut request = Request::post(url);
    for (name, value) in &push.headers {
        request = request.header(name, value);
    }
    let mut request = request.body(Body::from(push.body.clone())).unwrap();
    if let Some(peer) = push.peer {
        let peer = ConnectInfo(SocketAddr::from((peer, 4711)));
        request.extensions_mut().insert(peer);
    }
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let content_type = response.headers()["content-type"].to_str().unwrap();
    assert_eq!(content_type, "text/plain; charset=utf-8");
    let body = axum::body::to_bytes(response.into_body(), 1_000)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn answered(status: u16, text: &str) -> (StatusCode, String) {
    (StatusCode::from_u16(status).unwrap(), text.to_owned())
}

/// Succeeds for delivered messages only.
async fn receipt(push: Pending<sms::Event>) -> Answer {
    push.handle_async(async |received| match received.event {
        sms::Event::SmsReceipt(receipt) if receipt.status == Some(sms::SmsStatus::Delivered) => {
            Ok(())
        }
        _ => Err("not delivered"),
    })
    .await
}

#[tokio::test]
async fn the_extractor_reads_forms_and_queries_and_answers_by_the_handlers_result() {
    let secret = UrlSecret::last_segment(Secret::new("s3cret").unwrap());
    let receiver = Receiver::<sms::Event>::with_url_secret(secret);
    let app = Router::new()
        .route("/hooks/{secret}", post(receipt))
        .with_state(receiver);
    let delivered = Fixture::<sms::Event>::new("sms_receipt");
    for transport in [Transport::Form, Transport::Query] {
        let mut push = delivered.clone().transport(transport).request();
        push.path = "/hooks/s3cret".to_owned();
        assert_eq!(call(app.clone(), &push).await, answered(200, "success"));
        push.path = "/hooks/guess".to_owned();
        assert_eq!(call(app.clone(), &push).await, answered(200, "error"));
    }
    let mut failed = delivered.with("status", "5").request();
    failed.path = "/hooks/s3cret".to_owned();
    assert_eq!(call(app, &failed).await, answered(200, "error"));
}

#[tokio::test]
async fn the_extractor_verifies_and_accepts_a_failed_push_again() {
    let failing = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = std::sync::Arc::clone(&failing);
    let receiver = Receiver::<did::Event>::signed(Verifier::new(signer()).clock(now));
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&runs);
    let handler = async move |push: Pending<did::Event>| -> Answer {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if switch.swap(false, std::sync::atomic::Ordering::Relaxed) {
            push.reject()
        } else {
            push.accept()
        }
    };
    let app = Router::new().route("/", post(handler)).with_state(receiver);
    let push = Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), NOW);
    assert_eq!(call(app.clone(), &push).await, answered(200, "error"));
    assert_eq!(call(app.clone(), &push).await, answered(200, "success"));
    assert_eq!(call(app, &push).await, answered(200, "success"), "a repeat");
    assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_layer_passes_the_event_on_and_answers_by_status() {
    let inner = async |Extension(received): Extension<Received<number_check::Event>>,
                       body: String| {
        assert!(body.contains("messageId"), "the body is unchanged");
        match received.event {
            number_check::Event::CheckEvent(event) if event.code == Some(0) => StatusCode::CREATED,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    };
    let range = |text: &str| text.parse().unwrap();
    let list = AllowList::new([range("203.0.113.0/24")]);
    let receiver = Receiver::<number_check::Event>::with_allow_list(list);
    let app = Router::new()
        .route("/", post(inner))
        .layer(PushLayer::new(receiver));
    let mut push =
        Fixture::<number_check::Event>::example("number_check_result", "basic").request();
    assert_eq!(
        call(app.clone(), &push).await,
        answered(403, ""),
        "the peer is unknown"
    );
    push.peer = Some("203.0.113.5".parse().unwrap());
    assert_eq!(call(app.clone(), &push).await, answered(200, ""));
    let mut failure =
        Fixture::<number_check::Event>::example("number_check_result", "failure").request();
    failure.peer = push.peer;
    assert_eq!(call(app.clone(), &failure).await, answered(503, ""));
    push.peer = Some("198.51.100.1".parse().unwrap());
    assert_eq!(call(app, &push).await, answered(403, ""));
}

#[tokio::test]
async fn the_layer_answers_a_repeat_without_calling_the_service() {
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&runs);
    let inner = async move || {
        // The first call fails.
        match counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::OK,
        }
    };
    let receiver = Receiver::<did::Event>::signed(Verifier::new(signer()).clock(now));
    let app = Router::new()
        .route("/", post(inner))
        .layer(PushLayer::new(receiver));
    let push = Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), NOW);
    assert_eq!(call(app.clone(), &push).await, answered(200, "error"));
    for _ in 0..2 {
        assert_eq!(call(app.clone(), &push).await, answered(200, "success"));
    }
    assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 2);
}
