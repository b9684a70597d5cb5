//! Answers, outcomes, queues, and what stands in for a signature.

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

fn told(answer: Answer) -> (u16, &'static str) {
    (answer.status(), answer.body())
}

#[test]
fn success_is_answered_only_after_the_handler_succeeded() {
    let receiver = signed();
    let answer = receiver.handle(&push().incoming(), |_| Err("database is down"));
    assert_eq!(told(answer), (200, "error"));
    // The platform's next attempt, with the same bytes, is accepted, and the one after it is answered as it was.
    let answer = receiver.handle(&push().incoming(), |_| Ok::<_, ()>(()));
    assert_eq!(told(answer), (200, "success"));
    let again = receiver.receive(&push().incoming()).unwrap_err();
    assert_eq!(again.reason(), Refusal::AlreadyProcessed);
    assert_eq!(told(again.answer()), (200, "success"));
}

#[test]
fn services_that_look_at_the_status_get_one() {
    let receiver = Receiver::<number_check::Event>::unprotected();
    let push = Fixture::<number_check::Event>::new("number_check_result").request();
    let answer = receiver.handle(&push.incoming(), |_| Ok::<_, ()>(()));
    assert_eq!(told(answer), (200, ""));
    let answer = receiver.handle(&push.incoming(), |_| Err(()));
    assert_eq!(told(answer), (503, ""));
    let mut broken = push;
    broken.body.pop();
    let answer = receiver.handle(&broken.incoming(), |_| Ok::<_, ()>(()));
    assert_eq!(told(answer), (403, ""));
}

#[test]
fn a_push_that_is_dropped_or_whose_handler_panics_may_come_again() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reasons);
    let receiver = signed().on_refusal(move |reason| seen.lock().unwrap().push(*reason));
    drop(receiver.receive(&push().incoming()).unwrap());
    let panicking = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = receiver.handle::<()>(&push().incoming(), |_| panic!("a defect"));
    }));
    assert!(panicking.is_err());
    let answer = receiver.receive(&push().incoming()).map(Pending::accept);
    assert_eq!(told(answer.unwrap()), (200, "success"));
    let reasons = reasons.lock().unwrap();
    assert_eq!(*reasons, [Refusal::NotProcessed, Refusal::NotProcessed]);
}

#[test]
fn a_full_queue_refuses_and_the_next_attempt_gets_in() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reasons);
    let receiver = signed().on_refusal(move |reason| seen.lock().unwrap().push(*reason));
    let (queue, work) = mpsc::sync_channel(1);
    let at = |ts| Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
    let enqueue = |push: &TestRequest| receiver.receive(&push.incoming()).unwrap().enqueue(&queue);
    assert_eq!(told(enqueue(&at(NOW))), (200, "success"));
    assert_eq!(told(enqueue(&at(NOW + 1))), (200, "error"));
    assert_eq!(*reasons.lock().unwrap(), [Refusal::QueueFull]);
    let first = work.try_recv().unwrap();
    assert_eq!(first.verified.unwrap().action(), "dr");
    assert_eq!(told(enqueue(&at(NOW + 1))), (200, "success"));
    drop(work);
    assert_eq!(
        told(enqueue(&at(NOW + 2))),
        (200, "error"),
        "nobody takes it out"
    );
}

#[tokio::test]
async fn handlers_that_wait_and_queues_of_tokio() {
    let receiver = signed();
    let answer = receiver
        .handle_async(&push().incoming(), async |received| {
            tokio::task::yield_now().await;
            received.verified.map(|_| ()).ok_or("unsigned")
        })
        .await;
    assert_eq!(told(answer), (200, "success"));
    let (queue, mut work) = tokio::sync::mpsc::channel(1);
    let at = |ts| Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
    let offer = |push: &TestRequest| receiver.receive(&push.incoming()).unwrap().enqueue(&queue);
    assert_eq!(told(offer(&at(NOW + 1))), (200, "success"));
    assert_eq!(told(offer(&at(NOW + 2))), (200, "error"));
    assert!(work.try_recv().is_ok());
}

#[tokio::test]
async fn a_cancelled_handler_leaves_the_push_open() {
    let receiver = signed();
    let push = push();
    let incoming = push.incoming();
    let mut waiting =
        Box::pin(receiver.handle_async::<()>(&incoming, async |_| std::future::pending().await));
    let polled = std::future::poll_fn(|context| {
        std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
    });
    assert!(polled.await);
    let meanwhile = receiver.receive(&incoming).unwrap_err();
    assert_eq!(meanwhile.reason(), Refusal::Verify(VerifyError::Replayed));
    drop(waiting);
    let answer = receiver.receive(&incoming).unwrap().accept();
    assert_eq!(told(answer), (200, "success"));
}

#[test]
fn a_secret_in_the_url() {
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
        "the secret is no field of the event"
    );
}

/// The platform adds its fields to a URL as if that had no query.
#[test]
fn fields_after_a_second_question_mark() {
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
    // A secret in the path does not help when the URL has a query beside it.
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
fn an_allow_list_behind_a_proxy() {
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
    let refused = receiver.accept_with_async(&unreadable, async |_| panic!("not read"));
    assert_eq!(refused.await.body(), "error");
}
