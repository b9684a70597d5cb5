//! The error of every constructor in this crate.

use core::fmt;

use crate::header;

/// Which value was refused.
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

/// Why a value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The value has no characters.
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
        /// The largest allowed length.
        max: usize,
    },
}

/// A value that cannot take part in a signature. It names the field and the reason, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidField {
    field: Field,
    reason: Reason,
}

impl InvalidField {
    pub(crate) const fn new(field: Field, reason: Reason) -> Self {
        Self { field, reason }
    }

    /// Which value was refused.
    #[must_use]
    pub const fn field(&self) -> Field {
        self.field
    }

    /// Why it was refused.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.reason {
            Reason::Empty => write!(f, "the {field} is empty"),
            Reason::NotHeaderText { at } => write!(
                f,
                "the {field} has a character at byte {at} that an HTTP header cannot carry there"
            ),
            Reason::NotADigit { at } => write!(f, "the {field} has a non-digit at byte {at}"),
            Reason::TooLong { max } => write!(f, "the {field} is longer than {max} bytes"),
        }
    }
}

impl core::error::Error for InvalidField {}
