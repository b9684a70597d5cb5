//! Why a body cannot be read as JSON.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::platform::verdict::{LikelyCause, SignatureMismatch};

/// Codings of a body that are named; any other is a value of the request.
const CODINGS: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress"];
/// How compressed bytes and other encodings begin.
const BEGINNINGS: [(&[u8], &str); 10] = [
    (
        b"\x1f\x8b",
        "is compressed with gzip; send it without compression",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "is compressed with zstd; send it without compression",
    ),
    (
        b"x\x9c",
        "is compressed with deflate; send it without compression",
    ),
    (
        b"x\x01",
        "is compressed with deflate; send it without compression",
    ),
    (
        b"x\xda",
        "is compressed with deflate; send it without compression",
    ),
    (
        b"\xef\xbb\xbf",
        "begins with a byte order mark; send it without one",
    ),
    (b"\xff\xfe", "is UTF-16; send it in UTF-8"),
    (b"\xfe\xff", "is UTF-16; send it in UTF-8"),
    (b"{\0", "is UTF-16; send it in UTF-8"),
    (b"\0{", "is UTF-16; send it in UTF-8"),
];

/// What the reader of JSON says, which has no other name for it, and what is wrong. Most of these are JSON, though it is not taken.
const REFUSED: [(&str, &str); 5] = [
    (
        "recursion limit exceeded",
        "is nested too deeply, over 127 levels",
    ),
    (
        "lone leading surrogate",
        "holds half of a surrogate pair, such as half an emoji; cut texts between characters",
    ),
    (
        "unexpected end of hex escape",
        "holds half of a surrogate pair, such as half an emoji; cut texts between characters",
    ),
    (
        "control character",
        r"holds a raw line break or another control character in a text; escape it, such as \n",
    ),
    ("number out of range", "holds a number that is out of range"),
];

/// What is wrong, and what to change.
pub(super) fn json(headers: &HeaderMap, body: &[u8], error: &serde_json::Error) -> String {
    if let Some(coding) = coding(headers) {
        return format!("the body has the content-encoding {coding}; send it without compression");
    }
    let begins = |(beginning, _): &&(&[u8], &str)| body.starts_with(beginning);
    if let Some((_, problem)) = BEGINNINGS.iter().find(begins) {
        return format!("the body {problem}");
    }
    if let Err(error) = std::str::from_utf8(body) {
        let place = error.valid_up_to() + 1;
        return format!("the body is not UTF-8 (byte {place}); send it in UTF-8");
    }
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let refused = REFUSED.iter().find(|(start, _)| said.starts_with(start));
    if let Some((_, problem)) = refused {
        return format!("the body (line {line}, column {column}) {problem}");
    }
    if error.is_eof() {
        return format!("the body is not JSON: it ends too early (line {line}, column {column})");
    }
    format!("the body is not JSON (line {line}, column {column})")
}

/// Says of a signature that nothing explains that the body came in a coding which is not undone here.
pub(super) fn explain(headers: &HeaderMap, found: SignatureMismatch) -> SignatureMismatch {
    let undone = |coding: &&str| matches!(*coding, "gzip" | "x-gzip" | "deflate");
    let coding = coding(headers).filter(|coding| !undone(coding));
    let Some(coding) = coding.filter(|_| found.likely_cause() == LikelyCause::WrongSecret) else {
        return found;
    };
    let difference = format!(
        "sent with the content-encoding {coding}, which the sandbox cannot undo: signed before it, or with another secret"
    );
    let string = found.string_to_sign().to_owned();
    SignatureMismatch::new(LikelyCause::Compression, string, None).with_difference(Some(difference))
}

/// The coding that the headers name, if it changes the body.
fn coding(headers: &HeaderMap) -> Option<&'static str> {
    let sent = headers.get_all(CONTENT_ENCODING).iter();
    let sent = sent.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut sent = sent.map(<[u8]>::trim_ascii);
    let other =
        sent.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))?;
    let known = CODINGS
        .into_iter()
        .find(|known| other.eq_ignore_ascii_case(known.as_bytes()));
    Some(known.unwrap_or("that its header names"))
}
