//! Limits of size and time for reading a body.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, StatusCode, header};
use axum::routing::post;
use http_body::{Frame, SizeHint};
use nxcloud_webhooks::{Answer, DEFAULT_BODY_TIMEOUT, Pending, PushLayer, Receiver, Refusal, sms};
use tokio::time::Instant;
use tower::ServiceExt as _;

const FRAME: usize = 16 * 1024;
const LIMIT: usize = 256 * 1024;
const HOUR: Duration = Duration::from_secs(3_600);

/// A body in frames of 16 KiB that counts the bytes read.
struct Flood {
    remaining: usize,
    bytes_read: Arc<AtomicUsize>,
}

impl HttpBody for Flood {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        self.remaining -= FRAME.min(self.remaining);
        self.bytes_read.fetch_add(FRAME, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; FRAME])))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn flood(announced: Option<&str>) -> (Request<Body>, Arc<AtomicUsize>) {
    let bytes_read = Arc::new(AtomicUsize::new(0));
    let body = Body::new(Flood {
        remaining: 50_000_000,
        bytes_read: Arc::clone(&bytes_read),
    });
    let mut request = Request::post("/").body(body).unwrap();
    if let Some(length) = announced {
        let length = length.parse().unwrap();
        request.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    (request, bytes_read)
}

async fn receipt(push: Pending<sms::Event>) -> Answer {
    push.accept()
}

#[tokio::test]
async fn a_large_body_is_not_read_beyond_the_limit() {
    let refusals = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&refusals);
    let receiver = Receiver::<sms::Event>::unprotected().on_refusal(move |reason| {
        assert_eq!(*reason, Refusal::BodyTooLarge { limit: LIMIT });
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let extracted = Router::new()
        .route("/", post(receipt))
        .with_state(receiver.clone());
    let layered = Router::new()
        .route("/", post(async || ""))
        .layer(PushLayer::new(receiver));
    for app in [extracted, layered] {
        let (request, bytes_read) = flood(None);
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "`error` with HTTP 200");
        let bytes_read = bytes_read.load(Ordering::Relaxed);
        assert!(bytes_read <= LIMIT + FRAME, "{bytes_read} bytes were read");

        let (request, bytes_read) = flood(Some("50000000"));
        app.oneshot(request).await.unwrap();
        assert_eq!(
            bytes_read.load(Ordering::Relaxed),
            0,
            "the announced length is too large"
        );
    }
    assert_eq!(refusals.load(Ordering::Relaxed), 4);
}

/// A body that never ends. It sends nothing (`None`), or one byte per second.
struct Trickle(Option<Pin<Box<tokio::time::Sleep>>>);

impl HttpBody for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(sleep) = &mut self.0 else {
            return Poll::Pending;
        };
        std::task::ready!(sleep.as_mut().poll(context));
        self.0 = Some(Box::pin(tokio::time::sleep(Duration::from_secs(1))));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }
}

/// The extractor and the layer, each with a handler that accepts every push, and the reasons of their refusals.
fn extractor_and_layer(
    receiver: Receiver<sms::Event>,
) -> ([Router; 2], Arc<std::sync::Mutex<Vec<Refusal>>>) {
    let reasons = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&reasons);
    let receiver = receiver.on_refusal(move |reason| log.lock().unwrap().push(*reason));
    let extracted = Router::new()
        .route("/", post(receipt))
        .with_state(receiver.clone());
    let layered = Router::new()
        .route("/", post(async || ""))
        .layer(PushLayer::new(receiver));
    ([extracted, layered], reasons)
}

fn slow(trickling: bool) -> Request<Body> {
    let first = trickling.then(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
    Request::post("/").body(Body::new(Trickle(first))).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_endless_body_times_out() {
    for (receiver, limit) in [
        (Receiver::unprotected(), DEFAULT_BODY_TIMEOUT),
        (
            Receiver::unprotected().body_timeout(Duration::from_secs(3)),
            Duration::from_secs(3),
        ),
    ] {
        let (apps, reasons) = extractor_and_layer(receiver);
        for app in apps {
            for trickling in [false, true] {
                let begin = Instant::now();
                let response = app.clone().oneshot(slow(trickling));
                let response = tokio::time::timeout(HOUR, response).await;
                let response = response.unwrap().unwrap();
                assert_eq!(response.status(), StatusCode::OK, "`error` with HTTP 200");
                // Tokio's paused clock advances only to the next timer, so this compares settings, not speed.
                assert!(begin.elapsed() < limit + Duration::from_secs(1));
            }
        }
        assert_eq!(
            *reasons.lock().unwrap(),
            [Refusal::BodyTimeout { limit }; 4]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_out_can_be_turned_off() {
    let (apps, reasons) = extractor_and_layer(Receiver::unprotected().body_timeout(None));
    for app in apps {
        let waiting = tokio::time::timeout(HOUR, app.oneshot(slow(false)));
        waiting.await.unwrap_err();
    }
    assert!(reasons.lock().unwrap().is_empty());
}
