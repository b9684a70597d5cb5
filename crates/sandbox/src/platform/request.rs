//! A request, and the result of its checks.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::catalog::Operation;
use super::verdict::Cause;

/// A request as received.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

/// The fields that a reply can refer to: query, path and body.
pub(super) type Fields = Map<String, Value>;

/// The result of a scheme's checks.
pub(super) struct Checked<'a> {
    /// The intended operation; if it is not known, an operation of the same path.
    pub(super) operation: &'a Operation,
    /// Whether it is the intended one.
    pub(super) certain: bool,
    /// Access key or app id of the sender, and the fields.
    pub(super) result: Result<(String, Fields), Cause>,
}
