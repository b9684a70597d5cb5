//! Pushes that were damaged in transit. A receipt is pushed only once, so it is repaired: only the damaged field loses characters, and the
//! repairs are listed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    Event, Incoming, ParseError, Pending, Receiver, Refusal, Repair, Transport, Verifier,
    VerifyError, call_center, did, number_check, ota, sms, viber, virtual_number, whatsapp,
};
use proptest::prelude::*;

use crate::common::{NOW, now, signer};

const FORM: &str = "application/x-www-form-urlencoded";
/// A complete receipt, except for the field under test.
const RECEIPT: &str = "phone=8615012345678&status=2&result=DELIVRD&drtime=2026-11-21+10:15:42&messageid=M1&price=0.0350&size=1";

/// Receives an unsigned push that must be accepted.
fn receive<E: Event>(content_type: &str, body: &[u8]) -> E {
    let incoming = Incoming::new(body).headers([("content-type", content_type)]);
    accept(&incoming)
}

fn accept<E: Event>(incoming: &Incoming<'_>) -> E {
    let pending = Receiver::<E>::unprotected().receive(incoming).unwrap();
    let event = pending.received().event.clone();
    assert_eq!(pending.accept().status(), 200);
    event
}

fn receipt(content_type: &str, body: &[u8]) -> sms::SmsReceipt {
    match receive::<sms::Event>(content_type, body) {
        sms::Event::SmsReceipt(receipt) => receipt,
        other => panic!("a receipt: {other:?}"),
    }
}

/// Asserts that id, number, status and size are unchanged.
fn assert_survived(receipt: &sms::SmsReceipt, case: &str) {
    assert_eq!(receipt.message_id.as_deref(), Some("M1"), "{case}");
    assert_eq!(receipt.phone.as_deref(), Some("8615012345678"), "{case}");
    assert_eq!(receipt.status, Some(sms::SmsStatus::Delivered), "{case}");
    assert_eq!(receipt.size, Some(1), "{case}");
    assert!(
        receipt.extra.is_empty(),
        "{case}: {:?}",
        receipt.extra.len()
    );
}

#[test]
fn invalid_bytes_in_one_field_leave_the_others_intact() {
    for (ext, read) in [
        (&b"%E5%AE%A2%E6%88"[..], "客\u{fffd}"),
        (b"%E5%AE%A2%E6%8", "客\u{fffd}%8"),
        (b"a%FF", "a\u{fffd}"),
        (b"a\xff", "a\u{fffd}"),
        (b"caf%E9", "caf\u{fffd}"),
        ("客".as_bytes(), "客"),
    ] {
        for front in [true, false] {
            let (a, b) = ([b"ext=", ext].concat(), RECEIPT.as_bytes().to_vec());
            let parts = if front { [a, b] } else { [b, a] };
            let receipt = receipt(FORM, &parts.join(&b'&'));
            assert_survived(&receipt, read);
            assert_eq!(receipt.ext.as_deref(), Some(read));
            let lossy = read.contains('\u{fffd}');
            assert_eq!(receipt.repairs.contains(Repair::InvalidText), lossy);
        }
    }
}

#[test]
fn the_charset_of_the_content_type_or_the_form_is_used() {
    for (charset, ext, read) in [
        ("GBK", &b"%D1%E9%D6%A4%C2%EB"[..], "验证码"),
        ("gb2312", b"\xd1\xe9\xd6\xa4\xc2\xeb", "验证码"),
        ("\"GB18030\"", b"%CD%A8", "通"),
        ("iso-8859-1", b"caf%E9", "café"),
        ("windows-1252", b"caf\xe9 %80", "café €"),
        // A wrong charset, such as a server's default, for UTF-8 text.
        ("iso-8859-1", b"%E5%AE%A2", "客"),
        ("gbk", b"%E5%AE%A2", "客"),
        ("big5", b"%AB%C8", "客"),
    ] {
        let body = [RECEIPT.as_bytes(), b"&ext=", ext].concat();
        let receipt_of = receipt(&format!("{FORM}; charset={charset}"), &body);
        assert_survived(&receipt_of, charset);
        assert_eq!(receipt_of.ext.as_deref(), Some(read), "{charset}");
        let plain = charset.trim_matches('"');
        let body = [&*body, b"&_charset_=", plain.as_bytes()].concat();
        let receipt_of = receipt(FORM, &body);
        assert_eq!(receipt_of.ext.as_deref(), Some(read), "_charset_={charset}");
        assert_eq!(receipt_of.message_id.as_deref(), Some("M1"));
    }
}

#[test]
fn a_byte_order_mark_is_removed() {
    for mark in [
        &b"\xef\xbb\xbf"[..],
        b"%EF%BB%BF",
        b"\xef\xbb\xbf\xef\xbb\xbf",
    ] {
        let receipt = receipt(FORM, &[mark, RECEIPT.as_bytes()].concat());
        assert_survived(&receipt, "a mark");
        assert_eq!(receipt.repairs.to_string(), "byte_order_mark");
    }
    let wide: Vec<u8> = RECEIPT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_survived(&receipt(FORM, &wide), "UTF-16");
    let json = [b"\xef\xbb\xbf".as_slice(), &json_push().body].concat();
    let event: number_check::Event = receive("application/json", &json);
    assert_eq!(event.repairs().to_string(), "byte_order_mark");
    assert_eq!(event.push_name(), Some("number_check_result"));
}

fn json_push() -> TestRequest {
    Fixture::<number_check::Event>::new("number_check_result").request()
}

#[test]
fn a_raw_plus_before_a_number_is_kept_and_codes_are_compared_as_numbers() {
    let body = RECEIPT.replace("phone=86", "phone=+86");
    let plus = receipt(FORM, body.as_bytes());
    assert_eq!(plus.phone.as_deref(), Some("+8615012345678"));
    assert_eq!(plus.repairs.to_string(), "plus");
    let key = |body: &str| {
        let event: sms::Event = receive(FORM, body.as_bytes());
        event.idempotency_key().unwrap()
    };
    for status in ["02", "+2", "%202", "2%20", "002", "2.0"] {
        let body = RECEIPT.replace("status=2", &format!("status={status}"));
        assert_survived(&receipt(FORM, body.as_bytes()), status);
        assert_eq!(
            key(&body),
            key(RECEIPT),
            "leading zeros do not change the key"
        );
    }
    for (id, digits) in [("+1", "1"), ("+20", "20"), ("%2020+", "20")] {
        let with = |id: &str| key(&RECEIPT.replace("messageid=M1", &format!("messageid={id}")));
        assert_eq!(with(id), with(digits), "{id}");
    }
    assert_eq!(key(&RECEIPT.replace("=M1", "=+M1+")), key(RECEIPT));
    for status in ["", "x", "2x", "-2", "22", "2.5"] {
        let body = RECEIPT.replace("status=2", &format!("status={status}"));
        let receipt = receipt(FORM, body.as_bytes());
        let unlisted = sms::SmsStatus::Unlisted(status.to_owned());
        assert_eq!(receipt.status, Some(unlisted), "{status}");
    }
}

#[test]
fn the_first_of_duplicate_fields_counts_in_an_unsigned_push() {
    let duplicate = receipt(FORM, format!("{RECEIPT}&status=5&st%61tus=6").as_bytes());
    assert_survived(&duplicate, "equal keys");
    assert_eq!(duplicate.repairs.to_string(), "equal_keys");
    let same = receipt(FORM, format!("{RECEIPT}&status=2").as_bytes());
    assert_eq!(same.repairs.to_string(), "equal_keys");
    let query = Some("status=5&ext=q");
    let event = sms::Event::parse(Some(FORM), query, RECEIPT.as_bytes()).unwrap();
    let sms::Event::SmsReceipt(merged) = event else {
        panic!("a receipt")
    };
    assert_eq!(merged.status, Some(sms::SmsStatus::Delivered));
    assert_eq!(merged.ext.as_deref(), Some("q"));
    assert_eq!(merged.repairs.to_string(), "equal_keys");

    let body = br#"{"kind":"a","x":{"y":1,"y":2},"kind":"b"}"#;
    let event: number_check::Event = receive("application/json", body);
    assert_eq!(event.repairs().to_string(), "equal_keys");
    let expected = serde_json::json!({"kind": "a", "x": {"y": 1}});
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
}

#[test]
fn json_strings_are_repaired() {
    for (text, read, repair) in [
        (&b"x\\ud83d"[..], "x\u{fffd}", Repair::Surrogate),
        (b"a\nb\tc", "a\nb\tc", Repair::ControlCharacter),
        (b"a\xffb", "a\u{fffd}b", Repair::InvalidText),
        (b"it\\'s", "it's", Repair::Escape),
    ] {
        let body = [
            b"{\"messageId\":\"7\",\"content\":\"",
            text,
            b"\",\"type\":0}",
        ]
        .concat();
        let event: did::Event = receive("application/json", &body);
        assert!(
            event.repairs().contains(repair),
            "{repair}: {:?}",
            event.repairs()
        );
        let did::Event::DidSmsEvent(event) = event else {
            panic!("a DID event")
        };
        assert_eq!(event.message_id.as_deref(), Some("7"));
        assert_eq!(event.content.as_deref(), Some(read));
    }
    let gbk = b"{\"messageId\":\"7\",\"content\":\"\xd1\xe9\xd6\xa4\"}";
    let did::Event::DidSmsEvent(event) = receive("application/json; charset=gbk", gbk) else {
        panic!("a DID event")
    };
    assert_eq!(event.content.as_deref(), Some("验证"));
}

#[test]
fn large_numbers_keep_their_digits_and_give_different_keys() {
    let event = |id: &str| -> did::Event {
        let body = format!("{{\"messageId\":{id},\"smsStatus\":\"DELIVRD\",\"x\":[{id}]}}");
        receive("application/json", body.as_bytes())
    };
    let (first, second) = (
        event("1234567890123456789012"),
        event("1234567890123456789013"),
    );
    assert_eq!(first.repairs().to_string(), "number");
    let fields = serde_json::to_value(&first).unwrap();
    assert_eq!(fields["messageId"], "1234567890123456789012");
    assert_eq!(fields["x"][0], "1234567890123456789012");
    assert_ne!(first.idempotency_key(), second.idempotency_key());
    let quoted = event("\"1234567890123456789012\"");
    assert_eq!(first.idempotency_key(), quoted.idempotency_key());
    assert!(event("18446744073709551615").repairs().is_empty());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflated(bytes: &[u8], zlib: bool) -> Vec<u8> {
    if zlib {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    } else {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }
}

#[test]
fn compressed_pushes_are_decoded_after_the_signature_check() {
    let plain = RECEIPT.as_bytes();
    let nested = gzip(&deflated(plain, true));
    for (encoding, body) in [
        (Some("gzip"), gzip(plain)),
        (Some("X-GZip"), gzip(plain)),
        (Some("deflate"), deflated(plain, true)),
        (Some("deflate"), deflated(plain, false)),
        (Some("deflate, gzip"), nested),
        (Some("identity"), plain.to_vec()),
        // The header was lost, or a proxy decoded the body and left the header.
        (None, gzip(plain)),
        (Some("gzip"), plain.to_vec()),
        (Some("deflate"), plain.to_vec()),
    ] {
        let mut headers = vec![("content-type", FORM)];
        headers.extend(encoding.map(|name| ("content-encoding", name)));
        let incoming = Incoming::new(&body).headers(headers);
        let sms::Event::SmsReceipt(receipt) = accept(&incoming) else {
            panic!("a receipt")
        };
        assert_survived(&receipt, encoding.unwrap_or("none"));
        let mislabelled = encoding.is_none() || (body == plain && encoding != Some("identity"));
        assert_eq!(
            receipt.repairs.contains(Repair::ContentEncoding),
            mislabelled
        );
    }

    let mut push = Fixture::<did::Event>::new("did_sms_signed").request();
    let plain = push.body.clone();
    push.body = gzip(&plain);
    push.set_header("content-encoding", "gzip");
    push.sign(&signer(), "4", "dr", NOW);
    let receiver = || Receiver::<did::Event>::signed(Verifier::new(signer()).clock(now));
    let pending = receiver().receive(&push.incoming()).unwrap();
    assert_eq!(pending.accept().body(), "success");
    // A signature over the uncompressed body does not match.
    push.body = plain;
    push.sign(&signer(), "4", "dr", NOW);
    push.body = gzip(&push.body);
    let refused = receiver()
        .receive(&push.incoming())
        .map(Pending::accept)
        .unwrap_err();
    assert_eq!(
        refused.reason(),
        Refusal::Verify(VerifyError::SignatureMismatch)
    );
}

#[test]
fn compression_bombs_and_unsupported_encodings_are_refused() {
    let limit = 256 * 1024;
    let bomb = gzip(&vec![b'x'; 64 * 1024 * 1024]);
    assert!(bomb.len() < limit);
    let full = [RECEIPT.as_bytes(), b"&ext=", &vec![b'x'; limit]].concat();
    for (encoding, body, expected) in [
        ("gzip", bomb.clone(), ParseError::TooLarge { limit }),
        ("gzip,gzip", gzip(&bomb), ParseError::TooLarge { limit }),
        ("gzip", gzip(&full), ParseError::TooLarge { limit }),
        (
            "deflate",
            deflated(&full, false),
            ParseError::TooLarge { limit },
        ),
        (
            "br",
            b"\x0b\x02\x80".to_vec(),
            ParseError::ContentEncoding { name: "br" },
        ),
        (
            "ZSTD",
            b"\x28\xb5".to_vec(),
            ParseError::ContentEncoding { name: "zstd" },
        ),
        (
            "gzip",
            gzip(b"status=2")[..12].to_vec(),
            ParseError::Damaged { name: "gzip" },
        ),
        (
            "deflate",
            b"\xff\xff\xff".to_vec(),
            ParseError::Damaged { name: "deflate" },
        ),
    ] {
        let headers = [("content-type", FORM), ("content-encoding", encoding)];
        let incoming = Incoming::new(&body).headers(headers);
        let receiver = Receiver::<sms::Event>::unprotected();
        let refused = receiver
            .receive(&incoming)
            .map(Pending::accept)
            .unwrap_err();
        assert_eq!(refused.reason(), Refusal::Parse(expected), "{encoding}");
    }
    let five = "gzip,gzip,gzip,gzip,gzip";
    let headers = [("content-type", FORM), ("content-encoding", five)];
    let incoming = Incoming::new(b"x").headers(headers);
    let refused = Receiver::<sms::Event>::unprotected()
        .receive(&incoming)
        .map(Pending::accept);
    let Refusal::Parse(ParseError::ContentEncoding { .. }) = refused.unwrap_err().reason() else {
        panic!("a refused content encoding")
    };
}

/// Damage that leaves the structure of a form or of JSON intact.
#[derive(Clone, Debug)]
enum Mangling {
    ByteOrderMark,
    /// Bytes inserted into a text value.
    InText(Vec<u8>, prop::sample::Index),
    DuplicateFields,
    Gzip,
}

fn mangling() -> impl Strategy<Value = Mangling> {
    let bytes = prop::sample::select(vec![
        b"\xff".to_vec(),
        b"\x00".to_vec(),
        b"\r\n\t".to_vec(),
        b"\xe5\xae".to_vec(),
        b"\x80".to_vec(),
        "\u{feff}".as_bytes().to_vec(),
    ]);
    prop_oneof![
        Just(Mangling::ByteOrderMark),
        Just(Mangling::DuplicateFields),
        Just(Mangling::Gzip),
        (bytes, any::<prop::sample::Index>()).prop_map(|(bytes, at)| Mangling::InText(bytes, at)),
    ]
}

/// Adds a damaged field to a documented push. All other fields and the key of the event must be unchanged.
fn survives<E: Event>(
    example: prop::sample::Index,
    text: &[u8],
    form: bool,
) -> Result<(), TestCaseError> {
    let examples: Vec<_> = Fixture::<E>::examples().collect();
    let (push, name) = *example.get(&examples);
    let documented = E::PUSHES
        .iter()
        .find(|documented| documented.name == push)
        .unwrap()
        .transports;
    let transport = if form {
        Transport::Form
    } else {
        Transport::Json
    };
    if !documented.contains(&transport) {
        return Ok(());
    }
    let request = Fixture::<E>::example(push, name)
        .transport(transport)
        .request();
    let content_type = request.header("content-type");
    let clean = E::parse(content_type, None, &request.body).unwrap();
    let body = if form {
        [&request.body, b"&note=" as &[u8], text].concat()
    } else {
        [b"{\"note\":\"", text, b"\",", &request.body[1..]].concat()
    };
    let mangled = E::parse(content_type, None, &body);
    let mangled = mangled.map_err(|error| TestCaseError::fail(format!("{push}: {error}")))?;
    prop_assert_eq!(mangled.idempotency_key(), clean.idempotency_key());
    let mut fields = serde_json::to_value(&mangled).unwrap();
    prop_assert!(fields.as_object_mut().unwrap().remove("note").is_some());
    prop_assert_eq!(fields, serde_json::to_value(&clean).unwrap());
    Ok(())
}

proptest! {
    #[test]
    fn documented_pushes_survive_a_damaged_field(
        example in any::<prop::sample::Index>(),
        text in prop::collection::vec(prop::sample::select(vec![
            &b"\xff"[..], b"\0", b"\r\n", b"\\ud83d", b"\\'", b"\xb2\xce", b"\xe5\xae", b"a", "\u{feff}".as_bytes(), b"%E6%88", b"+",
        ]), 0..5),
        form in any::<bool>(),
    ) {
        let text = text.concat();
        survives::<call_center::Event>(example, &text, form)?;
        survives::<did::Event>(example, &text, form)?;
        survives::<number_check::Event>(example, &text, form)?;
        survives::<ota::Event>(example, &text, form)?;
        survives::<sms::Event>(example, &text, form)?;
        survives::<viber::Event>(example, &text, form)?;
        survives::<virtual_number::Event>(example, &text, form)?;
        survives::<whatsapp::Event>(example, &text, form)?;
    }

    #[test]
    fn arbitrary_bodies_are_read_or_refused(
        body in prop::collection::vec(any::<u8>(), 0..300),
        content_type in prop::option::of("[ -~]{0,30}"),
        encoding in prop::option::of(prop::sample::select(vec!["gzip", "deflate", "br", "gzip, deflate", "?"])),
        json in any::<bool>(),
    ) {
        let content_type = content_type.unwrap_or_else(|| if json { "application/json".to_owned() } else { FORM.to_owned() });
        let mut headers = vec![("content-type", content_type.as_str())];
        headers.extend(encoding.map(|name| ("content-encoding", name)));
        let incoming = Incoming::new(&body).headers(headers).url("/", Some("a=%ff"));
        fn receive_any<E: Event>(incoming: &Incoming<'_>) {
            if let Ok(pending) = Receiver::<E>::unprotected().receive(incoming) {
                let event = pending.received().event.clone();
                assert!(serde_json::to_value(&event).unwrap().is_object());
                let _ = (event.idempotency_key(), pending.accept());
            }
        }
        receive_any::<sms::Event>(&incoming);
        receive_any::<did::Event>(&incoming);
        receive_any::<number_check::Event>(&incoming);
    }

    #[test]
    fn damage_within_the_structure_leaves_id_number_and_status_intact(damage in prop::collection::vec(mangling(), 0..4), form in any::<bool>()) {
        let mut body = if form {
            RECEIPT.as_bytes().to_vec()
        } else {
            br#"{"messageId":"M1","toPhone":"8615012345678","smsStatus":"2","content":"hello world"}"#.to_vec()
        };
        let text: &[u8] = if form { b"result=DELIVRD" } else { b"hello world" };
        for mangling in &damage {
            match mangling {
                Mangling::InText(bytes, offset) => {
                    // Insert after the first letters, so that the text can still be found.
                    let start = body.windows(6).position(|window| window == &text[..6]).unwrap();
                    let position = start + 7 + offset.index(3);
                    body.splice(position..position, bytes.iter().copied());
                }
                Mangling::DuplicateFields if form => body.extend(b"&status=7&messageid=M2"),
                Mangling::DuplicateFields => {
                    body.pop();
                    body.extend(br#","smsStatus":"7","messageId":"M2"}"#);
                }
                _ => {}
            }
        }
        if damage.iter().any(|mangling| matches!(mangling, Mangling::ByteOrderMark)) {
            body.splice(0..0, *b"\xef\xbb\xbf");
        }
        if damage.iter().any(|mangling| matches!(mangling, Mangling::Gzip)) {
            body = gzip(&body);
        }
        if form {
            assert_survived(&receipt(FORM, &body), "mangled");
        } else {
            let did::Event::DidSmsEvent(event) = receive("application/json", &body) else { panic!("a DID event") };
            prop_assert_eq!(event.message_id.as_deref(), Some("M1"));
            prop_assert_eq!(event.to_phone.as_deref(), Some("8615012345678"));
        }
    }
}
