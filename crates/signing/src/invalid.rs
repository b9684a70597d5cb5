//! The error of all constructors in this crate.

use core::fmt;

use crate::header;

/// The invalid value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The NXCLOUD access key.
    AccessKey,
    /// The `AntBuddy` app id.
    AppId,
    /// The access secret or app secret.
    Secret,
    /// The `action` header.
    Action,
    /// The `bizType` header.
    BizType,
    /// The `ts` header.
    Timestamp,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessKey => "access key",
            Self::AppId => "app id",
            Self::Secret => "secret",
            Self::Action => header::ACTION,
            Self::BizType => header::BIZ_TYPE,
            Self::Timestamp => "timestamp",
        })
    }
}

/// Why a value is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The value is empty.
    Empty,
    /// The byte at this offset is not visible ASCII, or is a space at either end of the value.
    NotHeaderText {
        /// Offset of the first such byte.
        at: usize,
    },
    /// The byte at this offset is not an ASCII digit.
    NotADigit {
        /// Offset of the first such byte.
        at: usize,
    },
    /// The value is longer than this many bytes.
    TooLong {
        /// The maximum length.
        max: usize,
    },
}

/// A value is invalid. The error names the field and the reason, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidField {
    field: Field,
    reason: Reason,
}

impl InvalidField {
    pub(crate) const fn new(field: Field, reason: Reason) -> Self {
        Self { field, reason }
    }

    /// The invalid value.
    #[must_use]
    pub const fn field(&self) -> Field {
        self.field
    }

    /// Why it is invalid.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.reason {
            Reason::Empty => write!(f, "the {field} is empty; set it"),
            Reason::NotHeaderText { at } => write!(
                f,
                "the {field} has a character at byte {at} that an HTTP header cannot carry there; remove it"
            ),
            Reason::NotADigit { at } => {
                write!(
                    f,
                    "the {field} has a non-digit at byte {at}; write digits only"
                )
            }
            Reason::TooLong { max } => {
                write!(f, "the {field} is longer than {max} bytes; shorten it")
            }
        }
    }
}

impl core::error::Error for InvalidField {}
