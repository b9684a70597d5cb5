//! Which values the constructors accept, and that no output contains a secret.

use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Field, InvalidField, Mismatch, Reason, Request, Secret,
    Signature, Signer, Timestamp, antbuddy,
};

fn parts(error: InvalidField) -> (Field, Reason) {
    (error.field(), error.reason())
}

#[test]
fn empty_values_are_refused() {
    let empty = |field| (field, Reason::Empty);
    assert_eq!(
        parts(AccessKey::new("").unwrap_err()),
        empty(Field::AccessKey)
    );
    assert_eq!(
        parts(antbuddy::AppId::new("").unwrap_err()),
        empty(Field::AppId)
    );
    assert_eq!(parts(Secret::new("").unwrap_err()), empty(Field::Secret));
    assert_eq!(parts(Action::new("").unwrap_err()), empty(Field::Action));
    assert_eq!(parts(BizType::new("").unwrap_err()), empty(Field::BizType));
    assert_eq!(
        parts("".parse::<Timestamp>().unwrap_err()),
        empty(Field::Timestamp)
    );
}

#[test]
fn every_byte_that_a_header_cannot_carry_is_refused_at_its_offset() {
    for byte in 0u8..=0x7F {
        let value = format!("ab{}c", char::from(byte));
        let carried = (0x20..0x7F).contains(&byte);
        let refused = (!carried).then_some(Reason::NotHeaderText { at: 2 });
        assert_eq!(
            AccessKey::new(&*value).err().map(|e| e.reason()),
            refused,
            "{byte:#x}"
        );
        assert_eq!(
            Action::new(&value).err().map(|e| e.reason()),
            refused,
            "{byte:#x}"
        );
        assert_eq!(
            BizType::new(&value).err().map(|e| e.reason()),
            refused,
            "{byte:#x}"
        );
        assert_eq!(
            antbuddy::AppId::new(&*value).err().map(|e| e.reason()),
            refused,
            "{byte:#x}"
        );
    }
    let non_ascii = Action::new("aé").unwrap_err();
    assert_eq!(
        parts(non_ascii),
        (Field::Action, Reason::NotHeaderText { at: 1 })
    );
}

#[test]
fn a_space_at_either_end_is_refused_because_http_trims_it() {
    for (value, at) in [(" a", 0), ("a ", 1), (" ", 0)] {
        let error = AccessKey::new(value).unwrap_err();
        assert_eq!(
            parts(error),
            (Field::AccessKey, Reason::NotHeaderText { at }),
            "{value:?}"
        );
    }
    assert_eq!(AccessKey::new("a b").unwrap().as_str(), "a b");
}

#[test]
fn fields_display_their_value() {
    const SEND: Action = Action::from_static("send");
    const SMS: BizType = BizType::from_static("3");
    assert_eq!(
        (SEND.as_str(), SEND.to_string(), SEND.as_ref()),
        ("send", "send".into(), "send")
    );
    assert_eq!(
        (SMS.as_str(), SMS.to_string(), SMS.as_ref()),
        ("3", "3".into(), "3")
    );
    let key: AccessKey = "key".parse().unwrap();
    assert_eq!(
        (key.as_str(), key.to_string(), key.as_ref()),
        ("key", "key".into(), "key")
    );
    let id: antbuddy::AppId = "id".parse().unwrap();
    assert_eq!(
        (id.as_str(), id.to_string(), id.as_ref()),
        ("id", "id".into(), "id")
    );
    assert_eq!(format!("[{SEND:>6}|{key:<4}]"), "[  send|key ]");
}

#[test]
#[should_panic(expected = "an action must be visible ASCII")]
fn an_invalid_static_action_outside_a_const_panics() {
    let _ = Action::from_static("a\n");
}

#[test]
fn a_timestamp_keeps_the_digits_it_was_parsed_from() {
    for digits in [
        "0",
        "007",
        "1655710885431",
        "00000000000000000001",
        "99999999999999999999",
    ] {
        let ts: Timestamp = digits.parse().unwrap();
        assert_eq!(
            (ts.as_str(), ts.to_string(), ts.as_ref()),
            (digits, digits.into(), digits)
        );
        assert_eq!(ts.millis(), digits.parse().ok(), "{digits}");
    }
    assert_ne!("7".parse::<Timestamp>(), "07".parse());
    assert_eq!(
        format!("{:?}", Timestamp::from_millis(7)),
        "Timestamp(\"7\")"
    );
}

#[test]
fn a_timestamp_is_one_to_twenty_digits() {
    let refused = |text: &str| text.parse::<Timestamp>().unwrap_err().reason();
    assert_eq!(refused("12a"), Reason::NotADigit { at: 2 });
    assert_eq!(refused("-1"), Reason::NotADigit { at: 0 });
    assert_eq!(refused("١"), Reason::NotADigit { at: 0 });
    assert_eq!(refused(" 1"), Reason::NotADigit { at: 0 });
    assert_eq!(refused(&"1".repeat(21)), Reason::TooLong { max: 20 });
    assert_eq!(refused(&"1".repeat(300)), Reason::TooLong { max: 20 });
}

#[test]
fn milliseconds_become_plain_decimal_digits() {
    for millis in [0, 9, 10, 99, 100, 1_655_710_885_431, u64::MAX - 1, u64::MAX] {
        let ts = Timestamp::from_millis(millis);
        assert_eq!(ts.as_str(), millis.to_string());
        assert_eq!(ts.millis(), Some(millis));
        assert_eq!(ts.as_str().parse(), Ok(ts));
    }
}

#[test]
fn expose_returns_the_secret_unchanged() {
    for secret in ["x", " tr0ub4dor&3\n", "密"] {
        assert_eq!(Secret::new(secret).unwrap().expose(), secret);
    }
}

#[test]
fn no_output_contains_the_secret_or_the_body() {
    let secret = || Secret::new("tr0ub4dor&3").unwrap();
    let signer = Signer::new(AccessKey::new("key").unwrap(), secret());
    let antbuddy = antbuddy::Signer::new(antbuddy::AppId::new("id").unwrap(), secret());
    let request = Request {
        action: Action::from_static("send"),
        biz_type: BizType::from_static("3"),
        ts: Timestamp::from_millis(1),
        body: Body::Signed(b"8615012345678"),
    };
    let texts = [
        format!("{:?} {:#?} {:?}", secret(), signer, antbuddy),
        format!("{request:?} {:?}", Body::Unsigned),
        format!("{:?} {}", signer.verify(&request, "x"), Mismatch),
        antbuddy.masked_string_to_sign(&["id"]),
    ];
    for text in texts {
        for fragment in ["tr0u", "dor", "&3", "8615"] {
            assert!(!text.contains(fragment), "{text}");
        }
    }
    assert_eq!(format!("{:?}", secret()), "Secret");
    assert_eq!(format!("{:?}", request.body), "Signed(13 bytes)");
    assert_eq!(format!("{:?}", Body::Unsigned), "Unsigned");
    assert!(!signer.masked_string_to_sign(&request).contains("tr0u"));
}

#[test]
fn errors_name_the_field_and_the_reason_but_not_the_value() {
    let message = |error: InvalidField| error.to_string();
    assert_eq!(
        message(AccessKey::new("").unwrap_err()),
        "the access key is empty; set it"
    );
    assert_eq!(
        message(Secret::new("").unwrap_err()),
        "the secret is empty; set it"
    );
    assert_eq!(
        message(antbuddy::AppId::new("").unwrap_err()),
        "the app id is empty; set it"
    );
    assert_eq!(
        message(BizType::new("").unwrap_err()),
        "the bizType is empty; set it"
    );
    assert_eq!(
        message(Action::new("pass\nword").unwrap_err()),
        "the action has a character at byte 4 that an HTTP header cannot carry there; remove it"
    );
    assert_eq!(
        message("1x".parse::<Timestamp>().unwrap_err()),
        "the timestamp has a non-digit at byte 1; write digits only"
    );
    assert_eq!(
        message("1".repeat(21).parse::<Timestamp>().unwrap_err()),
        "the timestamp is longer than 20 bytes; shorten it"
    );
    assert_eq!(Mismatch.to_string(), "the signature does not match");
}

#[test]
fn only_the_exact_lowercase_signature_verifies() {
    let signer = Signer::new(
        AccessKey::new("key").unwrap(),
        Secret::new("secret").unwrap(),
    );
    let request = Request {
        action: Action::from_static("send"),
        biz_type: BizType::from_static("3"),
        ts: Timestamp::from_millis(1),
        body: Body::Unsigned,
    };
    let signature: Signature = signer.sign(&request);
    let correct = signature.as_str();
    assert_eq!(signer.verify(&request, correct), Ok(()));
    let wrong = [
        correct.to_uppercase(),
        correct[1..].to_owned(),
        format!("{correct}0"),
        format!(" {correct}"),
        String::new(),
        "é".repeat(16),
        "0".repeat(32),
    ];
    for claimed in wrong {
        assert_eq!(
            signer.verify(&request, &claimed),
            Err(Mismatch),
            "{claimed:?}"
        );
        assert_ne!(signature, *claimed);
    }
}

#[test]
fn equal_differences_do_not_cancel_out() {
    let signer = Signer::new(
        AccessKey::new("key").unwrap(),
        Secret::new("secret").unwrap(),
    );
    let request = Request {
        action: Action::from_static("send"),
        biz_type: BizType::from_static("3"),
        ts: Timestamp::from_millis(1),
        body: Body::Unsigned,
    };
    let signature = signer.sign(&request);
    for (first, second) in [(0, 1), (0, 8), (3, 11), (8, 24), (15, 31)] {
        let mut claimed = *signature.as_bytes();
        claimed[first] ^= 1;
        claimed[second] ^= 1;
        let claimed = std::str::from_utf8(&claimed).unwrap();
        assert_eq!(
            signer.verify(&request, claimed),
            Err(Mismatch),
            "{first} {second}"
        );
        assert_ne!(signature, claimed);
    }
}

#[test]
fn a_signature_is_text_of_fixed_length() {
    let signer = Signer::new(
        AccessKey::new("key").unwrap(),
        Secret::new("secret").unwrap(),
    );
    let request = Request {
        action: Action::from_static("send"),
        biz_type: BizType::from_static("3"),
        ts: Timestamp::from_millis(1),
        body: Body::Unsigned,
    };
    let signature = signer.sign(&request);
    let copy = signature;
    assert_eq!(signature, copy);
    assert_eq!(signature, signature.as_str());
    assert_eq!(signature.as_ref(), signature.to_string());
    assert_eq!(signature.as_bytes(), signature.as_str().as_bytes());
    assert_eq!(signature.as_str().len(), 32);
    assert_eq!(
        format!("{signature:?}"),
        format!("HexDigest({:?})", signature.as_str())
    );
    let other = signer.sign(&Request {
        ts: Timestamp::from_millis(2),
        ..request
    });
    assert_ne!(signature, other);
    assert_ne!(signature, other.as_str());
}
