//! Requests as lines of JSON.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method};
use bytes::Bytes;
use data_encoding::BASE64;
use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::platform::verdict::Verdict;
use crate::server::record::{Headers, Parts, ReceivedRequest};

/// The version of the lines.
const FORMAT: u32 = 1;
/// The first bytes of a record file, which no other file has.
pub(super) const MAGIC: &[u8] = b"{\"nxcloud-sandbox-record\":";
/// The maximum length of the first line.
pub(super) const MAX_HEADER: usize = 100;

/// The first line of a file.
#[derive(Deserialize, Serialize)]
pub(super) struct Header {
    #[serde(rename = "nxcloud-sandbox-record")]
    pub(super) format: u32,
    /// All requests in the file have higher numbers.
    pub(super) after: u64,
}

impl Header {
    pub(super) const fn new(after: u64) -> Self {
        Self {
            format: FORMAT,
            after,
        }
    }

    pub(super) const fn is_known(&self) -> bool {
        self.format == FORMAT
    }
}

/// One request. Text is written as text, other bytes as base64.
#[derive(Deserialize, Serialize)]
struct Line<'a> {
    /// Written last, because it is known last.
    #[serde(skip_serializing)]
    id: u64,
    received_at: u64,
    took_nanos: u64,
    service: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    method: Cow<'a, str>,
    path: Cow<'a, str>,
    query: Option<Cow<'a, str>>,
    /// In the format of an HTTP head.
    headers: Octets<'a>,
    body: Octets<'a>,
    verdict: Verdict,
    status: u16,
    reply: Octets<'a>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Octets<'a> {
    Text(Cow<'a, str>),
    Bytes { base64: Cow<'a, str> },
}

impl<'a> From<&'a [u8]> for Octets<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Bytes {
                base64: BASE64.encode(bytes).into(),
            },
        }
    }
}

impl Octets<'_> {
    fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_owned().into_bytes()),
            Self::Bytes { base64 } => BASE64.decode(base64.as_bytes()).ok(),
        }
    }
}

/// Appends a value and a line end.
pub(super) fn write(line: &mut Vec<u8>, value: &impl Serialize) {
    // Serialising these types to memory cannot fail.
    let _ = serde_json::to_writer(&mut *line, value);
    line.push(b'\n');
}

/// A request as a line without its number.
pub(super) fn of(parts: &Parts) -> Vec<u8> {
    let took = u64::try_from(parts.took.as_nanos()).unwrap_or(u64::MAX);
    let head = write_head(&parts.headers);
    let value = Line {
        id: 0,
        received_at: parts.received_at,
        took_nanos: took,
        service: parts.service.as_deref().map(Cow::from),
        operation: parts.operation.as_deref().map(Cow::from),
        method: parts.method.as_str().into(),
        path: parts.path.as_str().into(),
        query: parts.query.as_deref().map(Cow::from),
        headers: head.as_slice().into(),
        body: (&*parts.body).into(),
        verdict: parts.verdict.clone(),
        status: parts.status,
        reply: (&*parts.reply).into(),
    };
    let mut line = Vec::with_capacity(head.len() + parts.body.len() + parts.reply.len() + 512);
    write(&mut line, &value);
    line
}

/// Appends the number of the request to its line.
pub(super) fn number(line: &mut Vec<u8>, id: u64) {
    line.truncate(line.len().saturating_sub("}\n".len()));
    line.extend_from_slice(format!(",\"id\":{id}}}\n").as_bytes());
}

/// The headers as in an HTTP head. No value can contain a line end.
fn write_head(headers: &Headers) -> Vec<u8> {
    let lines = headers
        .iter()
        .map(|(name, value)| [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    lines.flatten().collect()
}

/// Parses the headers of [`write_head`].
fn read_head(head: &[u8]) -> Option<Headers> {
    let mut rest = head;
    let mut headers = Headers::new();
    while let Some(end) = memmem::find(rest, b"\r\n") {
        let (line, next) = rest.split_at_checked(end)?;
        let colon = memmem::find(line, b": ")?;
        let name = HeaderName::from_bytes(line.get(..colon)?).ok()?;
        let value = HeaderValue::from_bytes(line.get(colon + 2..)?).ok()?;
        headers.push((name, value));
        rest = next.get(2..)?;
    }
    rest.is_empty().then_some(headers)
}

/// Parses the request in a line; `None` if it is not a request, or incomplete.
pub(super) fn read_request(line: &[u8]) -> Option<ReceivedRequest> {
    let line = line.strip_suffix(b"\n")?;
    let line = serde_json::from_slice::<Line<'_>>(line).ok()?;
    let parts = Parts {
        received_at: line.received_at,
        took: Duration::from_nanos(line.took_nanos),
        service: line.service.map(|service| service.into_owned().into()),
        operation: line
            .operation
            .map(|operation| operation.into_owned().into()),
        method: Method::from_bytes(line.method.as_bytes()).ok()?,
        path: line.path.into_owned(),
        query: line.query.map(Cow::into_owned),
        headers: read_head(&line.headers.into_bytes()?)?,
        body: Bytes::from(line.body.into_bytes()?),
        verdict: line.verdict,
        status: line.status,
        reply: Bytes::from(line.reply.into_bytes()?),
    };
    Some(ReceivedRequest::new(line.id, parts.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::platform::verdict::{Cause, CommonProblem, LikelyCause, SignatureMismatch};

    fn verdicts() -> Vec<Verdict> {
        let causes = [
            Cause::UnknownPath,
            Cause::Method {
                allowed: vec!["GET".to_owned(), "PUT".to_owned()],
            },
            Cause::BodyTooLarge { limit: 17 },
            Cause::BodyIncomplete,
            Cause::CommonParameter {
                name: "ts".into(),
                problem: CommonProblem::Repeated,
            },
            Cause::UnknownAccount,
            Cause::Timestamp,
            Cause::Signature(SignatureMismatch::new(
                LikelyCause::ParameterOrder,
                "a=1&b=\"您好\"&accessSecret=***".to_owned(),
                Some("b=\"您好\"&a=1&accessSecret=***".to_owned()),
            )),
            Cause::Operation,
            Cause::Parameter {
                pointer: "/a/0".to_owned(),
                problem: "is missing".to_owned(),
            },
            Cause::State {
                code: 9000,
                problem: "not there".into(),
            },
            Cause::Fault,
        ];
        let refused = causes.map(|cause| Verdict::refused(-5, cause));
        [Verdict::accepted()].into_iter().chain(refused).collect()
    }

    #[test]
    fn every_verdict_and_number_survives_a_round_trip() {
        for (id, verdict) in (0..=u64::MAX).rev().zip(verdicts()) {
            let before = ReceivedRequest::new(
                id,
                Arc::new(Parts {
                    received_at: u64::MAX - id,
                    took: Duration::from_nanos(id),
                    service: Some("sms".into()),
                    operation: None,
                    method: Method::POST,
                    path: "/a".to_owned(),
                    query: (id % 2 == 0).then(String::new),
                    headers: read_head(b"a: \xFF\r\nb: \r\na: : \r\n").unwrap(),
                    body: vec![0, 0xFF, b'"'].into(),
                    verdict,
                    status: u16::MAX,
                    reply: "{\0\u{2028}\n".into(),
                }),
            );
            let mut line = of(before.parts());
            number(&mut line, id);
            assert_eq!(
                line.iter().position(|byte| *byte == b'\n'),
                Some(line.len() - 1)
            );
            let after = read_request(&line).unwrap();
            assert_eq!(after.to_json(), before.to_json());
            assert_eq!(after.took(), before.took());
            assert!(after.headers().eq(before.headers()));
            for end in 0..line.len() {
                assert!(read_request(&line[..end]).is_none(), "{end}");
            }
        }
    }
}
