//! What can go wrong.

use std::time::Duration;

use strum::EnumMessage as _;

/// Something that goes wrong with one request.
///
/// "Before" means that the platform did not act: the request is in the history as refused, with
/// [`Cause::Fault`](crate::Cause::Fault). After the others it is there as the checks judged it, whatever the sender got to
/// see. A connection that is refused is no fault of a server that listens: test it with a port that nobody listens on.
//
// The page shows name and documentation of each variant.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
)]
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
    /// The reply comes 16 bytes at a time, with this pause before each piece.
    Slow(Duration),
    /// The platform acts; its reply ends early.
    Truncated,
    /// The platform acts; its reply is no JSON.
    Malformed,
    /// The platform acts; its reply has the content type text/html.
    WrongContentType,
    /// A page with this HTTP status, before the platform acts.
    Status(u16),
    /// A page with this HTTP status, after the platform acted.
    StatusAfterAccept(u16),
    /// A page with this HTTP status that asks to wait, before the platform acts.
    RetryAfter(u16, u32),
    /// The platform refuses with this result code, an HTTP status for AntBuddy, and does not act.
    Code(i64),
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    pub(crate) fn description(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}
