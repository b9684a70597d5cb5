//! Explains why a body cannot be read as JSON.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde::de::DeserializeOwned;

use crate::platform::verdict::{LikelyCause, SignatureMismatch};

/// The content codings that a message may name. Any other name is a value of the request and is not shown.
const CODINGS: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress"];
const SURROGATE: &str =
    "contains half of a surrogate pair, such as half an emoji; cut texts between characters";
/// Messages of the JSON parser, which has no error codes for these cases, and the explanations for them. Most of
/// these bodies are valid JSON that is still not accepted.
const REFUSED: [(&str, &str); 6] = [
    (
        "recursion limit exceeded",
        "is nested too deeply, over 127 levels",
    ),
    ("lone leading surrogate", SURROGATE),
    ("unexpected end of hex escape", SURROGATE),
    (
        "control character",
        r"contains a raw line break or another control character in a text; escape it, such as \n",
    ),
    (
        "number out of range",
        "contains a number that is out of range",
    ),
    (
        "trailing characters",
        "continues after the end of its JSON value; send one value",
    ),
];
/// Number literals that JSON does not have.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Parses a body, or explains what is wrong and what to change.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            format!("the body: {error}")
        } else {
            syntax(body, &error)
        }
    })
}

fn syntax(body: &[u8], error: &serde_json::Error) -> String {
    if let Some(problem) = beginning(body) {
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
    let text = body
        .split(|byte| *byte == b'\n')
        .nth(line.saturating_sub(1));
    let rest = text.and_then(|text| text.get(column.saturating_sub(1)..));
    let is_there = |number: &&[u8]| rest.is_some_and(|rest| rest.starts_with(number));
    let what = if error.is_eof() {
        ": it ends too early"
    } else if NO_NUMBERS.iter().any(is_there) {
        ", which has no NaN and no Infinity"
    } else {
        ""
    };
    format!("the body is not JSON{what} (line {line}, column {column})")
}

/// The problem of a body that begins like compressed data or another encoding.
const fn beginning(body: &[u8]) -> Option<&'static str> {
    Some(match body {
        [0x1f, 0x8b, ..] => "is compressed with gzip; send it without compression",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "is compressed with zstd; send it without compression",
        [b'x', 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            "is compressed with deflate; send it without compression"
        }
        [0xef, 0xbb, 0xbf, ..] => "begins with a byte order mark; send it without one",
        [0xff, 0xfe, ..]
        | [0xfe, 0xff, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [b'{' | b'[', 0, ..]
        | [0, b'{' | b'[', ..] => "is UTF-16 or UTF-32; send it in UTF-8",
        _ => return None,
    })
}

/// The problem of a body whose headers name a content coding.
pub(crate) fn encoded(headers: &HeaderMap) -> Option<String> {
    let coding = coding(headers)?;
    let problem = "the body has the content-encoding";
    Some(format!("{problem} {coding}; send it without compression"))
}

/// Adds to an unexplained wrong signature that the body has a coding that the sandbox cannot undo.
pub(super) fn explain(headers: &HeaderMap, mismatch: SignatureMismatch) -> SignatureMismatch {
    let undone = |coding: &&str| matches!(*coding, "gzip" | "x-gzip" | "deflate");
    let coding = coding(headers).filter(|coding| !undone(coding));
    let Some(coding) = coding.filter(|_| mismatch.likely_cause() == LikelyCause::WrongSecret)
    else {
        return mismatch;
    };
    let difference = format!(
        "sent with the content-encoding {coding}, which the sandbox cannot undo: signed before it, or with another secret"
    );
    let string = mismatch.string_to_sign().to_owned();
    SignatureMismatch::new(LikelyCause::Compression, string, None).with_difference(Some(difference))
}

/// The content coding in the headers, if it changes the body.
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
