//! Attacks on signed pushes. Each is refused with a specific error.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    AccessKey, MemoryStore, ParseError, Receiver, Refusal, Secret, SignedHeader, Signer, Verifier,
    VerifyError, did, sms,
};

use crate::common::{NOW, UnavailableStore, clock, now, signer};

fn verifier() -> Verifier {
    Verifier::new(signer()).clock(now)
}

fn push() -> TestRequest {
    Fixture::<did::Event>::new("did_sms_signed")
        .with("content", "Grüße ✓")
        .signed(&signer(), NOW)
}

fn verify(verifier: &Verifier, push: &TestRequest) -> Result<(), VerifyError> {
    let headers = push.headers.iter().map(|(name, value)| (name, value));
    verifier.verify(headers, &push.body).map(|_| ())
}

fn refusal(push: &TestRequest) -> Result<(), Refusal> {
    let receiver = Receiver::<did::Event>::signed(verifier());
    match receiver.receive(&push.incoming()) {
        Ok(pending) => {
            assert_eq!(pending.accept().body(), "success");
            Ok(())
        }
        Err(refused) => {
            let answer = refused.answer();
            assert_eq!(
                (answer.status(), answer.body()),
                (200, "error"),
                "the answer gives no reason"
            );
            Err(refused.reason())
        }
    }
}

#[test]
fn a_genuine_push_is_accepted() {
    assert_eq!(verify(&verifier(), &push()), Ok(()));
    assert_eq!(refusal(&push()), Ok(()));
}

#[test]
fn any_changed_bit_in_the_body_is_refused() {
    let genuine = push();
    for at in 0..genuine.body.len() {
        for bit in 0..8 {
            let mut changed = genuine.clone();
            changed.body[at] ^= 1 << bit;
            let result = verify(&verifier(), &changed);
            assert_eq!(result, Err(VerifyError::SignatureMismatch), "byte {at}");
        }
    }
    for body in [
        &genuine.body[1..],
        &genuine.body[..genuine.body.len() - 1],
        b"",
    ] {
        let mut changed = genuine.clone();
        changed.body = body.to_vec();
        let result = verify(&verifier(), &changed);
        assert_eq!(result, Err(VerifyError::SignatureMismatch));
    }
}

#[test]
fn any_changed_character_in_a_signed_header_is_refused() {
    let genuine = push();
    for (at, (name, value)) in genuine.headers.iter().enumerate() {
        if name == "content-type" {
            continue;
        }
        for position in 0..value.len() {
            let mut changed = genuine.clone();
            let mut bytes = value.clone().into_bytes();
            bytes[position] = if bytes[position] == b'1' { b'2' } else { b'1' };
            changed.headers[at].1 = String::from_utf8(bytes).unwrap();
            let error = verify(&verifier(), &changed).unwrap_err();
            let expected = match name.as_str() {
                "accesskey" => matches!(error, VerifyError::UnknownAccessKey),
                // A changed digit at the end leaves the time within the tolerance; then the signature does not match.
                "ts" => matches!(
                    error,
                    VerifyError::TimestampTooOld { .. }
                        | VerifyError::TimestampTooNew { .. }
                        | VerifyError::SignatureMismatch
                ),
                _ => error == VerifyError::SignatureMismatch,
            };
            assert!(expected, "{name}: {error:?}");
        }
    }
}

#[test]
fn another_secret_and_an_upper_case_signature_are_refused() {
    let other = Signer::new(
        AccessKey::new("test-key").unwrap(),
        Secret::new("another-secret").unwrap(),
    );
    let forged = Fixture::<did::Event>::new("did_sms_signed").signed(&other, NOW);
    assert_eq!(
        verify(&verifier(), &forged),
        Err(VerifyError::SignatureMismatch)
    );
    let both = verifier().also(other);
    assert_eq!(verify(&both, &forged), Ok(()), "a second secret is allowed");

    let mut upper_case = push();
    let sign = upper_case.header("sign").unwrap().to_ascii_uppercase();
    upper_case.set_header("sign", sign);
    assert_eq!(
        verify(&verifier(), &upper_case),
        Err(VerifyError::SignatureMismatch)
    );
}

fn too_old(by_millis: u64) -> VerifyError {
    VerifyError::TimestampTooOld {
        by_millis,
        limit_millis: 60_000,
    }
}

fn too_new(by_millis: u64) -> VerifyError {
    VerifyError::TimestampTooNew {
        by_millis,
        limit_millis: 60_000,
    }
}

#[test]
fn a_replay_is_refused_inside_and_outside_the_tolerance() {
    let (now, clock) = clock();
    let verifier = Verifier::new(signer()).clock(clock);
    let push = push();
    assert_eq!(verify(&verifier, &push), Ok(()));
    for later in [0, 1, 30_000, 60_000] {
        now.store(NOW + later, Ordering::Relaxed);
        assert_eq!(
            verify(&verifier, &push),
            Err(VerifyError::Replayed),
            "{later} ms"
        );
    }
    now.store(NOW + 60_001, Ordering::Relaxed);
    let outside = too_old(60_001);
    assert_eq!(verify(&verifier, &push), Err(outside));
    // The spelling and order of header names are not signed, so changing them does not make a new push.
    now.store(NOW, Ordering::Relaxed);
    let mut respelled = push.clone();
    respelled.headers.reverse();
    for (name, _) in &mut respelled.headers {
        *name = name.to_ascii_uppercase();
    }
    assert_eq!(verify(&verifier, &respelled), Err(VerifyError::Replayed));
    // Clones of a verifier share its guard.
    assert_eq!(verify(&verifier.clone(), &push), Err(VerifyError::Replayed));
    assert_eq!(verify(&verifier.without_replay_guard(), &push), Ok(()));
}

#[test]
fn ts_must_be_within_the_tolerance() {
    let signed_at = |ts: u64| {
        let push = Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts);
        verify(&verifier(), &push)
    };
    assert_eq!(signed_at(NOW - 60_000), Ok(()));
    assert_eq!(signed_at(NOW + 60_000), Ok(()));
    assert_eq!(signed_at(NOW - 60_001), Err(too_old(60_001)));
    assert_eq!(signed_at(NOW + 60_001), Err(too_new(60_001)));
    assert_eq!(signed_at(0), Err(too_old(NOW)));
    assert_eq!(signed_at(u64::MAX), Err(too_new(u64::MAX - NOW)));
    // Seconds instead of milliseconds.
    assert!(matches!(
        signed_at(NOW / 1000),
        Err(VerifyError::TimestampTooOld { .. })
    ));

    let strict = verifier().tolerance(Duration::from_secs(5));
    let push = Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), NOW - 5_001);
    assert_eq!(
        verify(&strict, &push),
        Err(VerifyError::TimestampTooOld {
            by_millis: 5_001,
            limit_millis: 5_000
        })
    );
}

#[test]
fn a_ts_that_is_not_a_number_is_refused() {
    for ts in [
        "",
        "-1",
        "1e3",
        "1795255500000.0",
        "１795255500000",
        "123456789012345678901",
    ] {
        let mut push = push();
        push.set_header("ts", ts);
        let expected = VerifyError::InvalidHeader(SignedHeader::Ts);
        assert_eq!(verify(&verifier(), &push), Err(expected), "{ts}");
    }
    // 20 digits are a number, but far in the future.
    let mut push = push();
    push.set_header("ts", "99999999999999999999");
    assert!(matches!(
        verify(&verifier(), &push),
        Err(VerifyError::TimestampTooNew { .. })
    ));
}

#[test]
fn missing_and_duplicate_headers_are_refused() {
    for header in [
        SignedHeader::AccessKey,
        SignedHeader::Ts,
        SignedHeader::BizType,
        SignedHeader::Action,
        SignedHeader::Sign,
    ] {
        let name = header.name().to_ascii_lowercase();
        let mut missing = push();
        missing.headers.retain(|(header, _)| *header != name);
        assert_eq!(
            verify(&verifier(), &missing),
            Err(VerifyError::MissingHeader(header))
        );
        // A duplicate in another case, with the same or another value, before or after the original.
        for value in [push().header(&name).unwrap(), "x"] {
            let copy = (header.name().to_ascii_uppercase(), value.to_owned());
            let mut before = push();
            before.headers.insert(0, copy.clone());
            let mut after = push();
            after.headers.push(copy);
            for duplicate in [before, after] {
                assert_eq!(
                    verify(&verifier(), &duplicate),
                    Err(VerifyError::DuplicateHeader(header))
                );
            }
        }
    }
}

#[test]
fn invalid_header_values_are_refused() {
    for (name, header) in [
        ("biztype", SignedHeader::BizType),
        ("action", SignedHeader::Action),
    ] {
        for value in ["", "a\nb", "ü"] {
            let mut push = push();
            push.set_header(name, value);
            assert_eq!(
                verify(&verifier(), &push),
                Err(VerifyError::InvalidHeader(header))
            );
        }
    }
    let push = push();
    let headers = push.headers.iter().map(|(name, value)| {
        let raw: &[u8] = if name == "sign" {
            b"\xff"
        } else {
            value.as_bytes()
        };
        (name, raw)
    });
    let result = verifier().verify(headers, &push.body).map(|_| ());
    assert_eq!(result, Err(VerifyError::InvalidHeader(SignedHeader::Sign)));
}

#[test]
fn header_names_are_case_insensitive_and_values_are_trimmed() {
    let mut push = push();
    for (name, value) in &mut push.headers {
        *name = name.to_ascii_uppercase();
        *value = format!(" {value}\t");
    }
    assert_eq!(verify(&verifier(), &push), Ok(()));
}

#[test]
fn an_own_request_sent_back_is_refused() {
    // Signed with the right secret, but for another service or another action.
    let fixture = Fixture::<did::Event>::new("did_sms_signed");
    let mut sms = fixture.request();
    sms.sign(&signer(), "3", "mtsend", NOW);
    assert_eq!(
        refusal(&sms),
        Err(Refusal::Verify(VerifyError::UnexpectedBizType))
    );
    let mut query = fixture.request();
    query.sign(&signer(), "4", "call", NOW);
    assert_eq!(
        refusal(&query),
        Err(Refusal::Verify(VerifyError::UnexpectedAction))
    );
    assert_eq!(
        verify(&verifier(), &query),
        Ok(()),
        "a verifier without settings accepts every bizType and action"
    );
}

#[test]
fn a_wrong_or_duplicate_content_type_is_refused() {
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json; x",
    ] {
        let mut push = push();
        push.set_header("content-type", kind);
        assert_eq!(refusal(&push), Err(Refusal::Parse(ParseError::ContentType)));
    }
    let mut duplicate = push();
    let second = ("Content-Type".to_owned(), "application/json".to_owned());
    duplicate.headers.push(second);
    assert_eq!(
        refusal(&duplicate),
        Err(Refusal::Parse(ParseError::ContentType))
    );
}

#[test]
fn the_query_of_a_signed_push_is_not_read() {
    let mut push = push();
    push.query = Some("messageId=forged&extra=1".to_owned());
    let receiver = Receiver::<did::Event>::signed(verifier());
    let pending = receiver.receive(&push.incoming()).unwrap();
    let did::Event::DidSmsEvent(event) = &pending.received().event else {
        panic!("a DID event");
    };
    assert!(event.extra.is_empty());
    assert_ne!(event.message_id.as_deref(), Some("forged"));
    let _ = pending.accept();
}

#[test]
fn a_body_of_50_megabytes_is_refused() {
    let mut huge = push();
    huge.body = vec![b'x'; 50_000_000];
    let limit = 256 * 1024;
    assert_eq!(
        verify(&verifier(), &huge),
        Err(VerifyError::BodyTooLarge { limit })
    );
    assert_eq!(refusal(&huge), Err(Refusal::BodyTooLarge { limit }));
    let parsed = did::Event::parse(Some("application/json"), None, &huge.body);
    assert_eq!(parsed, Err(ParseError::TooLarge { limit }));
    let query = String::from_utf8(huge.body).unwrap();
    let parsed = sms::Event::parse(None, Some(&query), b"");
    assert_eq!(parsed, Err(ParseError::TooLarge { limit }));
}

fn signed_body(body: &[u8]) -> TestRequest {
    let mut push = push();
    push.body = body.to_vec();
    push.sign(&signer(), "4", "mo", NOW);
    push
}

#[test]
fn deeply_nested_json_is_refused() {
    let nested = format!(
        "{{\"messageId\":{}1{}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    for body in [nested, "[".repeat(200_000), "{\"a\":".repeat(30_000)] {
        let result = refusal(&signed_body(body.as_bytes()));
        assert_eq!(result, Err(Refusal::Parse(ParseError::TooDeep)));
    }
}

#[test]
fn a_signed_body_must_be_a_json_object() {
    for (body, error) in [
        (&b"[]"[..], ParseError::NotAnObject),
        (b"null", ParseError::NotAnObject),
        (b"", ParseError::Empty),
        (b" \r\n", ParseError::Empty),
        (
            b"{\"messageId\":",
            ParseError::Json {
                line: 1,
                column: 13,
            },
        ),
        (b"messageId=1", ParseError::Json { line: 1, column: 1 }),
        (b"{}{}", ParseError::Json { line: 1, column: 3 }),
    ] {
        let result = refusal(&signed_body(body));
        assert_eq!(result, Err(Refusal::Parse(error)), "{body:?}");
    }
}

#[test]
fn duplicate_keys_in_a_signed_body_are_refused() {
    let duplicate = Err(Refusal::Parse(ParseError::DuplicateField));
    for body in [
        r#"{"messageId":"1","smsStatus":"UNDELIV","smsStatus":"DELIVRD"}"#,
        r#"{"messageId":"1","smsStatus":"UNDELIV","sms\u0053tatus":"DELIVRD"}"#,
        r#"{"messageId":"1","messageId":1}"#,
        r#"{"messageId":"1","messageId":"1"}"#,
        r#"{"messageId":"1","new":[{"a":{"b":1,"b":2}}]}"#,
        // After another defect that is repaired.
        "{\"content\":\"a\nb\",\"messageId\":\"1\",\"messageId\":\"2\"}",
    ] {
        assert_eq!(refusal(&signed_body(body.as_bytes())), duplicate, "{body}");
    }
    // A form with duplicate fields is refused for its content type.
    let mut form = Fixture::<did::Event>::new("did_sms_form").request();
    form.body = b"messageId=1&smsStatus=UNDELIV&smsStatus=DELIVRD".to_vec();
    form.sign(&signer(), "4", "mo", NOW);
    assert_eq!(
        refusal(&form),
        Err(Refusal::Parse(ParseError::ContentType)),
        "forms are never signed"
    );
}

#[test]
fn a_full_or_unavailable_guard_refuses_pushes() {
    let full = verifier().replay_store(MemoryStore::new(1));
    let other = Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), NOW + 1);
    assert_eq!(verify(&full, &push()), Ok(()));
    assert_eq!(verify(&full, &other), Err(VerifyError::ReplayGuardFull));
    let unavailable = verifier().replay_store(UnavailableStore);
    assert_eq!(
        verify(&unavailable, &push()),
        Err(VerifyError::ReplayGuardUnavailable)
    );
}

#[test]
fn forged_pushes_take_no_room_in_the_guard() {
    let store = Arc::new(MemoryStore::new(1));
    let verifier = verifier().replay_store(Arc::clone(&store));
    let mut forged = push();
    forged.body.push(b' ');
    for _ in 0..3 {
        assert_eq!(
            verify(&verifier, &forged),
            Err(VerifyError::SignatureMismatch)
        );
    }
    assert!(store.is_empty());
    assert_eq!(verify(&verifier, &push()), Ok(()));
}

#[test]
fn errors_and_debug_output_contain_nothing_private() {
    let push = push();
    let verifier = verifier();
    let receiver = Receiver::<did::Event>::signed(verifier.clone());
    let pending = receiver.receive(&push.incoming()).unwrap();
    let mut output = format!("{verifier:?}{receiver:?}{pending:?}{:?}", push.incoming());
    for error in [
        refusal(&signed_body(b"{\"content\":\"Gr\xc3"))
            .unwrap_err()
            .to_string(),
        format!(
            "{:?}",
            refusal(&signed_body(b"{\"fromPhone\":8523")).unwrap_err()
        ),
    ] {
        output.push_str(&error);
    }
    for private in ["test-secret", "Grüße", "85230001111", "8613912345678"] {
        assert!(!output.contains(private), "{private} in {output}");
    }
    let _ = pending.accept();
}
