//! Reads the envelope of a reply. No other module does.
//!
//! All services have the field `code`, a number or a string. The text beside it is called `msg`, `message` or `result`, and the request
//! id `requestId`, `reqId` or `traceId`.

use crate::Code;
use crate::call::verdict::ReplyCode;
use crate::incoming::Document;
use crate::types::lenient::{Lenient, Value, integer};

/// The result code. If a key is repeated, the first value counts. Two different codes, or a code beside a value that is not a code, are
/// conflicting: they leave open what happened.
pub(crate) fn code(document: &Document) -> ReplyCode {
    let others = document.others.iter().filter(|(key, _)| key == "code");
    let codes = document.value.get("code").into_iter();
    let codes = codes.chain(others.map(|(_, value)| value));
    let (mut code, mut all_are_numbers) = (ReplyCode::None, true);
    for value in codes.filter(|value| !value.is_null()) {
        let number = integer(value);
        all_are_numbers &= number.is_some();
        code = code.and(number.map(Code::new));
    }
    match code {
        ReplyCode::One(_) if !all_are_numbers => ReplyCode::Conflicting,
        code => code,
    }
}

/// The text beside the code.
pub(crate) fn message(reply: &Value) -> Option<String> {
    first_text(reply, ["msg", "message", "result"])
}

/// The platform's id of the request.
pub(crate) fn request_id(reply: &Value) -> Option<String> {
    first_text(reply, ["requestId", "reqId", "traceId"])
}

/// The first of these fields that is a non-blank string.
fn first_text(reply: &Value, names: [&str; 3]) -> Option<String> {
    let texts = names
        .into_iter()
        .filter_map(|name| String::convert(reply.get(name)?.clone()));
    texts.into_iter().find(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::Body;

    fn document(body: &str) -> Document {
        let body = Body::new(body.as_bytes(), None, None, 1024).unwrap();
        body.json().unwrap()
    }

    fn read(body: &str) -> (Option<i64>, Option<String>, Option<String>) {
        let document = document(body);
        let (message, request_id) = (message(&document.value), request_id(&document.value));
        let code = match code(&document) {
            ReplyCode::One(code) => Some(code.value()),
            ReplyCode::None | ReplyCode::Conflicting => None,
        };
        (code, message, request_id)
    }

    #[test]
    fn the_field_names_of_every_service_are_read() {
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
    fn equal_codes_count_and_different_codes_conflict() {
        for (body, number) in [
            (r#"{"code":2,"code":"2"}"#, 2),
            (r#"{"code":"02","x":1,"code":2,"code":2.0}"#, 2),
            (r#"{"code":2,"msg":"a","msg":"b","x":{"code":0}}"#, 2),
            (r#"{"code":null,"code":0}"#, 0),
        ] {
            let expected = ReplyCode::One(Code::new(number));
            assert_eq!(code(&document(body)), expected, "{body}");
        }
        for body in [
            r#"{"code":0,"code":2}"#,
            r#"{"code":2,"a":1,"code":"0"}"#,
            r#"{"code":2,"c\u006fde":3}"#,
            r#"{"code":0,"code":"FAILED"}"#,
            r#"{"code":18446744073709551616,"code":0}"#,
            r#"{"code":"0","code":{"value":2}}"#,
        ] {
            assert_eq!(code(&document(body)), ReplyCode::Conflicting, "{body}");
        }
        let twice = read(r#"{"msg":"a","msg":"b","reqId":"1","reqId":"2"}"#);
        assert_eq!(twice, (None, Some("a".into()), Some("1".into())));
    }

    #[test]
    fn a_reply_without_a_code_has_no_code() {
        assert_eq!(read("{}"), (None, None, None));
        assert_eq!(read("[1]"), (None, None, None));
        assert_eq!(read(r#"{"code":"abc"}"#).0, None);
        assert_eq!(read(r#"{"code":{"a":1},"result":[1]}"#), (None, None, None));
        assert_eq!(read(r#"{"code":99999999999999999999}"#).0, None);
    }

    #[test]
    fn a_body_that_is_not_json_is_an_error() {
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
