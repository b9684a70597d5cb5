//! The answer to a request.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::verdict::{Cause, Verdict};

/// The answer to a request, with the operation that it was for.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// JSON, or empty.
    pub(crate) body: Bytes,
    pub(crate) verdict: Verdict,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
    /// The request that was carried out.
    pub(crate) action: Option<Action>,
}

/// A request that was carried out, with the data that pushes are created from.
pub(crate) struct Action {
    /// The fields of path, query and body.
    pub(crate) request: Value,
    pub(crate) reply: Value,
}

impl Answer {
    /// A refusal that is independent of any operation. The result code is the HTTP status.
    pub(crate) fn refused(status: StatusCode, cause: Cause) -> Self {
        let mut reply = json!({ "message": cause.to_string() });
        if let Cause::Method { allowed } = &cause {
            reply["allowed"] = json!(allowed);
        }
        Self {
            status,
            body: to_bytes(&reply),
            verdict: Verdict::refused(i64::from(status.as_u16()), cause),
            service: None,
            operation: None,
            action: None,
        }
    }
}

pub(super) fn to_bytes(value: &Value) -> Bytes {
    // Serialising a value cannot fail.
    serde_json::to_vec(value).unwrap_or_default().into()
}
