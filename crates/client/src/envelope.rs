//! The one place where a reply's envelope is read.
//!
//! The services agree on `code` and on little else: it is a number or text, the text beside it is `msg`, `message` or
//! `result`, the request id is `requestId`, `reqId` or `traceId`.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Code;
use crate::lenient::Lenient;
use crate::verdict::ReplyCode;

/// What the envelope of a reply says.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) code: ReplyCode,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// The names of the text beside the code, and of the request id; the first that is not empty counts.
const MESSAGES: [&str; 3] = ["msg", "message", "result"];
const REQUEST_IDS: [&str; 3] = ["requestId", "reqId", "traceId"];

/// The keys of a JSON object that the envelope is made of. Of equal keys the first counts, but two different codes leave open
/// what happened.
struct Keys {
    code: ReplyCode,
    messages: [Option<String>; 3],
    request_ids: [Option<String>; 3],
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Keys {
                    code: ReplyCode::None,
                    messages: [const { None }; 3],
                    request_ids: [const { None }; 3],
                };
                while let Some(key) = map.next_key::<String>()? {
                    let slot = |names: [&str; 3]| names.iter().position(|name| *name == key);
                    if key == "code" {
                        // `Value`, so that no type of the platform's choosing fails the reading.
                        let code = i64::convert(map.next_value()?).map(Code::new);
                        keys.code = keys.code.and(code);
                    } else if let Some(slot) = slot(MESSAGES) {
                        fill(&mut keys.messages[slot], map.next_value()?);
                    } else if let Some(slot) = slot(REQUEST_IDS) {
                        fill(&mut keys.request_ids[slot], map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(keys)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn fill(slot: &mut Option<String>, value: Value) {
    if slot.is_none() {
        *slot = String::convert(value).filter(|text| !text.is_empty());
    }
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
            serde_json::from_slice::<IgnoredAny>(body)?;
            return Ok(Self {
                code: ReplyCode::None,
                message: None,
                request_id: None,
            });
        }
        let keys: Keys = serde_json::from_slice(body)?;
        Ok(Self {
            code: keys.code,
            message: keys.messages.into_iter().flatten().next(),
            request_id: keys.request_ids.into_iter().flatten().next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<i64>, Option<String>, Option<String>) {
        let envelope = Envelope::read(body.as_bytes()).unwrap();
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
    fn of_equal_keys_the_first_counts_and_two_different_codes_contradict_each_other() {
        let code = |body: &str| Envelope::read(body.as_bytes()).unwrap().code;
        assert_eq!(
            code(r#"{"code":2,"code":"2"}"#),
            ReplyCode::One(Code::new(2))
        );
        assert_eq!(
            code(r#"{"code":null,"code":0}"#),
            ReplyCode::One(Code::SUCCESS)
        );
        for two in [r#"{"code":0,"code":2}"#, r#"{"code":2,"a":1,"code":"0"}"#] {
            assert_eq!(code(two), ReplyCode::Conflicting, "{two}");
        }
        let (_, message, id) = read(r#"{"msg":"a","msg":"b","reqId":"1","reqId":"2"}"#);
        assert_eq!((message, id), (Some("a".into()), Some("1".into())));
    }

    #[test]
    fn an_empty_text_hides_no_other() {
        let (_, message, id) =
            read(r#"{"msg":"","message":null,"result":"r","reqId":"","traceId":"t"}"#);
        assert_eq!((message, id), (Some("r".into()), Some("t".into())));
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
