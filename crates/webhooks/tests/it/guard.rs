//! What is accepted at all, and what counts as the same push.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use std::time::SystemTime;

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    Answer, Event, MemoryStore, ParseError, Receiver, Refusal, Verifier, VerifyError, call_center,
    did, number_check, ota, sms, viber, virtual_number, whatsapp,
};

use crate::common::{NOW, at, now, signer};

fn answered(answer: Answer) -> (u16, &'static str) {
    (answer.status(), answer.body())
}

/// A clock that the test sets.
fn clock() -> (
    Arc<AtomicU64>,
    impl Fn() -> SystemTime + Send + Sync + 'static,
) {
    let now = Arc::new(AtomicU64::new(NOW));
    let read = Arc::clone(&now);
    (now, move || at(read.load(Ordering::Relaxed)))
}

/// A request of one's own to this service, sent back to its receiver.
fn own_request<E: Event>(action: &str) -> TestRequest {
    let (push, _) = Fixture::<E>::examples().next().unwrap();
    Fixture::<E>::new(push).signed_for(&signer(), NOW, action)
}

fn refused_without_actions<E: Event>() {
    let verifier = || Verifier::new(signer()).clock(now);
    for receiver in [
        Receiver::<E>::signed(verifier()),
        Receiver::<E>::signed(verifier().biz_type(E::BIZ_TYPE)),
        Receiver::<E>::signed(verifier().actions(Vec::<String>::new())),
    ] {
        let refused = receiver
            .receive(&own_request::<E>("mtsend").incoming())
            .unwrap_err();
        let reason = Refusal::Verify(VerifyError::NoActionAccepted);
        assert_eq!(refused.reason(), reason, "{}", E::SERVICE);
        let text = refused.to_string();
        assert!(text.contains("Verifier::actions"), "{text}");
    }
    // Whoever knows that the platform signs names the actions.
    let named = Receiver::<E>::signed(verifier().actions(["dr"]));
    match named.receive(&own_request::<E>("dr").incoming()) {
        Ok(pending) => assert_eq!(answered(pending.accept()).0, 200),
        // The pushes of one-click login have no body that could be signed.
        Err(refused) => assert_eq!(refused.reason(), Refusal::Parse(ParseError::Empty)),
    }
    let refused = named
        .receive(&own_request::<E>("mtsend").incoming())
        .unwrap_err();
    let reason = Refusal::Verify(VerifyError::UnexpectedAction);
    assert_eq!(refused.reason(), reason);
}

#[test]
fn a_service_without_signed_pushes_accepts_no_action_unless_one_is_named() {
    refused_without_actions::<call_center::Event>();
    refused_without_actions::<number_check::Event>();
    refused_without_actions::<ota::Event>();
    refused_without_actions::<sms::Event>();
    refused_without_actions::<viber::Event>();
    refused_without_actions::<virtual_number::Event>();
    refused_without_actions::<whatsapp::Event>();
    let empty = Verifier::new(signer())
        .clock(now)
        .actions(Vec::<String>::new());
    let push = own_request::<did::Event>("dr");
    let headers = push.headers.iter().map(|(name, value)| (name, value));
    let error = empty.verify(headers, &push.body).unwrap_err();
    assert_eq!(error, VerifyError::NoActionAccepted);
}

#[test]
fn an_own_request_is_no_push_where_both_have_the_same_action() {
    // The reference has DID pushes signed for `mtsend`, the action of `send_did_sms`.
    let receiver = Receiver::<did::Event>::signed(Verifier::new(signer()).clock(now));
    let mut own = own_request::<did::Event>("mtsend");
    let push = own.clone();
    for body in [
        r#"{"sender":"85230001111","phone":"8613912345678","content":"hello"}"#,
        r#"{"date":"2026-11-21","page":1,"pageSize":10}"#,
        "{}",
    ] {
        own.body = body.into();
        own.sign(&signer(), "4", "mtsend", NOW);
        let refused = receiver.receive(&own.incoming()).unwrap_err();
        let reason = Refusal::Verify(VerifyError::UnexpectedAction);
        assert_eq!(refused.reason(), reason, "{body}");
    }
    let pending = receiver.receive(&push.incoming()).unwrap();
    assert_eq!(answered(pending.accept()), (200, "success"));
    // Another action is that of pushes only: what is new there is handed on.
    own.body = r#"{"new":"push"}"#.into();
    own.sign(&signer(), "4", "mo", NOW);
    assert!(receiver.receive(&own.incoming()).is_ok());
    // Actions that the caller names are no exception.
    let named = Verifier::new(signer()).clock(now).actions(["mtsend"]);
    let receiver = Receiver::<sms::Event>::signed(named);
    own.body = r#"{"appKey":"a","phone":"8613912345678","content":"hello"}"#.into();
    own.sign(&signer(), "3", "mtsend", NOW);
    assert!(receiver.receive(&own.incoming()).is_err());
}

#[test]
fn a_clock_set_back_does_not_let_an_old_push_in() {
    let (now, clock) = clock();
    let receiver = Receiver::<did::Event>::signed(
        // Without room for more than one, the old push is forgotten as soon as it may be.
        Verifier::new(signer())
            .clock(clock)
            .replay_store(MemoryStore::new(1)),
    );
    let at = |ts| Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
    let old = at(NOW);
    let accept = |push: &TestRequest| {
        receiver
            .receive(&push.incoming())
            .map(|pending| answered(pending.accept()))
            .map_err(|refused| refused.reason())
    };
    assert_eq!(accept(&old), Ok((200, "success")));
    // A day ahead, by mistake, until somebody sets the clock back.
    now.store(NOW + 86_400_000, Ordering::Relaxed);
    assert_eq!(accept(&at(NOW + 86_400_000)), Ok((200, "success")));
    now.store(NOW + 30_000, Ordering::Relaxed);
    assert_eq!(
        accept(&old),
        Err(Refusal::Verify(VerifyError::ClockSetBack))
    );
}
