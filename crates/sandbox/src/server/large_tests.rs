//! Slow work and waiting for a lock do not block other requests. In these tests one runtime thread serves, and one
//! more thread does slow work.

use std::sync::mpsc;

use serde_json::json;
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::platform::verdict::Verdict;

const SMALL: &str = r#"{"appKey":"a","phone":"8615012345678","content":"hi"}"#;

/// A sandbox whose second thread is busy until [`release`](Self::release).
struct Busy {
    shared: Arc<Shared>,
    release: mpsc::Sender<()>,
    other: JoinHandle<()>,
}

impl Busy {
    /// Runs a test with it. Waiting for a lock on the only serving thread would block for ever.
    fn run<T: Future<Output = ()>>(test: impl FnOnce(Self) -> T + Send + 'static) {
        testing::blocking("the test", move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(1)
                .build()
                .unwrap();
            let (release, wait) = mpsc::channel::<()>();
            runtime.block_on(async {
                let other = tokio::task::spawn_blocking(move || {
                    // It fails when the test is over.
                    let _ = wait.recv();
                });
                test(Self {
                    shared: shared(10_000_000),
                    release,
                    other,
                })
                .await;
            });
        });
    }

    fn start(&self, request: Request) -> JoinHandle<StatusCode> {
        let sent = router(Arc::clone(&self.shared), inspector::routes).oneshot(request);
        tokio::spawn(async { sent.await.unwrap().status() })
    }

    /// Sends a request, and checks that it is answered while the second thread is busy.
    async fn is_answered(&self, request: Request) {
        let status = testing::in_time("an answer", self.start(request)).await;
        assert_eq!(status.unwrap(), StatusCode::OK);
        assert!(!self.other.is_finished());
    }

    async fn release(self) -> Arc<Shared> {
        self.release.send(()).unwrap();
        self.other.await.unwrap();
        self.shared
    }
}

fn sms(secret: &str, text: &str) -> Request {
    signed_by(secret, text.as_bytes())
}

/// A number check, which changes the state.
fn check() -> Request {
    let body = br#"{"phone":"84912345678","appkey":"a"}"#;
    let what = ["/api/number/check", "1", "numbercheck"];
    signed_as("s3cret", what, body)
}

fn large() -> String {
    let text = "a/b ".repeat(1_000_000);
    format!(r#"{{"appKey":"a","phone":"8615012345678","content":"{text}"}}"#)
}

fn verdicts(shared: &Shared) -> Vec<(u64, i64)> {
    let kept = shared.history.requests();
    let kept = kept
        .iter()
        .map(|kept| (kept.id(), Verdict::code(kept.verdict())));
    kept.collect()
}

#[test]
fn a_large_body_does_not_block_others() {
    // One body violates the schema; the other has a wrong signature.
    for (secret, code) in [("s3cret", 2), ("another", 1003)] {
        Busy::run(async move |mut busy| {
            let shared = Arc::get_mut(&mut busy.shared).unwrap();
            shared.history = History::new(100, 100_000_000);
            let large = busy.start(sms(secret, &large()));
            yield_now().await;
            busy.is_answered(sms("s3cret", SMALL)).await;
            assert!(!large.is_finished());
            let shared = busy.release().await;
            large.await.unwrap();
            // In the order of the replies.
            assert_eq!(verdicts(&shared), [(1, 0), (2, code)]);
        });
    }
}

#[test]
fn the_diagnosis_of_a_wrong_signature_does_not_block_others() {
    Busy::run(async |busy| {
        let wrong = busy.start(sms("another", SMALL));
        yield_now().await;
        busy.is_answered(sms("s3cret", SMALL)).await;
        let shared = busy.release().await;
        wrong.await.unwrap();
        assert_eq!(verdicts(&shared), [(1, 0), (2, 1003)]);
    });
}

#[test]
fn a_large_request_is_recorded_even_if_its_sender_disconnects() {
    Busy::run(async |busy| {
        let padded = format!("{SMALL}{}", " ".repeat(pool::LARGE));
        let large = busy.start(sms("s3cret", &padded));
        yield_now().await;
        large.abort();
        assert!(large.await.unwrap_err().is_cancelled());
        let shared = busy.release().await;
        testing::until("the request", || verdicts(&shared) == [(1, 0)]).await;
    });
}

#[test]
fn waiting_for_the_state_does_not_block_others() {
    Busy::run(async |busy| {
        let shared = Arc::clone(&busy.shared);
        let held = shared.platform.state.held();
        let waiting = busy.start(check());
        yield_now().await;
        busy.is_answered(sms("s3cret", SMALL)).await;
        assert!(!waiting.is_finished());
        drop(held);
        let shared = busy.release().await;
        assert_eq!(waiting.await.unwrap(), StatusCode::OK);
        assert_eq!(verdicts(&shared), [(1, 0), (2, 0)]);
    });
}

#[test]
fn others_are_answered_while_a_large_reply_is_made() {
    Busy::run(async |mut busy| {
        // A group has each number once.
        let phones = (0..20_000).map(|number| format!("86150{number:08}"));
        let phones = phones.collect::<Vec<_>>();
        let group = json!({ "group_id": "g", "group_name": "g", "phones": phones, "remark": "" });
        let groups = json!({ "key-1": { "groups": [group] } });
        let state = crate::platform::state::Seed(Some(groups)).into_state();
        let shared = Arc::get_mut(&mut busy.shared).unwrap();
        shared.platform.state = state.ok().unwrap();
        shared.history = History::new(100, 100_000_000);
        let body = br#"{"limit":0,"offset":0}"#;
        let list = busy.start(signed_as("s3cret", ["/api/pns/", "5", "listGroup"], body));
        yield_now().await;
        busy.is_answered(sms("s3cret", SMALL)).await;
        assert!(!list.is_finished());
        let shared = busy.release().await;
        list.await.unwrap();
        assert_eq!(verdicts(&shared), [(1, 0), (2, 0)]);
        assert!(shared.history.requests()[1].reply().len() > 256 * 1024);
    });
}

#[test]
fn waiting_for_the_history_does_not_block_others() {
    Busy::run(async |busy| {
        let shared = Arc::clone(&busy.shared);
        let held = shared.history.held();
        let page = || {
            Request::builder()
                .uri("/__sandbox/about")
                .header("host", "localhost")
        };
        let waiting = busy.start(check());
        let list = Request::builder()
            .uri("/__sandbox/requests")
            .header("host", "localhost");
        let list = busy.start(list.body(Body::empty()).unwrap());
        yield_now().await;
        busy.is_answered(page().body(Body::empty()).unwrap()).await;
        assert!(!waiting.is_finished() && !list.is_finished());
        drop(held);
        let shared = busy.release().await;
        assert_eq!(waiting.await.unwrap(), StatusCode::OK);
        assert_eq!(list.await.unwrap(), StatusCode::OK);
        assert_eq!(verdicts(&shared), [(1, 0)]);
    });
}
