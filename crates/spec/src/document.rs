//! The dialect: what a spec file may hold.
//!
//! A spec is an OpenAPI 3.0 document that uses the keys of these structs and no others. Keys that begin with `x-nx-` are this project's own; each is
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
    /// `x-nx-generated`: written into the embedded copy of a spec, to mark it as generated. Not part of a hand-written spec.
    #[serde(rename = "x-nx-generated", skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// Version of OpenAPI, `3.0.3`.
    pub openapi: String,
    /// Title, version and description.
    pub info: Info,
    /// The documented base URL, as the first server.
    pub servers: Vec<Server>,
    /// `x-nx-scheme`: how requests are signed. Required.
    #[serde(rename = "x-nx-scheme")]
    pub scheme: Scheme,
    /// `x-nx-biz-type`: the `bizType` header, a string. Required for `nxcloud-md5`.
    #[serde(rename = "x-nx-biz-type", skip_serializing_if = "Option::is_none")]
    pub biz_type: Option<String>,
    /// `x-nx-source`: the page of the reference that the spec was written from. Required.
    #[serde(rename = "x-nx-source")]
    pub source: String,
    /// `x-nx-package`: the name of the package, where it is not `nxcloud-<file name>`.
    #[serde(rename = "x-nx-package", skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// `x-nx-codes`: result codes of every operation. The codes 0 and 1001 to 1005 are built in; repeat a built-in code only where its meaning differs.
    #[serde(rename = "x-nx-codes", default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Groups of operations, for other tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Value>,
    /// Operations by path. Operations that share a URL have a `#fragment` in their path, which is never sent.
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
    /// Name of the service.
    pub title: String,
    /// Version of the service, in quotes.
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
    /// The URL, without a slash at its end.
    pub url: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// How requests are signed.
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
    /// The operations with their methods, upper case.
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

/// One endpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Operation {
    /// The id, `snake_case`.
    #[serde(rename = "operationId")]
    pub id: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Groups that it belongs to, for other tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Base URL of its own, where it is on another host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Server>,
    /// `x-nx-action`: the `action` header. Required for `nxcloud-md5`.
    #[serde(rename = "x-nx-action", skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// `x-nx-biz-type`: a `bizType` header of its own.
    #[serde(rename = "x-nx-biz-type", skip_serializing_if = "Option::is_none")]
    pub biz_type: Option<String>,
    /// `x-nx-safe`: true for reads. A safe operation may be repeated after a failure with unknown outcome.
    #[serde(rename = "x-nx-safe", default, skip_serializing_if = "is_false")]
    pub safe: bool,
    /// `x-nx-parameter-code`: the code that the platform answers to a body which breaks the rules. Required for `nxcloud-md5`.
    #[serde(
        rename = "x-nx-parameter-code",
        skip_serializing_if = "Option::is_none"
    )]
    pub parameter_code: Option<i64>,
    /// `x-nx-hash-in`: where an `antbuddy-sha256` operation carries its hash. Required there.
    #[serde(rename = "x-nx-hash-in", skip_serializing_if = "Option::is_none")]
    pub hash_in: Option<HashIn>,
    /// `x-nx-hash-order`: the hashed parameters in order. Required for `antbuddy-sha256`.
    #[serde(rename = "x-nx-hash-order", skip_serializing_if = "Option::is_none")]
    pub hash_order: Option<Vec<String>>,
    /// `x-nx-max-days`: the greatest distance between two date-time parameters.
    #[serde(rename = "x-nx-max-days", skip_serializing_if = "Option::is_none")]
    pub max_days: Option<MaxDays>,
    /// `x-nx-paging`: how a query is paged.
    #[serde(rename = "x-nx-paging", skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
    /// `x-nx-message`: the operation sends a message, or one to each of several recipients.
    #[serde(rename = "x-nx-message", skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// `x-nx-recipient`: the field with the phone numbers that an operation without `x-nx-message` is about. The sandbox's list of requests shows it.
    #[serde(rename = "x-nx-recipient", skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// `x-nx-codes`: codes of this operation alone; they go before those of the root.
    #[serde(rename = "x-nx-codes", default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Parameters of the path and the query. The headers of the signature are not listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The body of the request.
    #[serde(rename = "requestBody", skip_serializing_if = "Option::is_none")]
    pub body: Option<RequestBody>,
    /// The reply, under `"200"`.
    pub responses: IndexMap<String, Response>,
}

/// Where an `antbuddy-sha256` operation carries its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashIn {
    /// In the headers.
    Header,
    /// In the query.
    Query,
}

/// The greatest distance between two times of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MaxDays {
    /// The parameter with the first time.
    pub from: String,
    /// The parameter with the last time.
    pub to: String,
    /// Days between them.
    pub days: i64,
}

/// How a query is paged. Request fields are named by their wire names, values of the reply by dotted paths.
#[derive(Clone, Debug, Serialize)]
#[serde(
    tag = "style",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Paging {
    /// By page number. Without `total-pages` it ends at a page shorter than its size.
    Page {
        /// Request field with the page number.
        page: String,
        /// Request field with the page size.
        size: String,
        /// Path of the items.
        items: String,
        /// Path of the number of pages.
        #[serde(skip_serializing_if = "Option::is_none")]
        total_pages: Option<String>,
    },
    /// By the number of items to skip. It ends at a page shorter than its size.
    Offset {
        /// Request field with the number of items to skip.
        offset: String,
        /// Request field with the page size.
        size: String,
        /// Path of the items.
        items: String,
    },
    /// By a cursor in the reply.
    Cursor {
        /// Request field with the cursor.
        cursor: String,
        /// Request field with the page size.
        size: String,
        /// Path of the items.
        items: String,
        /// Path of the next cursor.
        next: String,
        /// Path of what is there only when there is another page.
        more: String,
    },
}

impl Paging {
    /// The request field that moves on to the next page.
    #[must_use]
    pub fn moves(&self) -> &str {
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

/// A parameter of the path or the query.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Parameter {
    /// Wire name.
    pub name: String,
    /// Where it goes.
    #[serde(rename = "in")]
    pub place: Place,
    /// Whether it has to be there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `x-nx-field`: the Rust name, where it is not the wire name in `snake_case`.
    #[serde(rename = "x-nx-field", skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `x-nx-public`: as for a property.
    #[serde(rename = "x-nx-public", default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// Its type and limits.
    #[serde(default)]
    pub schema: Schema,
    /// An example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Into the query.
    Query,
    /// Into the path.
    Path,
}

/// The body of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestBody {
    /// Whether it has to be there; always true.
    #[serde(default)]
    pub required: bool,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `application/json` or `multipart/form-data`, exactly one.
    pub content: IndexMap<String, MediaType>,
}

/// A reply.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Response {
    /// What it says.
    #[serde(default)]
    pub description: String,
    /// `application/json`, with an example `success` and, where the reference shows one, an example `failure`.
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
    /// The schema that a reference leads to.
    #[must_use]
    pub fn referred(&self, reference: &Reference) -> Option<&Schema> {
        self.components.schemas.get(reference.name())
    }
}
