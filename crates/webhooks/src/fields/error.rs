//! Why a push could not be read.

use std::fmt;

use nxcloud_client::codegen::incoming::Unreadable;

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
    /// The body has a content encoding that is not supported.
    ContentEncoding {
        /// Its name, if it is a known one.
        name: &'static str,
    },
    /// The body cannot be decoded as the content encoding that it has.
    Damaged {
        /// The name of the encoding.
        name: &'static str,
    },
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
    /// In a signed push a field came twice, so that two readers could disagree on which one counts.
    DuplicateField,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the push is larger than {limit} bytes"),
            Self::Empty => f.write_str("the push has neither a body nor a query"),
            Self::ContentType => f.write_str("the content type is not one of this service"),
            Self::ContentEncoding { name } => write!(
                f,
                "the content encoding ({name}) is not supported; have pushes sent without one"
            ),
            Self::Damaged { name } => {
                write!(f, "the body is called {name} and cannot be decoded as that")
            }
            Self::Json { line, column } => {
                write!(f, "the body is not JSON (line {line}, byte {column})")
            }
            Self::TooDeep => f.write_str("the JSON is nested too deeply"),
            Self::NotAnObject => f.write_str("the JSON is not an object"),
            Self::DuplicateField => f.write_str("a field came twice"),
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
