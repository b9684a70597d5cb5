//! Examples.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A named example.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Example {
    /// What the example shows. The generated documentation of the operation and the crate page show an example request that has a
    /// summary, with the summary as its heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The value.
    pub value: Value,
}
