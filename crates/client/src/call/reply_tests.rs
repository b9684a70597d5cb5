use nxcloud_signing::{Action, BizType};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{CodeInfo, CodeKind, ErrorKind, HashIn, Outcome};

static CODES: &[&[CodeInfo]] = &[&[
    CodeInfo::new(2, "PARAMETER_INVALID", CodeKind::Parameter, "wrong", None),
    CodeInfo::new(28, "TPS_LIMIT", CodeKind::RateLimit, "too fast", None),
]];
const fn send(scheme: Scheme) -> Operation {
    Operation::new(
        "sms",
        "send",
        "POST",
        "/send",
        "https://x.example",
        scheme,
        false,
        CODES,
    )
}
static SEND: Operation = send(Scheme::NxcloudMd5 {
    biz_type: BizType::from_static("3"),
    action: Action::from_static("mtsend"),
    body_signed: true,
});
static ANTBUDDY: Operation = send(Scheme::AntBuddySha256 {
    hash_in: HashIn::Header,
    order: &[],
});

fn sent(
    status: u16,
    body: &[u8],
    kind: Option<&str>,
    encoding: Option<&str>,
) -> Result<Accepted, Error> {
    judge(&SEND, status, Bytes::copy_from_slice(body), kind, encoding)
}

/// The message id and the repairs of a successful reply.
fn accepted(body: &[u8], kind: Option<&str>) -> (String, String) {
    let accepted = sent(200, body, kind, None).unwrap_or_else(|error| panic!("{error:?}"));
    let id = accepted.value["messageid"].as_str().map(str::to_owned);
    (id.unwrap_or_default(), accepted.repairs.to_string())
}

/// The bytes before and after the code, the content type, and the expected repairs.
type Mangled = (
    &'static [u8],
    &'static [u8],
    Option<&'static str>,
    &'static str,
);

/// The message id is always `M1`.
const MANGLED: [Mangled; 14] = [
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"result\":\"x\\ud83d\"}",
        None,
        "surrogate",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"result\":\"a\r\n\tb\"}",
        None,
        "control_character",
    ),
    (
        b"{\"result\":\"a\0\x1f\",\"code\":",
        b",\"messageid\":\"M1\"}",
        None,
        "control_character",
    ),
    (
        b"\xef\xbb\xbf{\"code\":",
        b",\"messageid\":\"M1\"}",
        None,
        "byte_order_mark",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"result\":\"a\xff\"}",
        None,
        "invalid_text",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"result\":\"\xb2\xce\xca\xfd\"}",
        None,
        "invalid_text",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"result\":\"\xb2\xce\xca\xfd\"}",
        Some("text/html;charset=GBK"),
        "charset",
    ),
    // The second byte of the character is a backslash.
    (
        b"{\"result\":\"\xd5\x5c\",\"code\":",
        b",\"messageid\":\"M1\"}",
        None,
        "charset",
    ),
    (
        b"{\"result\":\"\xe9t\xe9\",\"code\":",
        b",\"messageid\":\"M1\"}",
        Some("application/json; charset=ISO-8859-1"),
        "charset",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"task\":1234567890123456789012}",
        None,
        "number",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"messageid\":\"M2\"}",
        None,
        "equal_keys",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\",\"result\":\"it\\'s\",\"messageid\":\"M2\"}",
        None,
        "escape,equal_keys",
    ),
    (
        b"{\"code\":",
        b",\"messageid\":\"M1\"}\0\0",
        None,
        "control_character",
    ),
    (b"{\"code\":0", b",\"messageid\":\"M1\"}", None, "number"),
];

#[test]
fn the_code_decides_even_if_the_texts_are_mangled() {
    for (before, after, kind, repairs) in MANGLED {
        for (zero, two) in [(&b"0"[..], &b"2"[..]), (b"\"0\"", b"\"2\"")] {
            if before.ends_with(b"0") && zero.starts_with(b"\"") {
                continue;
            }
            let text = String::from_utf8_lossy(after);
            let success = [before, zero, after].concat();
            let expected = ("M1".to_owned(), repairs.to_owned());
            assert_eq!(accepted(&success, kind), expected, "{text}");
            let refusal = [before, two, after].concat();
            let error = sent(200, &refusal, kind, None).err().unwrap();
            assert_eq!(
                error.kind(),
                ErrorKind::ResultCode(CodeKind::Parameter),
                "{text}"
            );
            assert_eq!(error.outcome(), Outcome::Rejected, "{text}");
            assert!(error.repairs().to_string().starts_with(repairs), "{text}");
            // The error's body is repaired, too.
            let body = serde_json::from_slice::<Value>(error.body().unwrap());
            assert!(body.is_ok(), "{text}");
        }
    }
}

#[test]
fn utf_16_and_utf_32_are_read_with_and_without_a_byte_order_mark() {
    for mark in ["", "\u{feff}"] {
        let text = format!("{mark}{{\"code\":\"0\",\"messageid\":\"M1\",\"result\":\"参数\"}}");
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let wide: Vec<u8> = text
            .chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect();
        for bytes in [le, be, wide] {
            assert_eq!(accepted(&bytes, None).0, "M1");
        }
    }
}

#[test]
fn a_reply_without_structure_leaves_the_outcome_unknown() {
    let bodies: [&[u8]; 9] = [
        br#"{"code":2,"messageid":"M"#,
        br#"{"code":2,"#,
        br#"{"code":2"#,
        br#"{"code":0,"code":2}"#,
        b"{\"code\":2,\"result\":\"a\" \xff}",
        br#"{"code":2}{"code":0}"#,
        br#"{"code":2,"result":"he said "no""}"#,
        b"[{\"code\":2}]",
        b"\x1f\x8b\x08\x00",
    ];
    for body in bodies {
        let error = sent(200, body, None, None).err().unwrap();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert_eq!(error.code(), None, "{error}");
    }
}

#[test]
fn encodings_that_are_not_supported_are_named() {
    for (encoding, expected) in [
        ("br", "br"),
        ("gzip, zstd", "zstd"),
        ("x-secret-thing", "an unknown one"),
    ] {
        let error = sent(200, b"\x1b\x02", None, Some(encoding)).err().unwrap();
        assert_eq!(error.outcome(), Outcome::Unknown);
        let line = error.to_string();
        assert!(
            line.contains(&format!("content encoding ({expected})")),
            "{line}"
        );
        assert_eq!(error.body(), Some(&b"\x1b\x02"[..]));
    }
}

#[cfg(feature = "compression")]
fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "compression")]
#[test]
fn compressed_replies_are_read_within_the_limit() {
    let plain = br#"{"code":2,"result":"no"}"#;
    for encoding in [Some("gzip"), Some("GZIP"), None] {
        let error = sent(200, &gzip(plain), None, encoding).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ResultCode(CodeKind::Parameter));
        assert_eq!(error.body(), Some(&plain[..]), "it can be read");
    }
    let bomb = gzip(&vec![b' '; MAX_REPLY_BYTES + 1]);
    let error = sent(200, &bomb, None, Some("gzip")).err().unwrap();
    assert!(
        error.to_string().contains("larger than 16777216 bytes"),
        "{error}"
    );
    assert_eq!(
        error.body().map(<[u8]>::len),
        Some(bomb.len()),
        "the body is kept compressed"
    );
    let cut = gzip(plain);
    let error = sent(200, &cut[..cut.len() - 9], None, Some("gzip"))
        .err()
        .unwrap();
    assert_eq!((error.outcome(), error.code()), (Outcome::Unknown, None));
    assert!(error.to_string().contains("gzip"), "{error}");
}

#[test]
fn an_empty_field_does_not_hide_the_platforms_message() {
    let error = sent(
        200,
        br#"{"code":777,"msg":"","message":"real"}"#,
        None,
        None,
    )
    .err()
    .unwrap();
    assert_eq!(error.platform_message(), Some("real"));
}

/// The result code at the top level of valid JSON.
fn code(body: &[u8]) -> Option<i64> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let code = value.get("code")?;
    code.as_i64().or_else(|| code.as_str()?.parse().ok())
}

proptest! {
    #[test]
    fn any_bytes_have_the_right_class_of_outcome(
        status in prop_oneof![Just(200_u16), 200..600_u16],
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"[\[{"code: 0-9,}\]\\u]{0,40}"#.prop_map(String::into_bytes),
        ],
        kind in prop::option::of("[ -~]{0,30}"),
        encoding in prop::option::of(prop::sample::select(vec!["gzip", "deflate", "br", "deflate,gzip", ""])),
    ) {
        for operation in [&SEND, &ANTBUDDY] {
            let bytes = Bytes::from(body.clone());
            match judge(operation, status, bytes, kind.as_deref(), encoding) {
                Ok(accepted) => {
                    prop_assert!((200..300).contains(&status));
                    prop_assert!(accepted.value.is_object() || std::ptr::eq(operation, &ANTBUDDY));
                }
                Err(error) => {
                    prop_assert_eq!(error.status(), Some(status));
                    // Without a code, only a status that is sent before the platform acts means that nothing happened.
                    if error.outcome() == Outcome::Rejected && error.code().is_none() {
                        prop_assert!((300..500).contains(&status), "{:?}", error);
                    }
                    prop_assert!(!error.to_string().contains('\n'));
                }
            }
        }
    }

    #[test]
    fn valid_json_is_read_as_serde_json_reads_it(code_text in "0|[1-9][0-9]{0,2}|\"[0-9]{1,3}\"", text in "\\PC{0,12}", thousandths in any::<i32>()) {
        let body = format!("{{\"code\":{code_text},\"t\":{},\"n\":{}}}", Value::from(text), Value::from(f64::from(thousandths) / 1000.0));
        let expected = code(body.as_bytes());
        match sent(200, body.as_bytes(), None, None) {
            Ok(accepted) => {
                prop_assert_eq!(expected, Some(0));
                prop_assert_eq!(accepted.value, serde_json::from_str::<Value>(&body).unwrap());
            }
            Err(error) => prop_assert_eq!(error.code().map(Code::value), expected),
        }
    }

    /// If any byte is lost or changed, no code is read that was not sent.
    #[test]
    fn a_lost_or_changed_byte_never_turns_a_rejection_into_success_or_the_reverse(at in any::<prop::sample::Index>(), byte in prop::option::of(any::<u8>()), refused in any::<bool>()) {
        let whole = if refused { r#"{"code":"2","messageid":"","result":"parameter error"}"# } else { r#"{"code":"0","messageid":"202611210001","result":"success"}"# };
        let mut body = whole.as_bytes().to_vec();
        let at = at.index(body.len());
        // Changing the digit itself changes the code.
        prop_assume!(at != 9);
        match byte {
            Some(byte) => body[at] = byte,
            None => drop(body.remove(at)),
        }
        match sent(200, &body, None, None) {
            Ok(_) => prop_assert!(!refused),
            Err(error) if refused => prop_assert!(error.code().is_none_or(|code| code.value() == 2), "{:?}", error),
            Err(error) => prop_assert_eq!(error.outcome(), Outcome::Unknown),
        }
    }
}
