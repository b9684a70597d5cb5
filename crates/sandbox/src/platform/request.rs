//! A request, and what its checks find out.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::catalog::Operation;
use super::verdict::Cause;

/// A request as it was received.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

/// What may be called by name in a reply: the fields of query, path and body.
pub(super) type Fields = Map<String, Value>;

/// What the checks of a scheme found out.
pub(super) struct Checked<'a> {
    /// The operation that was meant or, if that is not known, one of the same path.
    pub(super) operation: &'a Operation,
    /// Whether it is the one that was meant.
    pub(super) certain: bool,
    /// Access key or app id of the sender, and the fields.
    pub(super) result: Result<(String, Fields), Cause>,
}
