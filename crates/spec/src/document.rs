//! The dialect: the structure of a spec file.
//!
//! A spec is an OpenAPI 3.0 document that uses only the keys of these structs. Keys that start with `x-nx-` are extensions of this project; each is
//! documented on its field. This module is the reference of the dialect.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::code::{Code, CodeKind};
pub use crate::example::Example;
use crate::message::Message;
use crate::schema::{Reference, Schema};
use crate::switch::is_false;
use crate::webhook::Webhook;

/// A whole spec file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Document {
    /// `x-nx-generated`: marks the embedded copy of a spec as generated. Not used in hand-written specs.
    #[serde(rename = "x-nx-generated", skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The OpenAPI version, `3.0.3`.
    pub openapi: String,
    /// Title, version and description.
    pub info: Info,
    /// The first server is the documented base URL.
    pub servers: Vec<Server>,
    /// `x-nx-scheme`: how requests are signed. Required.
    #[serde(rename = "x-nx-scheme")]
    pub scheme: Scheme,
    /// `x-nx-biz-type`: the `bizType` header, a string. Required for `nxcloud-md5`.
    #[serde(rename = "x-nx-biz-type", skip_serializing_if = "Option::is_none")]
    pub biz_type: Option<String>,
    /// `x-nx-source`: the title of the vendor's page that documents the service, or its address as `<https://…>`. The generated
    /// documentation cites it. Required.
    #[serde(rename = "x-nx-source")]
    pub source: String,
    /// `x-nx-package`: the name of the package, if it is not `nxcloud-<file name>`.
    #[serde(rename = "x-nx-package", skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// `x-nx-codes`: result codes of all operations. The codes 0 and 1001 to 1005 are built in; repeat a built-in code only if its meaning differs.
    #[serde(rename = "x-nx-codes", default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Groups of operations, for other tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Value>,
    /// Operations by path. Operations that share a URL need a `#fragment` in their path. It is never sent.
    pub paths: IndexMap<String, PathItem>,
    /// `x-nx-webhooks`: the pushes of the platform.
    #[serde(
        rename = "x-nx-webhooks",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub webhooks: Vec<Webhook>,
    /// The named schemas.
    pub components: Components,
}

/// Title, version and description of a spec.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Info {
    /// The name of the service.
    pub title: String,
    /// The version of the service, in quotes.
    pub version: String,
    /// What the service does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A base URL.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Server {
    /// The URL, without a trailing slash.
    pub url: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The signature scheme of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Scheme {
    /// `hex(md5(header parameters + body + secret))`, in headers.
    #[serde(rename = "nxcloud-md5")]
    NxcloudMd5,
    /// `hex(sha256(values in order + secret))`, in headers or in the query.
    #[serde(rename = "antbuddy-sha256")]
    AntBuddySha256,
}

/// The operations of one path.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PathItem {
    /// `GET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get: Option<Operation>,
    /// `POST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<Operation>,
    /// `PUT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put: Option<Operation>,
    /// `DELETE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<Operation>,
    /// `PATCH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Operation>,
}

impl PathItem {
    /// The operations with their HTTP methods in upper case.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, &Operation)> {
        [
            ("GET", &self.get),
            ("POST", &self.post),
            ("PUT", &self.put),
            ("DELETE", &self.delete),
            ("PATCH", &self.patch),
        ]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    }
}

/// An operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Operation {
    /// The id, `snake_case`.
    #[serde(rename = "operationId")]
    pub id: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// Further documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The groups of the operation, for other tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The base URL, if it differs from that of the service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Server>,
    /// `x-nx-action`: the `action` header. Required for `nxcloud-md5`.
    #[serde(rename = "x-nx-action", skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// `x-nx-biz-type`: the `bizType` header, if it differs from that of the service.
    #[serde(rename = "x-nx-biz-type", skip_serializing_if = "Option::is_none")]
    pub biz_type: Option<String>,
    /// `x-nx-safe`: true for reads. Clients repeat safe operations after a failure with an unknown outcome.
    #[serde(rename = "x-nx-safe", default, skip_serializing_if = "is_false")]
    pub safe: bool,
    /// `x-nx-parameter-code`: the platform's result code for an invalid body. Required for `nxcloud-md5`.
    #[serde(
        rename = "x-nx-parameter-code",
        skip_serializing_if = "Option::is_none"
    )]
    pub parameter_code: Option<i64>,
    /// `x-nx-hash-in`: where the hash is sent. Required for `antbuddy-sha256`.
    #[serde(rename = "x-nx-hash-in", skip_serializing_if = "Option::is_none")]
    pub hash_in: Option<HashIn>,
    /// `x-nx-hash-order`: the hashed parameters, in order. Required for `antbuddy-sha256`.
    #[serde(rename = "x-nx-hash-order", skip_serializing_if = "Option::is_none")]
    pub hash_order: Option<Vec<String>>,
    /// `x-nx-max-days`: the maximum time between two date-time parameters.
    #[serde(rename = "x-nx-max-days", skip_serializing_if = "Option::is_none")]
    pub max_days: Option<MaxDays>,
    /// `x-nx-paging`: how the query is paged.
    #[serde(rename = "x-nx-paging", skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
    /// `x-nx-message`: the operation sends a message to one or several recipients.
    #[serde(rename = "x-nx-message", skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// `x-nx-recipient`: the field with the phone numbers of an operation without `x-nx-message`. The sandbox's list of requests shows it.
    #[serde(rename = "x-nx-recipient", skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// `x-nx-codes`: result codes of this operation. They take precedence over those of the root.
    #[serde(rename = "x-nx-codes", default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// The path and query parameters. Do not list the headers of the signature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The body of the request.
    #[serde(rename = "requestBody", skip_serializing_if = "Option::is_none")]
    pub body: Option<RequestBody>,
    /// The reply, under `"200"`.
    pub responses: IndexMap<String, Response>,
}

/// Where the hash of an `antbuddy-sha256` operation is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashIn {
    /// In the headers.
    Header,
    /// In the query.
    Query,
}

/// The maximum time between two parameters of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MaxDays {
    /// The parameter with the start time.
    pub from: String,
    /// The parameter with the end time.
    pub to: String,
    /// The maximum number of days.
    pub days: i64,
}

/// How a query is paged. Request fields are wire names, values of the reply are dotted paths.
#[derive(Clone, Debug, Serialize)]
#[serde(
    tag = "style",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Paging {
    /// By page number. Without `total-pages`, the first page with fewer items than the page size is the last one.
    Page {
        /// The request field with the page number.
        page: String,
        /// The request field with the page size.
        size: String,
        /// The path of the items.
        items: String,
        /// The path of the number of pages.
        #[serde(skip_serializing_if = "Option::is_none")]
        total_pages: Option<String>,
    },
    /// By the number of items to skip. The first page with fewer items than the page size is the last one.
    Offset {
        /// The request field with the number of items to skip.
        offset: String,
        /// The request field with the page size.
        size: String,
        /// The path of the items.
        items: String,
    },
    /// By a cursor in the reply.
    Cursor {
        /// The request field with the cursor.
        cursor: String,
        /// The request field with the page size.
        size: String,
        /// The path of the items.
        items: String,
        /// The path of the next cursor.
        next: String,
        /// The path of a value that is present only if there is another page.
        more: String,
    },
}

impl Paging {
    /// The request field that selects the page: page number, offset or cursor.
    #[must_use]
    pub fn position(&self) -> &str {
        match self {
            Self::Page { page, .. } => page,
            Self::Offset { offset, .. } => offset,
            Self::Cursor { cursor, .. } => cursor,
        }
    }

    /// The request field with the page size.
    #[must_use]
    pub fn size(&self) -> &str {
        match self {
            Self::Page { size, .. } | Self::Offset { size, .. } | Self::Cursor { size, .. } => size,
        }
    }

    /// The path of the items in the reply.
    #[must_use]
    pub fn items(&self) -> &str {
        match self {
            Self::Page { items, .. } | Self::Offset { items, .. } | Self::Cursor { items, .. } => {
                items
            }
        }
    }
}

/// A path or query parameter.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Parameter {
    /// The wire name.
    pub name: String,
    /// Where it is sent.
    #[serde(rename = "in")]
    pub place: Place,
    /// Whether it is required.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `x-nx-field`: the Rust name, if it is not the wire name in `snake_case`.
    #[serde(rename = "x-nx-field", skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `x-nx-public`: see [`Schema::public`].
    #[serde(rename = "x-nx-public", default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// Its type and limits.
    #[serde(default)]
    pub schema: Schema,
    /// An example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
}

/// Where a parameter is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the query.
    Query,
    /// In the path.
    Path,
}

/// The body of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestBody {
    /// Whether it is required; always true.
    #[serde(default)]
    pub required: bool,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Exactly one of `application/json` and `multipart/form-data`.
    pub content: IndexMap<String, MediaType>,
}

/// A reply.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Response {
    /// What it means.
    #[serde(default)]
    pub description: String,
    /// `application/json`, with an example `success` and, if a failure is documented, an example `failure`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub content: IndexMap<String, MediaType>,
}

/// A body in one media type.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MediaType {
    /// A reference to a named schema.
    pub schema: Schema,
    /// Complete, fictitious examples by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub examples: IndexMap<String, Example>,
}

/// The named schemas of a spec.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Components {
    /// Schemas by name, `PascalCase`.
    #[serde(default)]
    pub schemas: IndexMap<String, Schema>,
}

impl Document {
    /// The schema that a reference points to.
    #[must_use]
    pub fn resolve(&self, reference: &Reference) -> Option<&Schema> {
        self.components.schemas.get(reference.name())
    }
}
