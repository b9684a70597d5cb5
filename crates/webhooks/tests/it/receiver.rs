//! Answers, outcomes, queues, URL secrets and allow-lists.

use std::sync::{Arc, Mutex, mpsc};

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    AllowList, Answer, Incoming, Pending, Receiver, Refusal, Secret, SourceError, UrlSecret,
    Verifier, VerifyError, did, number_check, sms,
};

use crate::common::{NOW, now, signer};

fn signed() -> Receiver<did::Event> {
    Receiver::signed(Verifier::new(signer()).clock(now))
}

fn push() -> TestRequest {
    Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), NOW)
}

fn answered(answer: Answer) -> (u16, &'static str) {
    (answer.status(), answer.body())
}

#[test]
fn success_is_answered_only_after_the_handler_has_succeeded() {
    let receiver = signed();
    let answer = receiver.handle(&push().incoming(), |_| Err("database is down"));
    assert_eq!(answered(answer), (200, "error"));
    // The platform's next attempt, with the same bytes, is handled. After that, a repeat is only answered.
    let answer = receiver.handle(&push().incoming(), |_| Ok::<_, ()>(()));
    assert_eq!(answered(answer), (200, "success"));
    let repeat = receiver.receive(&push().incoming()).unwrap_err();
    assert_eq!(repeat.reason(), Refusal::AlreadyProcessed);
    assert_eq!(answered(repeat.answer()), (200, "success"));
}

#[test]
fn services_without_a_documented_text_get_an_http_status() {
    let receiver = Receiver::<number_check::Event>::unprotected();
    let push = Fixture::<number_check::Event>::new("number_check_result").request();
    let answer = receiver.handle(&push.incoming(), |_| Ok::<_, ()>(()));
    assert_eq!(answered(answer), (200, ""));
    let answer = receiver.handle(&push.incoming(), |_| Err(()));
    assert_eq!(answered(answer), (503, ""));
    let mut broken = push;
    broken.body.pop();
    let answer = receiver.handle(&broken.incoming(), |_| Ok::<_, ()>(()));
    assert_eq!(answered(answer), (403, ""));
}

#[test]
fn a_push_that_is_dropped_or_whose_handler_panics_is_handled_again() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&reasons);
    let receiver = signed().on_refusal(move |reason| log.lock().unwrap().push(*reason));
    drop(receiver.receive(&push().incoming()).unwrap());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = receiver.handle::<()>(&push().incoming(), |_| panic!("a defect"));
    }));
    assert!(result.is_err());
    let answer = receiver.receive(&push().incoming()).map(Pending::accept);
    assert_eq!(answered(answer.unwrap()), (200, "success"));
    let reasons = reasons.lock().unwrap();
    assert_eq!(*reasons, [Refusal::NotProcessed, Refusal::NotProcessed]);
}

#[test]
fn a_full_queue_refuses_and_the_next_attempt_is_accepted() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&reasons);
    let receiver = signed().on_refusal(move |reason| log.lock().unwrap().push(*reason));
    let (queue, events) = mpsc::sync_channel(1);
    let signed_at = |ts| Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
    let enqueue = |push: &TestRequest| receiver.receive(&push.incoming()).unwrap().enqueue(&queue);
    assert_eq!(answered(enqueue(&signed_at(NOW))), (200, "success"));
    assert_eq!(answered(enqueue(&signed_at(NOW + 1))), (200, "error"));
    assert_eq!(*reasons.lock().unwrap(), [Refusal::QueueFull]);
    let first = events.try_recv().unwrap();
    assert_eq!(first.verified.unwrap().action(), "dr");
    assert_eq!(answered(enqueue(&signed_at(NOW + 1))), (200, "success"));
    drop(events);
    assert_eq!(
        answered(enqueue(&signed_at(NOW + 2))),
        (200, "error"),
        "the queue is closed"
    );
}

#[tokio::test]
async fn async_handlers_and_tokio_queues_are_supported() {
    let receiver = signed();
    let answer = receiver
        .handle_async(&push().incoming(), async |received| {
            tokio::task::yield_now().await;
            received.verified.map(|_| ()).ok_or("unsigned")
        })
        .await;
    assert_eq!(answered(answer), (200, "success"));
    let (queue, mut events) = tokio::sync::mpsc::channel(1);
    let signed_at = |ts| Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
    let enqueue = |push: &TestRequest| receiver.receive(&push.incoming()).unwrap().enqueue(&queue);
    assert_eq!(answered(enqueue(&signed_at(NOW + 1))), (200, "success"));
    assert_eq!(answered(enqueue(&signed_at(NOW + 2))), (200, "error"));
    assert!(events.try_recv().is_ok());
}

#[tokio::test]
async fn a_push_with_a_cancelled_handler_is_handled_again() {
    let receiver = signed();
    let push = push();
    let incoming = push.incoming();
    let mut handling =
        Box::pin(receiver.handle_async::<()>(&incoming, async |_| std::future::pending().await));
    let is_pending = std::future::poll_fn(|context| {
        std::task::Poll::Ready(handling.as_mut().poll(context).is_pending())
    });
    assert!(is_pending.await);
    let repeat = receiver.receive(&incoming).unwrap_err();
    assert_eq!(repeat.reason(), Refusal::Verify(VerifyError::Replayed));
    drop(handling);
    let answer = receiver.receive(&incoming).unwrap().accept();
    assert_eq!(answered(answer), (200, "success"));
}

#[test]
fn a_url_secret_is_required_in_path_or_query() {
    let secret = || Secret::new("0f1e2d3c4b5a6978").unwrap();
    let receipt = Fixture::<sms::Event>::new("sms_receipt");
    let reason = |receiver: &Receiver<sms::Event>, push: &TestRequest| {
        receiver.receive(&push.incoming()).map(|pending| {
            let event = pending.received().event.clone();
            let _ = pending.accept();
            event
        })
    };
    let refused = Refusal::Source(SourceError::UrlSecret);

    let in_path = Receiver::with_url_secret(UrlSecret::last_segment(secret()));
    let mut push = receipt.request();
    assert_eq!(reason(&in_path, &push).unwrap_err().reason(), refused);
    push.path = "/hooks/0f1e2d3c4b5a6978".to_owned();
    assert!(reason(&in_path, &push).is_ok());

    let in_query = Receiver::with_url_secret(UrlSecret::query("token", secret()));
    assert_eq!(reason(&in_query, &push).unwrap_err().reason(), refused);
    let mut push = receipt
        .transport(nxcloud_webhooks::Transport::Query)
        .request();
    let fields = push.query.take().unwrap();
    push.query = Some(format!("{fields}&token=0f1e2d3c4b5a6978"));
    let event = reason(&in_query, &push).unwrap();
    let sms::Event::SmsReceipt(receipt) = event else {
        panic!("a receipt");
    };
    assert!(
        receipt.extra.is_empty(),
        "the secret is not a field of the event"
    );
}

/// The platform appends its fields to a URL as if it had no query.
#[test]
fn fields_after_a_second_question_mark_are_refused() {
    let secret = || Secret::new("0f1e2d3c4b5a6978").unwrap();
    let fields = "messageid=4711&status=2&drtime=2026-11-21+10%3A15%3A42";
    let event = |receiver: &Receiver<sms::Event>, path: &str, query: String| {
        let push = Incoming::new(b"").url(path, Some(&query));
        receiver
            .receive(&push)
            .map(|pending| {
                let event = pending.received().event.clone();
                let _ = pending.accept();
                event
            })
            .map_err(|refused| {
                assert!(refused.to_string().contains("second `?`"), "{refused}");
                refused.reason()
            })
    };
    let refused = Err(Refusal::Source(SourceError::SecondQuery));
    let in_query = Receiver::with_url_secret(UrlSecret::query("token", secret()));
    let query = format!("token=0f1e2d3c4b5a6978?{fields}");
    assert_eq!(event(&in_query, "/hooks", query), refused);
    let query = format!("token=0f1e2d3c4b5a6978&shop=7?{fields}");
    assert_eq!(event(&in_query, "/hooks", query), refused);
    // This also happens with the secret in the path, if the URL has a query.
    let path = "/hooks/0f1e2d3c4b5a6978";
    let in_path = Receiver::with_url_secret(UrlSecret::last_segment(secret()));
    for receiver in [&in_path, &Receiver::unprotected()] {
        for own in ["shop=7", "", "a=1&b=2"] {
            assert_eq!(event(receiver, path, format!("{own}?{fields}")), refused);
        }
        let Ok(sms::Event::SmsReceipt(receipt)) = event(receiver, path, fields.to_owned()) else {
            panic!("a receipt");
        };
        assert_eq!(receipt.message_id.as_deref(), Some("4711"));
    }
}

#[test]
fn an_allow_list_uses_the_header_of_a_trusted_proxy() {
    let range = |text: &str| text.parse().unwrap();
    let list = AllowList::new([range("203.0.113.0/24")]).trusted_proxies([range("10.0.0.1")]);
    let receiver = Receiver::<sms::Event>::with_allow_list(list);
    let mut push = Fixture::<sms::Event>::new("sms_receipt").request();
    let reason = |push: &TestRequest| match receiver.receive(&push.incoming()) {
        Ok(pending) => {
            let sender = pending.received().sender;
            let _ = pending.accept();
            Ok(sender)
        }
        Err(refused) => Err(refused.reason()),
    };
    assert_eq!(
        reason(&push),
        Err(Refusal::Source(SourceError::PeerUnknown))
    );
    push.set_header("X-Forwarded-For", "203.0.113.9");
    push.peer = Some("198.51.100.7".parse().unwrap());
    assert_eq!(reason(&push), Err(Refusal::Source(SourceError::NotAllowed)));
    push.peer = Some("10.0.0.1".parse().unwrap());
    assert_eq!(reason(&push), Ok(Some("203.0.113.9".parse().unwrap())));
}

#[tokio::test]
async fn a_handler_that_cannot_fail_needs_no_result() {
    let receiver = Receiver::<sms::Event>::unprotected();
    let push = Fixture::<sms::Event>::new("sms_receipt").request();
    let mut keys = Vec::new();
    let answer = receiver.accept_with(&push.incoming(), |received| {
        keys.push(received.event.idempotency_key());
    });
    assert_eq!((answer.status(), answer.body()), (200, "success"));
    let pending = receiver.receive(&push.incoming()).unwrap();
    let answer = pending
        .accept_with_async(async |received| keys.push(received.event.idempotency_key()))
        .await;
    assert_eq!(answer.body(), "success");
    assert_eq!(keys.len(), 2);
    let unreadable = nxcloud_webhooks::Incoming::new(b"");
    let refused = receiver.accept_with_async(&unreadable, async |_| panic!("not called"));
    assert_eq!(refused.await.body(), "error");
}
