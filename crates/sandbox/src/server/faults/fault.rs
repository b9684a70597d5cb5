//! What can go wrong.

use std::time::Duration;

/// Something that goes wrong with one request.
///
/// "Before" means that the platform did not act: the request is in the history as refused, with
/// [`Cause::Fault`](crate::Cause::Fault). After the others it is there as the checks judged it, whatever the sender got to
/// see. A connection that is refused is no fault of a server that listens: test it with a port that nobody listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is reset before the platform acts.
    ResetBeforeAccept,
    /// The platform acts, then the connection is reset without a reply.
    ResetAfterAccept,
    /// The platform acts, then the connection is reset in the middle of the reply's body.
    ResetMidReply,
    /// The platform does not act and never answers.
    StallBeforeAccept,
    /// The platform acts and never answers.
    StallAfterAccept,
    /// The platform acts; its reply comes 16 bytes at a time, with this pause before each.
    Slow(Duration),
    /// The platform acts; its reply ends early, in an orderly way.
    Truncated,
    /// The platform acts; its reply has the right length, but is no JSON.
    Malformed,
    /// The platform acts; its reply is as it should be, but has the content type `text/html`.
    WrongContentType,
    /// A page in HTML with this status instead of the platform's answer, before it acts.
    Status(u16),
    /// A page in HTML with this status instead of the platform's answer, after it acted.
    StatusAfterAccept(u16),
    /// A page with this status, before the platform acts, that asks to wait for so many seconds.
    RetryAfter(u16, u32),
    /// The platform refuses with this result code, and does not act. `AntBuddy` refuses with this HTTP status.
    Code(i64),
}
