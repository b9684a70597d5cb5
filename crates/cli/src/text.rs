//! Reads text and JSON from files, standard input and flags.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::time::Duration;

use nxcloud::Repair;
use nxcloud_client::codegen::incoming;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::failure::Failure;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| Failure::io(source_name(path), &error);
    if path != "-" {
        return fs::read(path).map_err(failed);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The name of an input in messages.
pub(crate) fn source_name(path: &str) -> &str {
    match path {
        "-" => "standard input",
        path => path,
    }
}

/// Decodes UTF-8 without a byte order mark, or describes what is wrong.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, String> {
    if let Some(encoding) = wide_encoding(bytes) {
        return Err(format!(
            "is {encoding}; convert it to UTF-8, for example with iconv"
        ));
    }
    std::str::from_utf8(without_mark(bytes)).map_err(|error| {
        format!(
            "is not UTF-8 (byte {}); convert it to UTF-8, for example with iconv",
            error.valid_up_to() + 1
        )
    })
}

/// Parses a time such as `90s`, `10m` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    let parsed = parsed.and_then(|time| Duration::try_from(time).ok());
    parsed.ok_or("expected a time such as 90s, 10m or 1h")
}

pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK).unwrap_or(bytes)
}

/// Recognises UTF-16 and UTF-32, by the byte order mark or by zero bytes in the first characters.
pub(crate) fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [1..=0xff, 0, 0, 0, ..] => Some("UTF-32 (little-endian)"),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=0xff, ..] => Some("UTF-32 (big-endian)"),
        [0xff, 0xfe, 1..=0xff, 0, ..] | [1..=0xff, 0, 1..=0xff, 0, ..] => {
            Some("UTF-16 (little-endian)")
        }
        [0xfe, 0xff, 0, 1..=0xff, ..] | [0, 1..=0xff, 0, 1..=0xff, ..] => {
            Some("UTF-16 (big-endian)")
        }
        _ => None,
    }
}

/// Why a text is not accepted as JSON. It contains the place, never the value.
#[derive(Debug)]
pub(crate) enum NotJson {
    At {
        line: usize,
        column: usize,
    },
    /// An object has the same key twice, so its value is ambiguous.
    EqualKeys,
}

impl From<serde_json::Error> for NotJson {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::At { line, column }
    }
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { line, column } => {
                write!(f, "is not valid JSON (line {line}, column {column})")
            }
            Self::EqualKeys => f.write_str("contains the same key twice; remove one of them"),
        }
    }
}

/// Parses strict JSON without losing digits: a number that 64 bits cannot hold becomes a string of its digits.
pub(crate) fn json(text: &str) -> Result<Value, NotJson> {
    // This checks the syntax only. Numbers of any length pass.
    serde_json::from_str::<IgnoredAny>(text)?;
    let strict = |text| serde_json::from_str(text).map_err(NotJson::from);
    let body = incoming::Body::new(text.as_bytes(), None, None, usize::MAX);
    let Ok(document) = body.and_then(|body| body.json()) else {
        return strict(text);
    };
    match document
        .repairs
        .iter()
        .find(|repair| *repair != Repair::Number)
    {
        None => Ok(document.value),
        Some(Repair::EqualKeys) => Err(NotJson::EqualKeys),
        Some(_) => strict(text),
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
