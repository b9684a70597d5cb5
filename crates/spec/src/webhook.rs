//! Pushes: what the platform sends by itself.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::example::Example;
use crate::schema::{Reference, Schema};
use crate::template::Template;

/// A push of the platform.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Webhook {
    /// `snake_case` name, unique in the file.
    pub name: String,
    /// What it says and when it comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Every transport that the reference names, at least one.
    pub content: Vec<Transport>,
    /// Whether it is signed.
    pub signed: bool,
    /// The `action` headers that a signed push may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub action: Vec<String>,
    /// A reference to a named schema. Pushes that share a schema share their idempotency key.
    pub schema: Schema,
    /// The text that the platform expects; absent where it expects only HTTP 200. All pushes of a service have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// The text for a push that was not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_error: Option<String>,
    /// How often the platform tries again; absent where nothing is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Fields that together tell a repeat from a new event: dotted paths, with `[]` for each entry of a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idempotency_key: Vec<String>,
    /// `x-nx-codes`: codes that appear in the push.
    #[serde(rename = "x-nx-codes", default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// What makes the sandbox push it; absent: only on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
    /// Complete, fictitious examples by name, at least one.
    pub examples: IndexMap<String, Example>,
}

impl Webhook {
    /// The name of the schema of its fields.
    #[must_use]
    pub fn event(&self) -> &str {
        self.schema.reference.as_ref().map_or("", Reference::name)
    }
}

/// How a push is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Transport {
    /// A JSON body.
    Json,
    /// A form body.
    Form,
    /// The query of a POST.
    Query,
}

impl Transport {
    /// The name as in a spec, such as `json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How often the platform tries again.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Retry {
    /// Seconds between attempts.
    pub every_seconds: u64,
    /// Seconds after which the platform gives up.
    pub for_seconds: u64,
}

/// What a push follows, and how its fields come from the request and its reply.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct After {
    /// The operation; every success of it makes the push.
    pub operation: String,
    /// Field of the request with the address of the push; absent: only a configured address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Field of the request that makes a push for each of its entries: a list, or a text with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// Fields of the request that count only when there is one entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub single_only: Vec<String>,
    /// Fields of the push by dotted path, such as `statuses.0.id`. A field whose source is missing is left out.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fill: IndexMap<String, Template>,
    /// The same, instead of `fill` when there are several entries.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fill_many: IndexMap<String, Template>,
}
