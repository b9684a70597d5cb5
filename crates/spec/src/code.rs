//! Result codes.

use serde::{Deserialize, Serialize};

/// A documented result code.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Code {
    /// The number.
    pub code: i64,
    /// The name of its constant, `SCREAMING_SNAKE_CASE`.
    pub name: String,
    /// The kind of failure.
    pub kind: CodeKind,
    /// What the code means.
    pub meaning: String,
    /// What to do about it, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The kind of failure that a result code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
pub enum CodeKind {
    /// Authentication failed.
    Authentication,
    /// A field is missing or wrong.
    Parameter,
    /// The account's balance is too low.
    Balance,
    /// The account lacks the permission.
    Permission,
    /// Requests come too fast. Clients retry after seconds.
    RateLimit,
    /// A quota is used up for hours or days. Clients do not retry.
    Quota,
    /// Something named in the request does not exist.
    NotFound,
    /// The platform, or a system behind it, failed.
    Platform,
    /// The documentation does not say.
    Unknown,
}

impl CodeKind {
    /// The name of the variant, such as `RateLimit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
