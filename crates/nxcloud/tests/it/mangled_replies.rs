//! What a user sees of replies that something on their way mangled: what still has its structure decides, with its ids.

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
async fn a_reply_keeps_its_id_and_says_what_was_repaired() {
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
        let written = serde_json::to_value(&reply).unwrap();
        assert_eq!(
            written.get("repairs"),
            None,
            "it is no field of the platform's"
        );
    }
}

#[tokio::test]
async fn a_charset_that_the_bytes_cannot_have_changes_nothing() {
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
async fn digits_of_a_long_id_come_out_as_they_went_in() {
    let body = br#"{"code":0,"messageid":1234567890123456789012,"task":[1234567890123456789012]}"#;
    let reply = send("", body).await.unwrap();
    assert_eq!(reply.message_id.as_deref(), Some("1234567890123456789012"));
    assert_eq!(reply.extra["task"], json!(["1234567890123456789012"]));
    assert!(reply.repairs.contains(Repair::Number));
}

#[tokio::test]
async fn the_code_of_a_reply_in_gbk_decides_with_and_without_charset() {
    for headers in ["", "content-type: application/json;charset=GBK\r\n"] {
        let error = send(
            headers,
            b"{\"code\":2,\"result\":\"\xb2\xce\xca\xfd\xb4\xed\xce\xf3\"}",
        );
        let error = error.await.unwrap_err();
        assert_eq!(error.code(), Some(nxcloud::sms::codes::PARAMETER_INVALID));
        assert_eq!(error.outcome(), Outcome::Rejected);
        let words = error.platform_message().unwrap();
        assert_eq!(words == "参数错误", !headers.is_empty(), "{words}");
        let body = b"{\"code\":0,\"messageid\":\"M1\",\"result\":\"\xb3\xc9\xb9\xa6\"}";
        let reply = send(headers, body).await.unwrap();
        assert_eq!(reply.message_id.as_deref(), Some("M1"));
    }
}

#[tokio::test]
async fn two_codes_that_differ_and_an_encoding_nobody_reads_leave_the_outcome_open() {
    for (headers, body, named) in [
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
        assert!(error.to_string().contains(named), "{error}");
    }
}

/// Every documented reply of every service.
fn documented() -> Vec<String> {
    let services = nxcloud_spec::embedded_services().unwrap();
    let operations = services
        .into_iter()
        .flat_map(|service| service.operations());
    let examples = operations.flat_map(|operation| operation.reply_examples());
    let found: Vec<String> = examples.map(|(_, reply)| reply.to_string()).collect();
    assert!(found.len() > 60, "{}", found.len());
    found
}

/// Every text at its path, but those below `note`.
fn leaves(value: &Value, path: &str, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "note")
            .for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), into)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), into)),
        leaf => into.push((path.to_owned(), leaf.clone())),
    }
}

proptest! {
    #[test]
    fn codes_and_ids_of_documented_replies_survive_what_leaves_the_structure(
        which in any::<Index>(),
        text in prop::collection::vec(prop::sample::select(vec![
            &b"\xff"[..], b"\0", b"\n", b"\\ud83d", b"\\'", b"\xb2\xce", b"\xe5\xae", b"a", "\u{feff}".as_bytes(), b"\\n",
        ]), 0..5),
        mark in any::<bool>(),
        zipped in any::<bool>(),
        doubled in any::<bool>(),
        front in any::<bool>(),
    ) {
        let examples = documented();
        let example = which.get(&examples);
        prop_assume!(example.starts_with('{') && example != "{}");
        let inner = &example[1..example.len() - 1];
        let note = [b"\"note\":\"", text.concat().as_slice(), b"\""].concat();
        let mut parts = if front { [note, inner.as_bytes().to_vec()] } else { [inner.as_bytes().to_vec(), note] }.to_vec();
        if doubled {
            parts.push(b"\"note\":7".to_vec());
        }
        let mut body = [b"{", parts.join(&b',').as_slice(), b"}"].concat();
        if mark {
            body.splice(0..0, *b"\xef\xbb\xbf");
        }
        if zipped {
            body = gzip(&body);
        }
        let read = Body::new(&body, Some("application/json"), None, 1 << 20).unwrap().json();
        let read = read.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        leaves(&serde_json::from_str(example).unwrap(), "", &mut before);
        leaves(&read.value, "", &mut after);
        before.sort_by(|a, b| a.0.cmp(&b.0));
        after.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(before, after);
    }
}
