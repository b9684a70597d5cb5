//! The one place where a reply's envelope is read.
//!
//! The services agree on `code` and on little else: it is a number or text, the text beside it is `msg`, `message` or
//! `result`, the request id is `requestId`, `reqId` or `traceId`.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Code;
use crate::lenient::Lenient;

/// What the envelope of a reply says.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) code: Option<Code>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// The keys, whatever else the reply holds; `Value` so that no type of the platform's choosing fails the reading.
#[derive(Deserialize)]
struct Keys {
    code: Option<Value>,
    msg: Option<Value>,
    message: Option<Value>,
    result: Option<Value>,
    #[serde(rename = "requestId")]
    request_id: Option<Value>,
    #[serde(rename = "reqId")]
    req_id: Option<Value>,
    #[serde(rename = "traceId")]
    trace_id: Option<Value>,
}

/// The one key that a reply which says success is read for: nothing of it is copied.
#[derive(Deserialize)]
struct OnlyCode {
    code: Option<Success>,
}

/// Whether a code is 0, as a number or as text.
struct Success(bool);

impl<'de> Deserialize<'de> for Success {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Zero;
        impl Visitor<'_> for Zero {
            type Value = Success;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a code")
            }

            fn visit_u64<E>(self, code: u64) -> Result<Success, E> {
                Ok(Success(code == 0))
            }

            fn visit_str<E>(self, code: &str) -> Result<Success, E> {
                Ok(Success(code == "0"))
            }
        }
        deserializer.deserialize_any(Zero)
    }
}

impl Envelope {
    /// Whether a reply says success, in the usual way; what this does not recognise [`read`](Self::read) does.
    pub(crate) fn is_success(body: &[u8]) -> bool {
        let reply: Result<OnlyCode, _> = serde_json::from_slice(body);
        matches!(
            reply,
            Ok(OnlyCode {
                code: Some(Success(true))
            })
        )
    }

    /// Reads the envelope; a reply that is JSON but no object has an empty one.
    ///
    /// # Errors
    ///
    /// When the body is not JSON, with the place where it stops being so.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if first != Some(&b'{') {
            serde_json::from_slice::<serde::de::IgnoredAny>(body)?;
            return Ok(Self::default());
        }
        let keys: Keys = serde_json::from_slice(body)?;
        Ok(Self {
            code: keys.code.and_then(i64::convert).map(Code::new),
            message: first_text([keys.msg, keys.message, keys.result]),
            request_id: first_text([keys.request_id, keys.req_id, keys.trace_id]),
        })
    }
}

fn first_text(candidates: [Option<Value>; 3]) -> Option<String> {
    candidates
        .into_iter()
        .flatten()
        .find_map(String::convert)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<i64>, Option<String>, Option<String>) {
        let envelope = Envelope::read(body.as_bytes()).unwrap();
        (
            envelope.code.map(Code::value),
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
    fn a_reply_without_code_has_none() {
        assert_eq!(read("{}"), (None, None, None));
        assert_eq!(read("[1]"), (None, None, None));
        assert_eq!(read(r#"{"code":"abc"}"#).0, None);
        assert_eq!(read(r#"{"code":{"a":1},"result":[1]}"#), (None, None, None));
    }

    #[test]
    fn success_is_recognised_at_a_glance_or_not_at_all() {
        for success in [r#"{"code":0}"#, r#"{"code":"0","x":[1]}"#] {
            assert!(Envelope::is_success(success.as_bytes()), "{success}");
            assert_eq!(read(success).0, Some(0));
        }
        let others = [
            "{}",
            "[]",
            "0",
            "",
            r#"{"code":1}"#,
            r#"{"code":null}"#,
            r#"{"code":[0]}"#,
            r#"{"code":0"#,
            r#"{"code":"00"}"#,
            r#"{"code":0.0}"#,
            r#"{"code":0,"code":1}"#,
            r#"{"code":-1}"#,
            r#"{"code":0} x"#,
        ];
        for other in others {
            assert!(!Envelope::is_success(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for bad in ["", "<html>", r#"{"code":0"#, "\u{feff}{}", "nul"] {
            assert!(Envelope::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
