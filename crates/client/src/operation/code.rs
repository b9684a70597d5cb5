//! Result codes: the field `code` of replies.

use std::fmt;

/// A result code of the platform. `0` means success. Services send it as a number or as a string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(i64);

impl Code {
    /// The platform accepted the request.
    pub const SUCCESS: Self = Self(0);
    /// A common header (`accessKey`, `ts`, `bizType`, `action`, `sign`) is missing.
    pub const MISSING_HEADER: Self = Self(1001);
    /// `bizType` or `action` is wrong, or a parameter of the body.
    pub const WRONG_PARAMETER: Self = Self(1002);
    /// The signature does not verify.
    pub const INVALID_SIGNATURE: Self = Self(1003);
    /// `ts` is more than 60,000 ms away from the server's clock.
    pub const TIMESTAMP_EXPIRED: Self = Self(1004);
    /// The access key is unknown, or the account lacks the permission.
    pub const NO_PERMISSION: Self = Self(1005);

    /// The code with this number.
    #[must_use]
    pub const fn new(code: i64) -> Self {
        Self(code)
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

impl From<i64> for Code {
    fn from(code: i64) -> Self {
        Self(code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kind of failure that a result code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// Authentication failed: access key, signature, clock or application key.
    Authentication,
    /// A field of the request is missing or wrong.
    Parameter,
    /// The account's balance is too low.
    Balance,
    /// The account lacks the permission.
    Permission,
    /// Requests come too fast. A retry after a second may succeed.
    RateLimit,
    /// A quota is used up and is renewed only after hours or days. Do not retry before that.
    Quota,
    /// Something named in the request does not exist.
    NotFound,
    /// The platform, or a system behind it, failed.
    Platform,
    /// The documentation does not say.
    Unknown,
}

impl CodeKind {
    /// The kind as text, as error messages show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Parameter => "parameter",
            Self::Balance => "balance",
            Self::Permission => "permission",
            Self::RateLimit => "rate limit",
            Self::Quota => "quota",
            Self::NotFound => "not found",
            Self::Platform => "platform",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for CodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The documentation of one result code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// Its name: that of the constant in the service's module `codes`.
    pub name: &'static str,
    /// The kind of failure.
    pub kind: CodeKind,
    /// What the code means, in a few words.
    pub meaning: &'static str,
    /// What to do about it, in one sentence.
    pub hint: Option<&'static str>,
}

impl CodeInfo {
    /// The documentation of a code. Called by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        code: i64,
        name: &'static str,
        kind: CodeKind,
        meaning: &'static str,
        hint: Option<&'static str>,
    ) -> Self {
        Self {
            code: Code(code),
            name,
            kind,
            meaning,
            hint,
        }
    }
}

/// The codes shared by all NXCLOUD services.
pub static PLATFORM_CODES: &[CodeInfo] = &[
    CodeInfo::new(
        1001,
        "MISSING_HEADER",
        CodeKind::Authentication,
        "a common header is missing",
        Some("Check whether a proxy or gateway removes headers."),
    ),
    CodeInfo::new(
        1002,
        "WRONG_PARAMETER",
        CodeKind::Parameter,
        "wrong bizType, action or body parameter",
        Some("Check the fields of the request against their documented limits."),
    ),
    CodeInfo::new(
        1003,
        "INVALID_SIGNATURE",
        CodeKind::Authentication,
        "the signature does not verify",
        Some("Check the access secret, and whether a proxy or gateway changes the body."),
    ),
    CodeInfo::new(
        1004,
        "TIMESTAMP_EXPIRED",
        CodeKind::Authentication,
        "ts is more than 60 s away from the server's clock",
        Some("Set this machine's clock."),
    ),
    CodeInfo::new(
        1005,
        "NO_PERMISSION",
        CodeKind::Permission,
        "unknown access key, or the account lacks the permission",
        Some("Check the access key and that the service is enabled for the account."),
    ),
];

/// The kind of a code that is not documented. The codes 1000 to 1099 are reserved for authentication.
pub(crate) fn kind_of_unlisted(code: Code) -> CodeKind {
    if (1000..=1099).contains(&code.0) {
        CodeKind::Authentication
    } else {
        CodeKind::Unknown
    }
}
