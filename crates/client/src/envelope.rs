//! The one place where a reply's envelope is read.
//!
//! The services agree on `code` and on little else: it is a number or text, the text beside it is `msg`, `message` or
//! `result`, the request id is `requestId`, `reqId` or `traceId`.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::Lenient;
use crate::Code;

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

impl Envelope {
    /// Reads the envelope; a reply that is JSON but no object has an empty one.
    ///
    /// # Errors
    ///
    /// When the body is not JSON, with the place where it stops being so.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_path_to_error::Error<serde_json::Error>> {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        if first != Some(&b'{') {
            serde_path_to_error::deserialize::<_, serde::de::IgnoredAny>(&mut deserializer)?;
            return Ok(Self::default());
        }
        let keys: Keys = serde_path_to_error::deserialize(&mut deserializer)?;
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
        (envelope.code.map(Code::value), envelope.message, envelope.request_id)
    }

    #[test]
    fn every_spelling_of_every_service_is_read() {
        assert_eq!(read(r#"{"code":"0","messageid":"1","result":"ok"}"#), (Some(0), Some("ok".into()), None));
        assert_eq!(read(r#"{"code":-1,"message":"no"}"#), (Some(-1), Some("no".into()), None));
        assert_eq!(
            read(r#"{"reqId":"r","code":88,"msg":"m","data":{}}"#),
            (Some(88), Some("m".into()), Some("r".into()))
        );
        assert_eq!(read(r#"{"code":0,"msg":null,"traceId":7,"message":""}"#), (Some(0), None, Some("7".into())));
    }

    #[test]
    fn a_reply_without_code_has_none() {
        assert_eq!(read("{}"), (None, None, None));
        assert_eq!(read("[1]"), (None, None, None));
        assert_eq!(read(r#"{"code":"abc"}"#).0, None);
        assert_eq!(read(r#"{"code":{"a":1},"result":[1]}"#), (None, None, None));
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for bad in ["", "<html>", r#"{"code":0"#, "\u{feff}{}", "nul"] {
            assert!(Envelope::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
