//! Why a push could not be read.

use std::fmt;

/// Why a push could not be read. For the operator's eyes: it names the reason, and nothing that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseError {
    /// Query and body together are larger than the limit in bytes.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// There is neither a body nor a query to read.
    Empty,
    /// The content type is not one that the service pushes.
    ContentType,
    /// The body or the query is not UTF-8, before or after percent-decoding.
    NotUtf8,
    /// The body is not JSON.
    Json {
        /// Line of the first thing that is wrong, from 1.
        line: usize,
        /// Byte in that line, from 1.
        column: usize,
    },
    /// The JSON is nested deeper than 127 levels.
    TooDeep,
    /// The JSON is not an object.
    NotAnObject,
    /// A form field came twice with two values, so that two readers could disagree on which one counts.
    DuplicateField,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the push is larger than {limit} bytes"),
            Self::Empty => f.write_str("the push has neither a body nor a query"),
            Self::ContentType => f.write_str("the content type is not one of this service"),
            Self::NotUtf8 => f.write_str("the push is not UTF-8"),
            Self::Json { line, column } => {
                write!(f, "the body is not JSON (line {line}, byte {column})")
            }
            Self::TooDeep => f.write_str("the JSON is nested too deeply"),
            Self::NotAnObject => f.write_str("the JSON is not an object"),
            Self::DuplicateField => f.write_str("a form field came twice with two values"),
        }
    }
}

impl std::error::Error for ParseError {}
