//! Why a push could not be read.

use std::fmt;

use nxcloud_client::codegen::incoming::Unreadable;

/// Why a push could not be read. This error is for the operator; it contains nothing of the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseError {
    /// Query and body together are larger than the limit in bytes.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// There is neither a body nor a query.
    Empty,
    /// The service does not push this content type.
    ContentType,
    /// The body has a content encoding that is not supported.
    ContentEncoding {
        /// Its name, if it is known.
        name: &'static str,
    },
    /// The body cannot be decoded with its content encoding.
    Damaged {
        /// The name of the encoding.
        name: &'static str,
    },
    /// The body is not valid JSON.
    Json {
        /// Line of the first error, counted from 1.
        line: usize,
        /// Byte of the first error in its line, counted from 1.
        column: usize,
    },
    /// The JSON is nested deeper than 127 levels.
    TooDeep,
    /// The JSON is not an object.
    NotAnObject,
    /// A signed push contains a field twice. Two readers could disagree on which one counts.
    DuplicateField,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the push is larger than {limit} bytes"),
            Self::Empty => f.write_str("the push has neither a body nor a query"),
            Self::ContentType => f.write_str("this service does not push this content type"),
            Self::ContentEncoding { name } => write!(
                f,
                "the content encoding ({name}) is not supported; let the sender use none"
            ),
            Self::Damaged { name } => {
                write!(
                    f,
                    "the body cannot be decoded with its content encoding ({name})"
                )
            }
            Self::Json { line, column } => {
                write!(f, "the body is not valid JSON (line {line}, byte {column})")
            }
            Self::TooDeep => f.write_str("the JSON has more than 127 levels"),
            Self::NotAnObject => f.write_str("the JSON is not an object"),
            Self::DuplicateField => f.write_str("the push contains a field twice"),
        }
    }
}

impl std::error::Error for ParseError {}

impl ParseError {
    pub(super) fn of(error: &Unreadable, limit: usize) -> Self {
        match error {
            Unreadable::TooLarge { .. } => Self::TooLarge { limit },
            Unreadable::ContentEncoding(name) => Self::ContentEncoding { name },
            Unreadable::Damaged(name) => Self::Damaged { name },
            Unreadable::Json(error) => Self::Json {
                line: error.line(),
                column: error.column(),
            },
            Unreadable::TooDeep => Self::TooDeep,
        }
    }
}
