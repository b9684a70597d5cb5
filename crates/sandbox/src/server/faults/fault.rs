//! What can go wrong.

use serde::{Deserialize, Serialize};

/// Something that goes wrong with one request.
///
/// Where the platform does not act, the request is in the history as refused, with [`Cause::Fault`](crate::Cause::Fault). Else
/// it is there as the checks judged it, whatever the sender got to see. A connection that is refused is no fault of a server
/// that listens: test it with a port that nobody listens on.
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
    /// The connection is reset before the platform acts.
    ResetBeforeAccept,
    /// The platform acts, then the connection is reset without a reply.
    ResetAfterAccept,
    /// The platform acts, then the connection is reset in the middle of the reply.
    ResetMidReply,
    /// The platform does not act and never answers.
    StallBeforeAccept,
    /// The platform acts and never answers.
    StallAfterAccept,
    /// The platform acts; its reply comes 16 bytes at a time, with this pause before each piece.
    Slow {
        /// The pause.
        milliseconds: u32,
    },
    /// The platform acts; its reply ends early, in an orderly way.
    Truncated,
    /// The platform acts; its reply has the right length, but is no JSON.
    Malformed,
    /// The platform acts; its reply is as it should be, but has the content type text/html.
    WrongContentType,
    /// A page in HTML with this HTTP status, before the platform acts.
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A page in HTML with this HTTP status, after the platform acted.
    StatusAfterAccept {
        /// The HTTP status.
        status: u16,
    },
    /// A page in HTML with this HTTP status that asks to wait, before the platform acts.
    RetryAfter {
        /// The HTTP status.
        status: u16,
        /// How long it asks to wait.
        seconds: u32,
    },
    /// The platform refuses with this result code and does not act. AntBuddy refuses with this HTTP status.
    Code {
        /// The result code.
        code: i64,
    },
}
