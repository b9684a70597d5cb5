//! The kinds of faults.

use serde::{Deserialize, Serialize};

/// A fault that one request meets.
///
/// If the platform does not act, the history shows the request as refused with [`Cause::Fault`](crate::Cause::Fault).
/// Otherwise it shows the verdict of the checks, whatever reply the sender received. A refused connection is not a
/// fault of a running server: to test it, use a port on which nothing listens.
///
/// In JSON a fault is `{"fault": "retry-after", "parameters": {"status": 429, "seconds": 5}}`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Deserialize,
    Serialize,
    strum::EnumIter,
    strum::EnumMessage,
    strum::IntoStaticStr,
)]
#[serde(tag = "fault", content = "parameters", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// Resets the connection before the platform acts.
    ResetBeforeAccept,
    /// The platform acts, then the connection is reset without a reply.
    ResetAfterAccept,
    /// The platform acts, then the connection is reset in the middle of the reply.
    ResetMidReply,
    /// The platform neither acts nor replies.
    StallBeforeAccept,
    /// The platform acts and never replies.
    StallAfterAccept,
    /// The platform acts; the reply is sent 16 bytes at a time, with this pause before each piece.
    Slow {
        /// The pause.
        milliseconds: u32,
    },
    /// The platform acts; the reply is truncated, and the connection closes normally.
    Truncated,
    /// The platform acts; the reply has the right length but is not JSON.
    Malformed,
    /// The platform acts; the reply is correct except for its content type, text/html.
    WrongContentType,
    /// An HTML page with this HTTP status, before the platform acts.
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// An HTML page with this HTTP status, after the platform acted.
    StatusAfterAccept {
        /// The HTTP status.
        status: u16,
    },
    /// An HTML page with this HTTP status and a `Retry-After` header, before the platform acts.
    RetryAfter {
        /// The HTTP status.
        status: u16,
        /// The seconds in `Retry-After`.
        seconds: u32,
    },
    /// The platform refuses with this result code and does not act. AntBuddy refuses with this HTTP status.
    Code {
        /// The result code.
        code: i64,
    },
}
