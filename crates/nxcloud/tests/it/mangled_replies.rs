//! Replies that were damaged in transit. If the structure is intact, code and ids are still read.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use nxcloud::sms::{Client, SendSms, SendSmsReply};
use nxcloud::{AppKey, Error, Outcome, Repair};
use nxcloud_client::codegen::incoming::Body;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::support::{PHONE, Server, TEXT, session};

async fn send(headers: &str, body: &[u8]) -> Result<SendSmsReply, Error> {
    let server = Server::answering("200 OK", headers, body).await;
    let client = Client::new(&session(&server.url));
    client
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_repaired_reply_has_its_id_and_lists_the_repairs() {
    let plain = br#"{"code":"0","messageid":"M1","result":"ok"}"#;
    let cases: [(&str, Vec<u8>, Option<Repair>); 7] = [
        ("", plain.to_vec(), None),
        ("content-encoding: gzip\r\n", gzip(plain), None),
        ("", gzip(plain), Some(Repair::ContentEncoding)),
        (
            "",
            [b"\xef\xbb\xbf", &plain[..]].concat(),
            Some(Repair::ByteOrderMark),
        ),
        (
            "",
            br#"{"code":"0","messageid":"M1","result":"ok\ud83d"}"#.to_vec(),
            Some(Repair::Surrogate),
        ),
        (
            "",
            b"{\"code\":\"0\",\"messageid\":\"M1\",\"result\":\"o\nk\"}".to_vec(),
            Some(Repair::ControlCharacter),
        ),
        (
            "",
            br#"{"code":"0","messageid":"M1","messageid":"M2"}"#.to_vec(),
            Some(Repair::EqualKeys),
        ),
    ];
    for (headers, body, repair) in cases {
        let reply = send(headers, &body).await.unwrap();
        assert_eq!(reply.message_id.as_deref(), Some("M1"), "{repair:?}");
        let repairs: Vec<_> = reply.repairs.iter().collect();
        assert_eq!(repairs, Vec::from_iter(repair));
        let serialised = serde_json::to_value(&reply).unwrap();
        assert_eq!(serialised.get("repairs"), None, "it is not a wire field");
    }
}

#[tokio::test]
async fn an_impossible_charset_is_ignored() {
    for charset in ["utf-16", "UTF-16BE", "unicode"] {
        let headers = format!("content-type: application/json; charset={charset}\r\n");
        for text in [&b"ok"[..], "Grüße".as_bytes(), b"\xb2\xce\xca\xfd"] {
            let body = [br#"{"code":0,"messageid":"M1","result":""#, text, b"\"}"].concat();
            let reply = send(&headers, &body).await.unwrap();
            assert_eq!(reply.message_id.as_deref(), Some("M1"), "{charset}");
        }
    }
}

#[tokio::test]
async fn a_large_number_keeps_its_digits() {
    let body = br#"{"code":0,"messageid":1234567890123456789012,"task":[1234567890123456789012]}"#;
    let reply = send("", body).await.unwrap();
    assert_eq!(reply.message_id.as_deref(), Some("1234567890123456789012"));
    assert_eq!(reply.extra["task"], json!(["1234567890123456789012"]));
    assert!(reply.repairs.contains(Repair::Number));
}

#[tokio::test]
async fn the_code_of_a_reply_in_gbk_is_read_with_and_without_charset() {
    for headers in ["", "content-type: application/json;charset=GBK\r\n"] {
        let error = send(
            headers,
            b"{\"code\":2,\"result\":\"\xb2\xce\xca\xfd\xb4\xed\xce\xf3\"}",
        );
        let error = error.await.unwrap_err();
        assert_eq!(error.code(), Some(nxcloud::sms::codes::PARAMETER_INVALID));
        assert_eq!(error.outcome(), Outcome::Rejected);
        let message = error.platform_message().unwrap();
        assert_eq!(message == "参数错误", !headers.is_empty(), "{message}");
        let body = b"{\"code\":0,\"messageid\":\"M1\",\"result\":\"\xb3\xc9\xb9\xa6\"}";
        let reply = send(headers, body).await.unwrap();
        assert_eq!(reply.message_id.as_deref(), Some("M1"));
    }
}

#[tokio::test]
async fn different_codes_and_unsupported_encodings_leave_the_outcome_unknown() {
    for (headers, body, expected) in [
        (
            "",
            &br#"{"code":"0","code":"2"}"#[..],
            "different result codes",
        ),
        ("content-encoding: br\r\n", b"\x8b\x02\x80", "(br)"),
        ("content-encoding: gzip\r\n", b"\x1f\x8b\x08", "gzip"),
    ] {
        let error = send(headers, body).await.unwrap_err();
        assert!(error.sent().is_some());
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// The documented replies of all services.
fn documented_replies() -> Vec<String> {
    let services = nxcloud_spec::embedded_services().unwrap();
    let operations = services
        .into_iter()
        .flat_map(|service| service.operations());
    let examples = operations.flat_map(|operation| operation.reply_examples());
    let replies: Vec<String> = examples.map(|(_, reply)| reply.to_string()).collect();
    assert!(replies.len() > 60, "{}", replies.len());
    replies
}

/// Lists every leaf with its path, except those below `note`.
fn collect_leaves(value: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "note")
            .for_each(|(key, value)| collect_leaves(value, &format!("{path}/{key}"), leaves)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| collect_leaves(value, &format!("{path}/{index}"), leaves)),
        leaf => leaves.push((path.to_owned(), leaf.clone())),
    }
}

proptest! {
    #[test]
    fn documented_replies_survive_damage_within_the_structure(
        index in any::<Index>(),
        text in prop::collection::vec(prop::sample::select(vec![
            &b"\xff"[..], b"\0", b"\n", b"\\ud83d", b"\\'", b"\xb2\xce", b"\xe5\xae", b"a", "\u{feff}".as_bytes(), b"\\n",
        ]), 0..5),
        has_mark in any::<bool>(),
        is_compressed in any::<bool>(),
        has_duplicate in any::<bool>(),
        front in any::<bool>(),
    ) {
        let examples = documented_replies();
        let example = index.get(&examples);
        prop_assume!(example.starts_with('{') && example != "{}");
        let inner = &example[1..example.len() - 1];
        let note = [b"\"note\":\"", text.concat().as_slice(), b"\""].concat();
        let mut parts = if front { [note, inner.as_bytes().to_vec()] } else { [inner.as_bytes().to_vec(), note] }.to_vec();
        if has_duplicate {
            parts.push(b"\"note\":7".to_vec());
        }
        let mut body = [b"{", parts.join(&b',').as_slice(), b"}"].concat();
        if has_mark {
            body.splice(0..0, *b"\xef\xbb\xbf");
        }
        if is_compressed {
            body = gzip(&body);
        }
        let document = Body::new(&body, Some("application/json"), None, 1 << 20).unwrap().json();
        let document = document.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        collect_leaves(&serde_json::from_str(example).unwrap(), "", &mut before);
        collect_leaves(&document.value, "", &mut after);
        before.sort_by(|a, b| a.0.cmp(&b.0));
        after.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(before, after);
    }
}
