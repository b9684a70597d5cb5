//! The signed parts of an NXCLOUD request.

use core::fmt;

use crate::{Action, BizType, Timestamp};

/// The body of a request.
///
/// `Debug` shows only its length, because bodies contain phone numbers and message texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Body<'a> {
    /// The exact bytes that are sent. An empty body is left out of the string to sign.
    Signed(&'a [u8]),
    /// A body that the signature does not cover: `multipart/form-data`.
    Unsigned,
}

impl<'a> Body<'a> {
    /// The bytes in the string to sign. If empty, the part `&body=` is left out.
    pub(crate) const fn signed_bytes(self) -> &'a [u8] {
        match self {
            Self::Signed(bytes) => bytes,
            Self::Unsigned => &[],
        }
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(bytes) => write!(f, "Signed({} bytes)", bytes.len()),
            Self::Unsigned => f.write_str("Unsigned"),
        }
    }
}

/// The signed parts of an NXCLOUD request. Access key and secret are in the [`Signer`](crate::Signer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; another signed part must be a breaking change"
)]
pub struct Request<'a> {
    /// The `action` header.
    pub action: Action<'a>,
    /// The `bizType` header.
    pub biz_type: BizType<'a>,
    /// The `ts` header.
    pub ts: Timestamp,
    /// The body.
    pub body: Body<'a>,
}
