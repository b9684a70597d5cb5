//! Accepted actions, and a clock that is set back.

use std::sync::atomic::Ordering;

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    Answer, Event, MemoryStore, ParseError, Receiver, Refusal, Verifier, VerifyError, call_center,
    did, number_check, ota, sms, viber, virtual_number, whatsapp,
};

use crate::common::{NOW, clock, now, signer};

fn answered(answer: Answer) -> (u16, &'static str) {
    (answer.status(), answer.body())
}

/// One of the account's own requests to this service, sent back to its receiver.
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
    // The operator can name the signed actions.
    let named = Receiver::<E>::signed(verifier().actions(["dr"]));
    match named.receive(&own_request::<E>("dr").incoming()) {
        Ok(pending) => assert_eq!(answered(pending.accept()).0, 200),
        // The pushes of one-click login have no body to sign.
        Err(refused) => assert_eq!(refused.reason(), Refusal::Parse(ParseError::Empty)),
    }
    let refused = named
        .receive(&own_request::<E>("mtsend").incoming())
        .unwrap_err();
    let reason = Refusal::Verify(VerifyError::UnexpectedAction);
    assert_eq!(refused.reason(), reason);
}

#[test]
fn a_service_without_signed_pushes_refuses_every_push_unless_actions_are_named() {
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
fn an_own_request_is_refused_even_if_pushes_use_the_same_action() {
    // According to the reference, DID pushes are signed for `mtsend`, which is also the action of `send_did_sms`.
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
    // Only pushes use the action `mo`, so an unknown body is accepted.
    own.body = r#"{"new":"push"}"#.into();
    own.sign(&signer(), "4", "mo", NOW);
    assert!(receiver.receive(&own.incoming()).is_ok());
    // The same applies to actions that the operator names.
    let named = Verifier::new(signer()).clock(now).actions(["mtsend"]);
    let receiver = Receiver::<sms::Event>::signed(named);
    own.body = r#"{"appKey":"a","phone":"8613912345678","content":"hello"}"#.into();
    own.sign(&signer(), "3", "mtsend", NOW);
    assert!(receiver.receive(&own.incoming()).is_err());
}

#[test]
fn an_old_push_is_refused_after_the_clock_is_set_back() {
    let (now, clock) = clock();
    let receiver = Receiver::<did::Event>::signed(
        // With room for one push only, the old push is forgotten as soon as possible.
        Verifier::new(signer())
            .clock(clock)
            .replay_store(MemoryStore::new(1)),
    );
    let signed_at = |ts| Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
    let old = signed_at(NOW);
    let accept = |push: &TestRequest| {
        receiver
            .receive(&push.incoming())
            .map(|pending| answered(pending.accept()))
            .map_err(|refused| refused.reason())
    };
    assert_eq!(accept(&old), Ok((200, "success")));
    // The clock is a day ahead by mistake, and is then set back.
    now.store(NOW + 86_400_000, Ordering::Relaxed);
    assert_eq!(accept(&signed_at(NOW + 86_400_000)), Ok((200, "success")));
    now.store(NOW + 30_000, Ordering::Relaxed);
    assert_eq!(
        accept(&old),
        Err(Refusal::Verify(VerifyError::ClockSetBack))
    );
}
