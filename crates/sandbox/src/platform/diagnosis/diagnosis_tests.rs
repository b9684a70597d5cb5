use nxcloud_signing::{AccessKey, Action, BizType, Secret, Timestamp};
use serde_json::{Value, json};

use std::cell::Cell;

use super::budget::BUDGET;
use super::*;

const BODY: &str = r#"{"to":"8615012345678","content":"您好 a/b <ok>","n":[1,{"k":2.50}],"e":{}}"#;

fn signer() -> Signer {
    signer_with("s3cret-of-key-1")
}

fn signer_with(secret: &str) -> Signer {
    let secret = Secret::new(secret).unwrap();
    Signer::new(AccessKey::new("key-1").unwrap(), secret)
}

fn request(body: Body<'_>) -> Request<'_> {
    Request {
        action: Action::new("mtsend").unwrap(),
        biz_type: BizType::new("3").unwrap(),
        ts: Timestamp::from_millis(1_655_710_885_431),
        body,
    }
}

/// The cause of a signature over one body, for a request that the server receives with another.
fn cause_of(signed: Body<'_>, seen: Body<'_>, sent: &str) -> LikelyCause {
    let signer = signer();
    let claimed = signer.sign(&request(signed));
    let seen = request(seen);
    let mismatch = diagnose(&signer, &seen, sent.as_bytes(), claimed.as_str());
    assert_client_signed(&mismatch, claimed.as_str());
    mismatch.likely_cause()
}

/// Checks that the client's string produces the claimed signature and differs from the server's.
fn assert_client_signed(mismatch: &SignatureMismatch, claimed: &str) {
    let string = mismatch.client_string().unwrap();
    assert_ne!(string, mismatch.string_to_sign());
    let start = string.strip_suffix("&accessSecret=***").unwrap();
    let signed = format!("{start}&accessSecret=s3cret-of-key-1");
    assert_eq!(
        data_encoding::HEXLOWER.encode(&Md5::digest(signed)),
        claimed
    );
}

#[test]
fn a_wrong_content_type_is_recognised_in_both_directions() {
    let signed = Body::Signed(BODY.as_bytes());
    assert_eq!(
        cause_of(Body::Unsigned, signed, BODY),
        LikelyCause::BodyLeftOut
    );
    assert_eq!(
        cause_of(signed, Body::Unsigned, BODY),
        LikelyCause::MultipartBodySigned
    );
}

#[test]
fn a_body_serialised_again_is_recognised() {
    let value = serde_json::from_str::<Value>(BODY).unwrap();
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for signed in [
        value.to_string(),
        sorted.to_string(),
        serde_json::to_string_pretty(&sorted).unwrap(),
        pretty.replace("  ", "    "),
        pretty.replace("  ", "\t"),
        pretty,
        // Python, PHP, Go, and keys in the order in which some program filled them in.
        r#"{"to": "8615012345678", "content": "\u60a8\u597d a/b <ok>", "n": [1, {"k": 2.5}], "e": {}}"#.to_owned(),
        r#"{"to":"8615012345678","content":"\u60a8\u597d a\/b <ok>","n":[1,{"k":2.5}],"e":{}}"#.to_owned(),
        r#"{"content":"您好 a/b \u003cok\u003e","e":{},"n":[1,{"k":2.5}],"to":"8615012345678"}"#.to_owned(),
        r#"{"n":[1,{"k":2.5}],"to":"8615012345678","e":{},"content":"您好 a/b <ok>"}"#.to_owned(),
    ] {
        let seen = Body::Signed(BODY.as_bytes());
        let cause = cause_of(Body::Signed(signed.as_bytes()), seen, BODY);
        assert_eq!(cause, LikelyCause::BodyReserialised, "{signed}");
    }
}

#[test]
fn white_space_added_around_the_body_is_recognised() {
    let signed = Body::Signed(BODY.as_bytes());
    for sent in [format!("  {BODY}"), format!("\r\n{BODY} \t")] {
        let cause = cause_of(signed, Body::Signed(sent.as_bytes()), &sent);
        assert_eq!(cause, LikelyCause::BodyReserialised);
    }
}

#[test]
fn an_empty_body_signed_as_json_is_recognised() {
    for signed in ["{}", "null"] {
        let cause = cause_of(Body::Signed(signed.as_bytes()), Body::Signed(b""), "");
        assert_eq!(cause, LikelyCause::BodyReserialised);
    }
}

#[test]
fn another_order_of_the_header_parameters_is_recognised() {
    let signer = signer();
    for parameters in [
        "ts=1655710885431&accessKey=key-1&action=mtsend&bizType=3",
        "accessKey=key-1&ts=1655710885431&bizType=3&action=mtsend",
        "bizType=3&ts=1655710885431&action=mtsend&accessKey=key-1",
    ] {
        for (body, part) in [
            (Body::Signed(BODY.as_bytes()), format!("&body={BODY}")),
            (Body::Unsigned, String::new()),
        ] {
            let text = format!("{parameters}{part}&accessSecret=s3cret-of-key-1");
            let claimed = data_encoding::HEXLOWER.encode(&Md5::digest(text));
            let mismatch = diagnose(&signer, &request(body), BODY.as_bytes(), &claimed);
            assert_eq!(mismatch.likely_cause(), LikelyCause::ParameterOrder);
            assert_client_signed(&mismatch, &claimed);
        }
    }
}

#[test]
fn an_uppercase_signature_is_recognised() {
    let signer = signer();
    let request = request(Body::Signed(BODY.as_bytes()));
    let signature = signer.sign(&request);
    let claimed = signature.as_str().to_uppercase();
    let mismatch = diagnose(&signer, &request, BODY.as_bytes(), &claimed);
    assert_eq!(mismatch.likely_cause(), LikelyCause::UpperCase);
    assert_eq!(mismatch.client_string(), None);
}

#[test]
fn an_uppercase_signature_hides_no_other_cause() {
    let signer = signer();
    let signature = signer.sign(&request(Body::Unsigned));
    let claimed = signature.as_str().to_uppercase();
    let seen = request(Body::Signed(BODY.as_bytes()));
    let mismatch = diagnose(&signer, &seen, BODY.as_bytes(), &claimed);
    assert_eq!(mismatch.likely_cause(), LikelyCause::BodyLeftOut);
}

#[test]
fn a_wrong_secret_matches_no_other_cause() {
    let signer = signer();
    let request = request(Body::Signed(BODY.as_bytes()));
    let of_other = signer_with("another secret").sign(&request);
    for claimed in [of_other.as_str(), "", "é", "0123456789abcdef"] {
        let mismatch = diagnose(&signer, &request, BODY.as_bytes(), claimed);
        assert_eq!(mismatch.likely_cause(), LikelyCause::WrongSecret);
        assert_eq!(mismatch.client_string(), None);
    }
}

#[test]
fn the_servers_string_to_sign_masks_the_secret() {
    let signer = signer();
    let request = request(Body::Signed(BODY.as_bytes()));
    let mismatch = diagnose(&signer, &request, BODY.as_bytes(), "00");
    let expected = format!(
        "accessKey=key-1&action=mtsend&bizType=3&ts=1655710885431&body={BODY}&accessSecret=***"
    );
    assert_eq!(mismatch.string_to_sign(), expected);
    let debug = format!("{mismatch:?}");
    assert!(debug.contains("WrongSecret"));
    assert!(!debug.contains("8615012345678"));
}

#[test]
fn all_orders_of_four_are_tried() {
    let mut orders = permutations(&[1, 2, 3, 4]);
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 24);
}

thread_local! {
    /// Number of body bytes hashed on this thread.
    pub(super) static HASHED: Cell<usize> = const { Cell::new(0) };
}

/// A body of about this size with five keys, so that every order of them is tried.
fn body_of(bytes: usize) -> String {
    let text = "a/b <ü> ".repeat(bytes / 9);
    json!({ "e": 2.50, "d": [1, { "k": null }], "c": text, "b": {}, "a": "=" }).to_string()
}

#[test]
fn no_diagnosis_hashes_more_than_its_budget() {
    let signer = signer();
    let many_keys = (0..20_000).map(|at| (format!("key{at}"), json!(at)));
    let many_keys = Value::Object(many_keys.collect()).to_string();
    let bodies = [20_000, 240_000, 5_000_000].map(body_of);
    for body in bodies.into_iter().chain([many_keys, "[".repeat(100_000)]) {
        for seen in [Body::Signed(body.as_bytes()), Body::Unsigned] {
            let attempt = Attempt {
                signer: &signer,
                request: request(seen),
                body: body.as_bytes(),
                claimed: "00",
                is_upper: false,
                budget: Budget::new(),
            };
            HASHED.set(0);
            let mismatch = attempt.find();
            assert_eq!(mismatch.likely_cause(), LikelyCause::WrongSecret);
            let hashed = HASHED.get();
            assert!(hashed <= BUDGET, "{hashed} of a body of {}", body.len());
        }
    }
}

#[test]
fn late_variants_are_tried_for_small_bodies_only() {
    let late = |body: &str| {
        let Value::Object(members) = serde_json::from_str(body).unwrap() else {
            panic!("it is an object");
        };
        let mut members = members.into_iter().collect::<Vec<_>>();
        // Neither as sent nor sorted.
        members.swap(1, 3);
        let signed = Value::Object(members.into_iter().collect()).to_string();
        let signer = signer();
        let over = request(Body::Signed(signed.as_bytes()));
        let claimed = signer.sign(&over);
        let seen = request(Body::Signed(body.as_bytes()));
        diagnose(&signer, &seen, body.as_bytes(), claimed.as_str()).likely_cause()
    };
    assert_eq!(late(&body_of(1_500)), LikelyCause::BodyReserialised);
    assert_eq!(late(&body_of(200_000)), LikelyCause::WrongSecret);
}
