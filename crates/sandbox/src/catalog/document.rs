//! The parts of a spec file that the sandbox reads.
//!
//! A key that is not listed is refused, so that a new one cannot be without effect unnoticed. Fields with an underscore are
//! keys that are for others: the generator, the typed client, the documentation.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A whole spec file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "x-nx-scheme")]
    pub(super) scheme: Scheme,
    #[serde(rename = "x-nx-biz-type")]
    pub(super) biz_type: Option<String>,
    #[serde(rename = "x-nx-codes", default)]
    pub(super) codes: Vec<Code>,
    pub(super) paths: BTreeMap<String, PathItem>,
    #[serde(default)]
    pub(super) components: Value,
    #[serde(rename = "openapi", default)]
    _openapi: IgnoredAny,
    #[serde(rename = "info", default)]
    _info: IgnoredAny,
    #[serde(rename = "servers", default)]
    _servers: IgnoredAny,
    #[serde(rename = "x-nx-generated", default)]
    _generated: IgnoredAny,
    #[serde(rename = "x-nx-package", default)]
    _package: IgnoredAny,
    #[serde(rename = "x-nx-source", default)]
    _source: IgnoredAny,
    #[serde(rename = "x-nx-webhooks", default)]
    _webhooks: IgnoredAny,
}

/// How requests are signed.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
pub(crate) enum Scheme {
    #[serde(rename = "nxcloud-md5")]
    Md5,
    #[serde(rename = "antbuddy-sha256")]
    Sha256,
}

/// One documented result code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    pub(super) code: i64,
    pub(super) meaning: String,
    #[serde(rename = "name", default)]
    _name: IgnoredAny,
    #[serde(rename = "kind", default)]
    _kind: IgnoredAny,
    #[serde(rename = "hint", default)]
    _hint: IgnoredAny,
}

/// The operations of one path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathItem {
    get: Option<OperationItem>,
    post: Option<OperationItem>,
    put: Option<OperationItem>,
    patch: Option<OperationItem>,
    delete: Option<OperationItem>,
}

impl PathItem {
    /// The operations with their methods.
    pub(super) fn operations(self) -> impl Iterator<Item = (axum::http::Method, OperationItem)> {
        use axum::http::Method;
        [
            (Method::GET, self.get),
            (Method::POST, self.post),
            (Method::PUT, self.put),
            (Method::PATCH, self.patch),
            (Method::DELETE, self.delete),
        ]
        .into_iter()
        .filter_map(|(method, item)| Some((method, item?)))
    }
}

/// One operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationItem {
    #[serde(rename = "operationId")]
    pub(super) id: String,
    #[serde(rename = "x-nx-action")]
    pub(super) action: Option<String>,
    #[serde(rename = "x-nx-biz-type")]
    pub(super) biz_type: Option<String>,
    #[serde(rename = "x-nx-parameter-code")]
    pub(super) parameter_code: Option<i64>,
    #[serde(rename = "x-nx-codes", default)]
    pub(super) codes: Vec<Code>,
    #[serde(rename = "x-nx-hash-in")]
    pub(super) hash_in: Option<HashIn>,
    #[serde(rename = "x-nx-hash-order", default)]
    pub(super) hash_order: Vec<String>,
    #[serde(rename = "x-nx-max-days")]
    pub(super) max_days: Option<MaxDays>,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    #[serde(rename = "requestBody")]
    pub(super) body: Option<RequestBody>,
    pub(super) responses: BTreeMap<String, Response>,
    #[serde(rename = "summary", default)]
    _summary: IgnoredAny,
    #[serde(rename = "description", default)]
    _description: IgnoredAny,
    #[serde(rename = "servers", default)]
    _servers: IgnoredAny,
    #[serde(rename = "x-nx-safe", default)]
    _safe: IgnoredAny,
    #[serde(rename = "x-nx-paging", default)]
    _paging: IgnoredAny,
}

/// Where an `AntBuddy` operation carries its hash.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HashIn {
    Header,
    Query,
}

/// How far two moments of a request may be apart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaxDays {
    /// The field that holds the first moment.
    pub(crate) from: String,
    /// The field that holds the last one.
    pub(crate) to: String,
    pub(crate) days: i64,
}

/// A parameter of the query string or of the path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: String,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) schema: Value,
    #[serde(rename = "description", default)]
    _description: IgnoredAny,
    #[serde(rename = "example", default)]
    _example: IgnoredAny,
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestBody {
    #[serde(default)]
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, MediaType>,
}

/// A reply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    #[serde(default)]
    pub(super) content: BTreeMap<String, MediaType>,
    #[serde(rename = "description", default)]
    _description: IgnoredAny,
}

/// A body in one media type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MediaType {
    #[serde(default)]
    pub(super) schema: Value,
    #[serde(default)]
    pub(super) examples: BTreeMap<String, Example>,
}

/// One example.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    pub(super) value: Value,
}
