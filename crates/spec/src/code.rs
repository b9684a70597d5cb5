//! Result codes.

use serde::{Deserialize, Serialize};

/// A documented result code.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Code {
    /// The number.
    pub code: i64,
    /// `SCREAMING_SNAKE` name of its constant.
    pub name: String,
    /// What sort of refusal it is.
    pub kind: CodeKind,
    /// What it means.
    pub meaning: String,
    /// What to do, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What sort of refusal a result code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
pub enum CodeKind {
    /// The caller was not recognised.
    Authentication,
    /// A field is missing or wrong.
    Parameter,
    /// The account cannot pay.
    Balance,
    /// The caller may not do this.
    Permission,
    /// Too much in too short a time: passes within seconds, is tried again.
    RateLimit,
    /// An allowance is used up: passes after hours, is not tried again.
    Quota,
    /// What the request refers to does not exist.
    NotFound,
    /// The platform or something behind it failed.
    Platform,
    /// The reference does not say.
    Unknown,
}

impl CodeKind {
    /// The name of the variant, such as `RateLimit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
