//! The one place where a reply's envelope is read.
//!
//! The services agree on `code` and on little else: it is a number or text, the text beside it is `msg`, `message` or
//! `result`, the request id is `requestId`, `reqId` or `traceId`.

use crate::Code;
use crate::call::verdict::ReplyCode;
use crate::incoming::Document;
use crate::types::lenient::{Lenient, Map};

/// What the envelope of a reply says.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) code: ReplyCode,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Envelope {
    /// The envelope of a reply; one that is no object has an empty one. Of equal keys the first counts, but two different codes
    /// leave open what happened.
    pub(crate) fn of(document: &Document) -> Self {
        let Some(fields) = document.value.as_object() else {
            return Self::default();
        };
        let others = document.others.iter().filter(|(key, _)| key == "code");
        let codes = fields.get("code").into_iter();
        let codes = codes.chain(others.map(|(_, value)| value));
        let codes: Vec<Option<Code>> = codes
            .filter(|value| !value.is_null())
            .map(|value| i64::convert(value.clone()).map(Code::new))
            .collect();
        let code = codes.iter().copied().fold(ReplyCode::None, ReplyCode::and);
        Self {
            // What is no code says something else than the code beside it.
            code: match code {
                ReplyCode::One(_) if codes.contains(&None) => ReplyCode::Conflicting,
                code => code,
            },
            message: first_text(fields, ["msg", "message", "result"]),
            request_id: first_text(fields, ["requestId", "reqId", "traceId"]),
        }
    }
}

/// The first of the fields that holds a text with anything in it.
fn first_text(fields: &Map, names: [&str; 3]) -> Option<String> {
    let texts = names
        .into_iter()
        .filter_map(|name| String::convert(fields.get(name)?.clone()));
    texts.into_iter().find(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::{Body, is_success};

    fn envelope(body: &str) -> Envelope {
        let body = Body::new(body.as_bytes(), None, None, 1024).unwrap();
        Envelope::of(&body.json().unwrap())
    }

    fn read(body: &str) -> (Option<i64>, Option<String>, Option<String>) {
        let envelope = envelope(body);
        (
            match envelope.code {
                ReplyCode::One(code) => Some(code.value()),
                ReplyCode::None | ReplyCode::Conflicting => None,
            },
            envelope.message,
            envelope.request_id,
        )
    }

    #[test]
    fn every_spelling_of_every_service_is_read() {
        assert_eq!(
            read(r#"{"code":"0","messageid":"1","result":"ok"}"#),
            (Some(0), Some("ok".into()), None)
        );
        assert_eq!(
            read(r#"{"code":-1,"message":"no"}"#),
            (Some(-1), Some("no".into()), None)
        );
        assert_eq!(
            read(r#"{"reqId":"r","code":88,"msg":"m","data":{}}"#),
            (Some(88), Some("m".into()), Some("r".into()))
        );
        assert_eq!(
            read(r#"{"code":0,"msg":null,"traceId":7,"message":""}"#),
            (Some(0), None, Some("7".into()))
        );
    }

    #[test]
    fn an_empty_text_does_not_hide_the_next_one() {
        for body in [
            r#"{"code":777,"msg":"","message":"real"}"#,
            r#"{"code":777,"msg":" \n","message":null,"result":"real"}"#,
            r#"{"code":777,"msg":{},"message":"real","result":"other"}"#,
        ] {
            assert_eq!(read(body).1.as_deref(), Some("real"), "{body}");
        }
        let ids = r#"{"requestId":"","reqId":"","traceId":"t"}"#;
        assert_eq!(read(ids).2.as_deref(), Some("t"));
    }

    #[test]
    fn equal_codes_decide_and_different_ones_do_not() {
        for (body, code) in [
            (r#"{"code":2,"code":"2"}"#, 2),
            (r#"{"code":"02","x":1,"code":2,"code":2.0}"#, 2),
            (r#"{"code":2,"msg":"a","msg":"b","x":{"code":0}}"#, 2),
            (r#"{"code":null,"code":0}"#, 0),
        ] {
            let expected = ReplyCode::One(Code::new(code));
            assert_eq!(envelope(body).code, expected, "{body}");
        }
        for body in [
            r#"{"code":0,"code":2}"#,
            r#"{"code":2,"a":1,"code":"0"}"#,
            r#"{"code":2,"c\u006fde":3}"#,
            r#"{"code":0,"code":"FAILED"}"#,
            r#"{"code":18446744073709551616,"code":0}"#,
            r#"{"code":"0","code":{"value":2}}"#,
        ] {
            assert_eq!(envelope(body).code, ReplyCode::Conflicting, "{body}");
        }
        let twice = read(r#"{"msg":"a","msg":"b","reqId":"1","reqId":"2"}"#);
        assert_eq!(twice, (None, Some("a".into()), Some("1".into())));
    }

    #[test]
    fn a_reply_without_code_has_none() {
        assert_eq!(read("{}"), (None, None, None));
        assert_eq!(read("[1]"), (None, None, None));
        assert_eq!(read(r#"{"code":"abc"}"#).0, None);
        assert_eq!(read(r#"{"code":{"a":1},"result":[1]}"#), (None, None, None));
        assert_eq!(read(r#"{"code":99999999999999999999}"#).0, None);
    }

    #[test]
    fn success_is_recognised_at_a_glance_or_not_at_all() {
        for success in [
            r#"{"code":0}"#,
            r#"{"code":"0","x":[1]}"#,
            r#"{"x":{"code":1,"y":[null,true,-1,0.5]},"code":0}"#,
        ] {
            assert!(is_success(success.as_bytes()), "{success}");
            assert_eq!(read(success).0, Some(0));
        }
        let others: [&[u8]; 19] = [
            b"{}",
            b"[]",
            b"0",
            b"",
            br#"{"code":1}"#,
            br#"{"code":null}"#,
            br#"{"code":[0]}"#,
            br#"{"code":0"#,
            br#"{"code":"00"}"#,
            br#"{"code":0.0}"#,
            br#"{"code":0,"code":1}"#,
            br#"{"code":0,"code":0}"#,
            br#"{"code":-1}"#,
            br#"{"code":0} x"#,
            // What the decoding would stumble over later.
            br#"{"code":0,"x":"\ud83d"}"#,
            b"{\"code\":0,\"x\":[\"\xff\"]}",
            b"{\"code\":0,\"x\":{\"y\":\"\n\"}}",
            br#"{"code":0,"id":1234567890123456789012}"#,
            b"\xef\xbb\xbf{\"code\":0}",
        ];
        for other in others {
            let shown = String::from_utf8_lossy(other);
            assert!(!is_success(other), "{shown}");
        }
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for bad in [
            "",
            "<html>",
            r#"{"code":0"#,
            "nul",
            r#"{"code":0}{"code":2}"#,
        ] {
            let body = Body::new(bad.as_bytes(), None, None, 1024).unwrap();
            assert!(body.json().is_err(), "{bad}");
        }
    }
}
