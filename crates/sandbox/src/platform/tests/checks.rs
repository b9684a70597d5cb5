//! The checks in their order, envelopes and replies, without any network.

use super::test_request::{NOW, TestRequest, json_of, platform_of};
use crate::platform::verdict::LikelyCause;
use crate::platform::*;
use http::Method;

const SMS: &str = r#"{"appKey":"app-1","phone":"8615012345678","content":"您的验证码 #1#"}"#;

fn platform() -> Platform {
    platform_of(Catalog::embedded().unwrap())
}

fn sms() -> TestRequest {
    TestRequest::signed("/api/sms/mtsend_v2", "3", "mtsend", SMS.as_bytes())
}

/// The code of the verdict. Also checks that the SMS envelope has the same code.
fn sms_code(draft: &TestRequest) -> i64 {
    let answer = draft.send(&platform());
    assert_eq!(answer.status, StatusCode::OK);
    let reply = json_of(&answer);
    let code = answer.verdict.code();
    assert_eq!(reply["code"], Value::from(code.to_string()));
    assert!(reply["result"].is_string());
    assert_eq!(reply["messageid"] == "", code != 0);
    assert_eq!(answer.verdict.is_accepted(), code == 0);
    assert_eq!(answer.operation.as_deref(), Some("send_sms"));
    code
}

#[test]
fn a_correct_request_is_accepted() {
    let answer = sms().send(&platform());
    let reply = json_of(&answer);
    assert_eq!(reply["code"], "0");
    assert_eq!(reply["result"], "success");
    let id = reply["messageid"].as_str().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(
        reply.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["code", "messageid", "result"]
    );
    assert_eq!(answer.service.as_deref(), Some("sms"));
}

#[test]
fn every_common_header_is_required_once_and_readable() {
    for name in ["accesskey", "ts", "biztype", "action", "sign"] {
        assert_eq!(sms_code(&sms().without(name)), 1001, "{name} missing");
        assert_eq!(sms_code(&sms().with(name, "")), 1001, "{name} empty");
        assert_eq!(
            sms_code(&sms().with(name, b"\xE4\xFF")),
            1001,
            "{name} not ASCII"
        );
        let twice = sms().with_another(name, "1");
        assert_eq!(sms_code(&twice), 1001, "{name} twice");
    }
    for ts in ["now", "-5", "1.5", "123456789012345678901"] {
        assert_eq!(sms_code(&sms().with("ts", ts)), 1001, "{ts}");
    }
}

#[test]
fn an_unknown_access_key_has_its_own_code() {
    assert_eq!(sms_code(&sms().with("accesskey", "key-2")), 1005);
    assert_eq!(sms_code(&sms().with("accesskey", "KEY-1")), 1005);
}

#[test]
fn a_timestamp_may_be_60000_ms_away_in_both_directions() {
    let at = |ts| {
        let body = SMS.as_bytes();
        sms_code(&TestRequest::signed_at(
            ts,
            "s3cret",
            "/api/sms/mtsend_v2",
            "3",
            "mtsend",
            body,
        ))
    };
    assert_eq!(at(NOW - 60_000), 0);
    assert_eq!(at(NOW + 60_000), 0);
    assert_eq!(at(NOW - 60_001), 1004);
    assert_eq!(at(NOW + 60_001), 1004);
    assert_eq!(at(0), 1004);
    assert_eq!(at(u64::MAX), 1004);
    assert_eq!(sms_code(&sms().with("ts", "99999999999999999999")), 1004);
}

#[test]
fn the_signature_covers_the_digits_of_the_timestamp_as_sent() {
    // The signature covers the digits with the leading zero.
    let padded = format!("0{NOW}");
    assert_eq!(sms_code(&sms().with("ts", padded)), 1003);
}

#[test]
fn the_signature_covers_the_received_bytes() {
    assert_eq!(sms_code(&sms()), 0);
    let spaced = r#"{"appKey":"app-1","phone":"8615012345678", "content":"您的验证码 #1#"}"#;
    let escaped = r#"{"appKey":"app-1","phone":"8615012345678","content":"\u60a8\u7684\u9a8c\u8bc1\u7801 #1#"}"#;
    let reordered = r#"{"phone":"8615012345678","appKey":"app-1","content":"您的验证码 #1#"}"#;
    for body in [spaced, escaped, reordered, "", "{}"] {
        assert_eq!(sms_code(&sms().with_body(body)), 1003, "{body}");
    }
    assert_eq!(sms_code(&sms().with("sign", "0")), 1003);
}

#[test]
fn biz_type_and_action_belong_to_the_path() {
    let path = "/api/sms/mtsend_v2";
    for (biz_type, action) in [
        ("1", "mtsend"),
        ("3", "send"),
        ("3", "MTSEND"),
        ("03", "mtsend"),
    ] {
        let draft = TestRequest::signed(path, biz_type, action, SMS.as_bytes());
        assert_eq!(sms_code(&draft), 1002, "{biz_type} {action}");
    }
}

#[test]
fn an_invalid_body_gets_the_code_of_the_operation_and_the_place() {
    let send = |body: &str| {
        let draft = TestRequest::signed("/api/sms/mtsend_v2", "3", "mtsend", body.as_bytes());
        let answer = draft.send(&platform());
        (
            sms_code(&draft),
            json_of(&answer)["result"].as_str().unwrap().to_owned(),
        )
    };
    for (body, text) in [
        ("", "the body is missing"),
        (
            "{",
            "the body is not JSON: it ends too early (line 1, column 1)",
        ),
        ("}", "the body is not JSON (line 1, column 1)"),
        ("[]", "wrong type, object expected"),
        (
            r#"{"appKey":"a","phone":"8615012345678"}"#,
            "/content is missing",
        ),
        (
            r#"{"appKey":"a","phone":8615012345678,"content":"x"}"#,
            "/phone wrong type, string expected",
        ),
        (
            r#"{"appKey":"a","phone":"8615012345678","content":""}"#,
            "/content is empty",
        ),
        (
            r#"{"appKey":"a","phone":"8615012345678","content":"x","sourceAddress":"ü"}"#,
            "/sourceAddress does not match ^[0-9A-Za-z]{1,20}$",
        ),
    ] {
        let expected = format!("parameter wrong or empty: {text}");
        assert_eq!(send(body), (2, expected), "{body}");
    }
    // The limit counts characters, not bytes.
    let text = |count: usize| {
        format!(
            r#"{{"appKey":"a","phone":"8615012345678","content":"{}"}}"#,
            "验".repeat(count)
        )
    };
    assert_eq!(send(&text(1000)).0, 0);
    assert_eq!(send(&text(1001)).0, 2);
}

#[test]
fn a_body_that_is_not_utf8_or_too_deep_gets_the_code_of_the_operation() {
    for body in [
        b"\xFF\xFE".to_vec(),
        b"{\"appKey\":\"\xC3\"}".to_vec(),
        b"[".repeat(100_000),
    ] {
        let draft = TestRequest::signed("/api/sms/mtsend_v2", "3", "mtsend", &body);
        assert_eq!(sms_code(&draft), 2);
    }
}

#[test]
fn json_requires_its_content_type() {
    assert_eq!(
        sms_code(&sms().with("content-type", "Application/JSON; charset=utf-8")),
        0
    );
    assert_eq!(sms_code(&sms().with("content-type", "text/plain")), 2);
    assert_eq!(sms_code(&sms().without("content-type")), 2);
    // A multipart body is not signed.
    assert_eq!(
        sms_code(&sms().with("content-type", "multipart/form-data; boundary=x")),
        1003
    );
}

#[test]
fn the_first_check_that_fails_decides() {
    let path = "/api/sms/mtsend_v2";
    // At first everything is wrong; then one mistake after the other is corrected.
    let broken = |ts, secret, biz_type: &str| {
        TestRequest::signed_at(ts, secret, path, biz_type, "mtsend", b"not JSON")
            .with("accesskey", "nobody")
    };
    let all = broken(5, "wrong", "9");
    assert_eq!(sms_code(&all.clone().without("sign")), 1001);
    assert_eq!(sms_code(&all), 1005);
    assert_eq!(sms_code(&all.with("accesskey", "key-1")), 1004);
    assert_eq!(
        sms_code(&broken(NOW, "wrong", "9").with("accesskey", "key-1")),
        1003
    );
    assert_eq!(
        sms_code(&broken(NOW, "s3cret", "9").with("accesskey", "key-1")),
        1002
    );
    assert_eq!(
        sms_code(&broken(NOW, "s3cret", "3").with("accesskey", "key-1")),
        2
    );
}

#[test]
fn an_unknown_path_or_method_is_an_http_error() {
    let mut draft = sms();
    draft.path = "/api/sms/mtsend_v3".to_owned();
    let answer = draft.send(&platform());
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(
        json_of(&answer)["message"],
        "no operation has this path: check the base URL and the path"
    );
    assert_eq!((answer.service, answer.operation), (None, None));
    let mut draft = sms();
    draft.method = Method::GET;
    let answer = draft.send(&platform());
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(json_of(&answer)["allowed"], json!(["POST"]));
    assert_eq!(answer.verdict.code(), 405);
}

#[test]
fn the_cause_of_a_wrong_signature_is_in_the_verdict() {
    let answer = sms().with_body("{}").send(&platform());
    let Some(Cause::Signature(mismatch)) = answer.verdict.cause() else {
        panic!("the signature is wrong");
    };
    assert_eq!(mismatch.likely_cause(), LikelyCause::WrongSecret);
    assert!(
        mismatch
            .string_to_sign()
            .ends_with("&body={}&accessSecret=***")
    );
    // The sender learns only that the signature is wrong.
    assert_eq!(json_of(&answer)["result"], "wrong signature");
}

#[test]
fn ids_are_new_and_inputs_are_echoed() {
    let platform = platform();
    let submit = |body: &str| {
        let draft = TestRequest::signed("/api/number/check", "1", "numbercheck", body.as_bytes());
        json_of(&draft.send(&platform))
    };
    let body = r#"{"phone":"84912345678","appkey":"a","batchNo":"批次-7"}"#;
    let (first, second) = (submit(body), submit(body));
    assert_eq!(first["code"], json!(0));
    assert_eq!(first["data"]["batchNo"], "批次-7");
    let id = |reply: &Value| reply["data"]["messageId"].as_str().unwrap().to_owned();
    assert_eq!(id(&first).len(), 32);
    assert_ne!(id(&first), id(&second));
}

#[test]
fn a_query_that_finds_nothing_echoes_its_page() {
    let body = r#"{"page":3,"pageSize":20,"date":"2026-11-21","batchNo":"b-1","messageId":"m-1"}"#;
    let draft = TestRequest::signed("/api/number/query", "1", "numbercheck", body.as_bytes());
    let reply = json_of(&draft.send(&platform()));
    let nothing = json!({"page": 3, "pageSize": 20, "totalPage": 0, "totalSize": 0, "result": []});
    assert_eq!(reply["data"], nothing);
    assert_eq!(reply["msg"], "Request succeeded");
}

#[test]
fn an_either_or_rule_gets_the_code_of_its_operation() {
    let body = r#"{"page":1,"pageSize":20,"date":"2026-11-21"}"#;
    let draft = TestRequest::signed("/api/number/query", "1", "numbercheck", body.as_bytes());
    let reply = json_of(&draft.send(&platform()));
    assert_eq!(reply["code"], json!(88));
    let text = reply["msg"].as_str().unwrap();
    assert!(
        text.contains("at least one of messageId, batchNo"),
        "{text}"
    );
    assert_eq!(reply["data"], json!({}));
}

/// The message about a body whose signature is correct.
fn said_of(body: &[u8], coding: Option<&'static str>) -> String {
    let mut draft = TestRequest::signed("/api/sms/mtsend_v2", "3", "mtsend", body);
    if let Some(coding) = coding {
        draft = draft.with("content-encoding", coding);
    }
    let reply = json_of(&draft.send(&platform()));
    assert_eq!(reply["code"], "2");
    reply["result"].as_str().unwrap().to_owned()
}

#[test]
fn an_unreadable_body_gets_a_specific_message() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00";
    for (body, coding, named) in [
        (GZIP, Some("gzip"), "has the content-encoding gzip;"),
        (GZIP, Some("GZIP"), "has the content-encoding gzip;"),
        (GZIP, None, "is compressed with gzip;"),
        (GZIP, Some("identity"), "is compressed with gzip;"),
        (
            b"x\x9c\x03",
            Some("deflate"),
            "has the content-encoding deflate;",
        ),
        (
            b"\x0b\x02",
            Some("identity, br"),
            "has the content-encoding br;",
        ),
        (
            b"\x0b\x02",
            Some("86150"),
            "has the content-encoding that its header names;",
        ),
        (b"\xef\xbb\xbf{}", None, "begins with a byte order mark;"),
        // The header decides, not the bytes.
        (b"{}", Some("zstd"), "has the content-encoding zstd;"),
        (b"\xff\xfe{\0}\0", None, "is UTF-16 or UTF-32;"),
        (b"\xfe\xff\0{\0}", None, "is UTF-16 or UTF-32;"),
        (b"\xff\xfe\0\0{\0\0\0", None, "is UTF-16 or UTF-32;"),
        (b"{\0}\0", None, "is UTF-16 or UTF-32;"),
        (b"[\0]\0", None, "is UTF-16 or UTF-32;"),
        (b"{} {}", None, "(line 1, column 4) continues after the end"),
        (b"{}\n,", None, "(line 2, column 1) continues after the end"),
        (b"x\x9c\x03", None, "is compressed with deflate;"),
        (br#"{"a":"\ud83d"}"#, None, "half of a surrogate pair"),
        (br#"{"a":"\ud83d\u0041"}"#, None, "half of a surrogate pair"),
        (br#"{"a":"\ude00"}"#, None, "half of a surrogate pair"),
        (b"{\"a\":\"x\ny\"}", None, "a raw line break"),
        (b"{\"a\":1e999}", None, "out of range"),
        (b"\0{\0}", None, "is UTF-16 or UTF-32;"),
        (b"{\"a\":\"\xc4\xfa\"}", None, "is not UTF-8 (byte 7);"),
    ] {
        let said = said_of(body, coding);
        assert!(said.contains(named), "{said}");
        assert!(
            !said.contains("86150") && !said.contains("not JSON"),
            "{said}"
        );
    }
    for (body, said) in [
        (
            "{\"a\":NaN}",
            "not JSON, which has no NaN and no Infinity (line 1, column 6)",
        ),
        (
            "{\n\"a\": -Infinity}",
            "not JSON, which has no NaN and no Infinity (line 2",
        ),
        (
            "[Infinity]",
            "not JSON, which has no NaN and no Infinity (line 1",
        ),
        ("  ", "not JSON: it ends too early"),
        ("{'a':1}", "not JSON (line 1, column 2)"),
    ] {
        let message = said_of(body.as_bytes(), None);
        assert!(message.contains(said), "{message}");
    }
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(200), close.repeat(200));
        let said = said_of(deep.as_bytes(), None);
        assert!(
            said.contains("is nested too deeply, over 127 levels"),
            "{said}"
        );
        let levels = |count| format!("{}1{}", open.repeat(count), close.repeat(count));
        let said = said_of(levels(127).as_bytes(), None);
        assert!(!said.contains("nested"), "{said}");
        let said = said_of(levels(128).as_bytes(), None);
        assert!(said.contains("nested"), "{said}");
    }
}

#[test]
fn an_unsupported_content_coding_is_named_with_a_wrong_signature() {
    let sent = |coding: &str, body: &'static str| {
        let draft = TestRequest::signed("/api/sms/mtsend_v2", "3", "mtsend", b"{}");
        let draft = draft.with_body(body).with("content-encoding", coding);
        match draft.send(&platform()).verdict.cause() {
            Some(Cause::Signature(mismatch)) => mismatch.clone(),
            other => panic!("{other:?}"),
        }
    };
    for coding in ["br", "zstd", "BR", "identity, compress"] {
        let mismatch = sent(coding, "\u{b}\u{2}");
        assert_eq!(mismatch.likely_cause(), LikelyCause::Compression);
        assert!(
            mismatch.explanation().contains("cannot undo"),
            "{mismatch:?}"
        );
    }
    // A matching variant, or a coding that the sandbox can undo, gets no such explanation.
    assert_eq!(sent("br", "{}\n").likely_cause(), LikelyCause::FinalLineEnd);
    assert_eq!(
        sent("identity", "x").likely_cause(),
        LikelyCause::WrongSecret
    );
    assert_eq!(sent("gzip", "x").likely_cause(), LikelyCause::WrongSecret);
}
