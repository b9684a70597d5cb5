//! The parts of a spec file that the sandbox reads.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A whole spec file.
#[derive(Deserialize)]
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
pub(super) struct Code {
    pub(super) code: i64,
    pub(super) meaning: String,
}

/// The operations of one path.
#[derive(Deserialize)]
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
pub(crate) struct MaxDays {
    /// The field that holds the first moment.
    pub(crate) from: String,
    /// The field that holds the last one.
    pub(crate) to: String,
    pub(crate) days: i64,
}

/// A parameter of the query string or of the path.
#[derive(Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: String,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) schema: Value,
}

/// The body of a request.
#[derive(Deserialize)]
pub(super) struct RequestBody {
    #[serde(default)]
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, MediaType>,
}

/// A reply.
#[derive(Deserialize)]
pub(super) struct Response {
    #[serde(default)]
    pub(super) content: BTreeMap<String, MediaType>,
}

/// A body in one media type.
#[derive(Deserialize)]
pub(super) struct MediaType {
    #[serde(default)]
    pub(super) schema: Value,
    #[serde(default)]
    pub(super) examples: BTreeMap<String, Example>,
}

/// One example.
#[derive(Deserialize)]
pub(super) struct Example {
    pub(super) value: Value,
}
