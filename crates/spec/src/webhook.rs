//! Pushes: requests that the platform sends to the user's server.

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
    /// The name, `snake_case` and unique in the file.
    pub name: String,
    /// What it reports and when the platform sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All documented transports, at least one.
    pub content: Vec<Transport>,
    /// Whether it is signed.
    pub signed: bool,
    /// The possible `action` headers of a signed push.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub action: Vec<String>,
    /// A reference to a named schema. Pushes that share a schema share their idempotency key.
    pub schema: Schema,
    /// The body that the platform expects in reply; absent if HTTP 200 is enough. It is the same for all pushes of a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// The body to reply if the push was not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_error: Option<String>,
    /// How the platform repeats a push that was not accepted; absent if that is not documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The fields that together identify an event, so that repeats can be recognised: dotted paths, with `[]` after a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idempotency_key: Vec<String>,
    /// `x-nx-codes`: codes that appear in the push.
    #[serde(rename = "x-nx-codes", default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// When the sandbox sends the push; absent if only on demand.
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

/// How the platform repeats a push.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Retry {
    /// Seconds between attempts.
    pub every_seconds: u64,
    /// Seconds after which the platform gives up.
    pub for_seconds: u64,
}

/// The operation after which the sandbox sends a push, and how it fills the push from the request and its reply.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct After {
    /// The operation. The sandbox sends the push after every success of it.
    pub operation: String,
    /// The request field with the address of the push; absent if the address can only be configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request field, a list or a comma-separated text, for each entry of which a push is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The request fields that are ignored if there are several entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub single_only: Vec<String>,
    /// The fields of the push, by dotted path such as `statuses.0.id`. A field whose template has no value is left out.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fill: IndexMap<String, Template>,
    /// Used instead of `fill` if there are several entries.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fill_many: IndexMap<String, Template>,
}
