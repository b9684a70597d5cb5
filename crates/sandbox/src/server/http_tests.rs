//! Property tests of the router in memory: no request makes it panic or reply outside its protocol.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use axum::http::{HeaderMap, HeaderName};
use http_body_util::BodyExt;
use hyper::body::Frame;
use nxcloud_signing::{AccessKey, Action, BizType, Request as Signed, Secret, Signer, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::super::access::Access;
use super::super::clock::Clock;
use super::super::events::Events;
use super::super::faults::Faults;
use super::super::intake::Intake;
use super::super::pace::Pace;
use super::super::push::Pushes;
use super::super::record::History;
use super::*;
use crate::inspector;
use crate::platform::catalog::Catalog;
use crate::platform::{Accounts, Platform};

const NOW: u64 = 1_800_000_000_000;
const PATHS: [&str; 6] = [
    "/api/sms/mtsend_v2",
    "/api/number/check",
    "/api/number/query",
    "/",
    "/__sandbox/requests",
    "/%FF/..;/{}",
];

fn shared(body_limit: usize) -> Arc<Shared> {
    let mut accounts = Accounts::default();
    accounts.add(
        AccessKey::new("key-1").unwrap(),
        Secret::new("s3cret").unwrap(),
    );
    Arc::new(Shared {
        platform: Platform::new(Catalog::embedded().unwrap(), accounts),
        clock: Clock::new(|| UNIX_EPOCH + Duration::from_millis(NOW)),
        faults: Faults::default(),
        history: History::new(100, 1_000_000),
        pushes: Pushes::new(
            &[],
            Vec::new(),
            None,
            Clock::new(|| UNIX_EPOCH + Duration::from_millis(NOW)),
            Events::default(),
        ),
        pace: Pace::default(),
        intake: Intake::new(body_limit, Duration::from_secs(30)),
        access: Access::this_machine(),
        cors: None,
        events: Events::default(),
        turn: Arc::default(),
    })
}

fn send(shared: &Arc<Shared>, request: Request) -> (StatusCode, HeaderMap, Bytes) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    runtime.block_on(async {
        let response = router(Arc::clone(shared), inspector::routes)
            .oneshot(request)
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, body)
    })
}

/// Any bytes that a header may contain, often those with a meaning here.
fn header_value() -> impl Strategy<Value = HeaderValue> {
    let known = prop::sample::select(vec![
        "key-1",
        "1800000000000",
        "3",
        "1",
        "mtsend",
        "numbercheck",
        "application/json",
        "multipart/form-data; boundary=x",
        "127.0.0.1:80",
        "",
    ]);
    prop_oneof![
        known.prop_map(HeaderValue::from_static),
        // Control characters are the only bytes that a header cannot contain.
        prop::collection::vec(prop_oneof![b' '..=b'~', 0x80..=0xFF_u8], 0..40)
            .prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap()),
    ]
}

fn header_name() -> impl Strategy<Value = HeaderName> {
    let names = vec![
        "accesskey",
        "ts",
        "biztype",
        "action",
        "sign",
        "content-type",
        "host",
        "x-auth-app-id",
        "x-auth-app-hash",
        "x-other",
    ];
    prop::sample::select(names).prop_map(HeaderName::from_static)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let sms = r#"{"appKey":"a","phone":"8615012345678","content":"您好"}"#;
    prop_oneof![
        Just(sms.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..300),
        "\\PC{0,200}".prop_map(String::into_bytes),
        Just(b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--x--".to_vec()),
        Just(b"[".repeat(2000)),
    ]
}

proptest! {
    #[test]
    fn every_request_is_answered_and_recorded(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "X"]),
        path in prop::sample::select(PATHS.to_vec()),
        query in "[ -~&&[^#<>\"` {}]]{0,30}",
        headers in prop::collection::vec((header_name(), header_value()), 0..12),
        body in body(),
    ) {
        let shared = shared(250);
        let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let request = Request::builder().method(method).uri(uri).body(Body::from(body));
        // The HTTP parser rejects anything that is not a URI.
        prop_assume!(request.is_ok());
        let mut request = request.unwrap();
        for (name, value) in headers {
            request.headers_mut().append(name, value);
        }
        let (status, headers, reply) = send(&shared, request);
        prop_assert!(!status.is_server_error());
        if path.starts_with("/__sandbox") {
            return Ok(());
        }
        let kept = shared.history.requests();
        prop_assert_eq!(kept.len(), 1);
        prop_assert_eq!(kept[0].status(), status.as_u16());
        // A reply to HEAD has only the headers that belong to a body.
        prop_assert!(kept[0].reply() == &reply[..] || method == "HEAD" && reply.is_empty());
        // Every record can be displayed, and every reply whose content type is JSON is JSON.
        prop_assert!(kept[0].to_json().is_object());
        prop_assert_eq!(headers.get(CONTENT_TYPE).unwrap(), "application/json");
        prop_assert!(serde_json::from_slice::<Value>(kept[0].reply()).is_ok());
        prop_assert_eq!(kept[0].verdict().is_accepted(), kept[0].verdict().code() == 0);
    }

    #[test]
    fn every_signed_request_reaches_the_check_of_its_body(body in body(), spare in any::<bool>()) {
        prop_assume!(!body.is_empty());
        let mut request = signed_by("s3cret", &body);
        if spare {
            *request.body_mut() = Body::from([&body[..], b" "].concat());
        }
        let shared = shared(10_000);
        send(&shared, request);
        let kept = shared.history.requests();
        let code = kept[0].verdict().code();
        prop_assert!(if spare { code == 1003 } else { code == 0 || code == 2 }, "{}", code);
    }
}

fn signed_by(secret: &str, body: &[u8]) -> Request {
    signed_as(secret, [PATHS[0], "3", "mtsend"], body)
}

fn signed_as(secret: &str, [path, biz_type, action]: [&'static str; 3], body: &[u8]) -> Request {
    let signer = Signer::new(
        AccessKey::new("key-1").unwrap(),
        Secret::new(secret).unwrap(),
    );
    let signature = signer.sign(&Signed {
        action: Action::from_static(action),
        biz_type: BizType::from_static(biz_type),
        ts: Timestamp::from_millis(NOW),
        body: nxcloud_signing::Body::Signed(body),
    });
    Request::builder()
        .method("POST")
        .uri(path)
        .header("accessKey", "key-1")
        .header("ts", NOW)
        .header("bizType", biz_type)
        .header("action", action)
        .header("sign", signature.as_str())
        .header("content-type", "application/json")
        .body(Body::from(body.to_vec()))
        .unwrap()
}

#[path = "large_tests.rs"]
mod large;

/// A body that ends early, as when the sender disconnects.
struct BreaksOff(bool);

impl axum::body::HttpBody for BreaksOff {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let begun = std::mem::replace(&mut self.0, true);
        Poll::Ready(Some(if begun {
            Err(std::io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(Frame::data(Bytes::from_static(b"{\"appKey\":")))
        }))
    }
}

#[test]
fn an_incomplete_body_is_refused_and_not_stored() {
    let request = Request::builder().method("POST").uri(PATHS[0]);
    let request = request.body(Body::new(BreaksOff(false))).unwrap();
    let shared = shared(100);
    let (status, _, _) = send(&shared, request);
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let kept = shared.history.requests();
    assert!(matches!(
        kept[0].verdict().cause(),
        Some(Cause::BodyIncomplete)
    ));
    assert_eq!((kept[0].verdict().code(), kept[0].body()), (400, &b""[..]));
}

/// A body whose pieces arrive when the test sends them.
fn pieces() -> (tokio::sync::mpsc::UnboundedSender<usize>, Body) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<usize>();
    let pieces = futures_util::stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(vec![b'x'; piece]), receiver))
    });
    (sender, Body::from_stream(Box::pin(pieces)))
}

#[tokio::test]
async fn concurrent_bodies_share_a_limit() {
    let mut shared = shared(100);
    let limits = Arc::get_mut(&mut shared).unwrap();
    limits.intake = Intake::with_room(100, Duration::from_secs(30), 100);
    let send = |body| {
        let request = Request::builder().method("POST").uri(PATHS[0]);
        let sent =
            router(Arc::clone(&shared), inspector::routes).oneshot(request.body(body).unwrap());
        tokio::spawn(async move { sent.await.unwrap().status() })
    };
    let (first, body) = pieces();
    first.send(60).unwrap();
    let waiting = send(body);
    let is_read = || shared.intake.room() <= 40;
    testing::until("the first piece", is_read).await;
    let busy = send(Body::from(vec![b'x'; 50])).await.unwrap();
    assert_eq!(busy, StatusCode::SERVICE_UNAVAILABLE);
    let kept = shared.history.requests();
    assert!(matches!(kept[0].verdict().cause(), Some(Cause::Busy)));
    assert_eq!(kept[0].body(), b"");
    assert_eq!(
        send(Body::from(vec![b'x'; 40])).await.unwrap(),
        StatusCode::OK
    );
    first.send(40).unwrap();
    drop(first);
    assert_eq!(waiting.await.unwrap(), StatusCode::OK);
    assert_eq!(shared.intake.room(), 100);
    // A connection that breaks releases its capacity.
    let (broken, body) = pieces();
    broken.send(60).unwrap();
    let waiting = send(body);
    let is_read = || shared.intake.room() <= 40;
    testing::until("the first piece", is_read).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(shared.intake.room(), 100);
}

/// Requests that cannot be recorded are not carried out.
#[cfg(target_os = "linux")]
#[test]
fn a_request_is_refused_while_the_disk_is_full() {
    let mut shared = shared(1000);
    let inner = Arc::get_mut(&mut shared).unwrap();
    let history = std::mem::replace(&mut inner.history, History::new(0, 0));
    inner.history = history.record_on_a_full_disk();
    let request = || {
        let request = Request::builder().method("POST").uri(PATHS[0]);
        request.body(Body::empty()).unwrap()
    };
    let (status, _, reply) = send(&shared, request());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let reply = String::from_utf8(reply.to_vec()).unwrap();
    assert!(reply.contains("was not carried out"), "{reply}");
    let kept = shared.history.requests();
    assert!(matches!(
        kept[0].verdict().cause(),
        Some(Cause::NotRecorded)
    ));
}

#[test]
fn the_date_header_follows_the_clock_within_its_range() {
    assert_eq!(date(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(
        date(END_OF_DATES * 1000 - 1).unwrap(),
        "Fri, 31 Dec 9999 23:59:59 GMT"
    );
    assert_eq!(date(END_OF_DATES * 1000), None);
    assert_eq!(date(u64::MAX), None);
}
