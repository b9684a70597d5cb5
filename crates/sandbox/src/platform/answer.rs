//! The answer to a request.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::verdict::{Cause, Verdict};

/// The answer to a request, and what it was about.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// JSON, or nothing.
    pub(crate) body: Bytes,
    pub(crate) verdict: Verdict,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
}

impl Answer {
    /// A refusal that no operation has a say in. The result code is the HTTP status.
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
        }
    }
}

pub(super) fn to_bytes(value: &Value) -> Bytes {
    // A value always becomes JSON.
    serde_json::to_vec(value).unwrap_or_default().into()
}
