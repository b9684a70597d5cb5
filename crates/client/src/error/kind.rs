//! The kind of a failure, and whether the platform may have acted.

use std::fmt;

use crate::CodeKind;

/// What went wrong.
///
/// It does not say whether the platform acted: see [`Error::outcome`](crate::Error::outcome) for that. Do not repeat a send because its
/// kind is [`Timeout`](Self::Timeout) or [`ResultCode`](Self::ResultCode). The table at [`Outcome`] shows which kinds have which
/// outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Credentials, base URL or another setting is missing or malformed. Change the setting.
    Configuration,
    /// The request breaks a documented limit ([`Error::violations`](crate::Error::violations)), or cannot be sent, for example because
    /// a file cannot be read. Correct what the error names.
    InvalidRequest,
    /// The session's own rate limit is reached, and nothing was sent. Wait for
    /// [`Error::retry_after`](crate::Error::retry_after).
    Throttled,
    /// No connection: name resolution, TCP or TLS failed or timed out.
    Connect,
    /// No reply in time.
    Timeout,
    /// The connection broke, or the reply was cut short.
    Transport,
    /// The HTTP status is not 200, and the reply has no result code. See [`Error::status`](crate::Error::status).
    HttpStatus,
    /// The HTTP status is 200, but the reply is not what the platform documents. See [`Error::body`](crate::Error::body).
    UnreadableReply,
    /// The platform answered with a failure code. See [`Error::code`](crate::Error::code).
    ResultCode(CodeKind),
}

impl ErrorKind {
    /// The kind as an identifier, as `Display` and traces show it: `unreadable_reply`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::InvalidRequest => "invalid_request",
            Self::Throttled => "throttled",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::HttpStatus => "http_status",
            Self::UnreadableReply => "unreadable_reply",
            Self::ResultCode(_) => "result_code",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether the platform may have acted.
///
/// The kinds of failure and their possible outcomes:
///
/// | [`ErrorKind`] | `NotSent` | `Rejected` | `Unknown` |
/// | --- | --- | --- | --- |
/// | `Configuration` | yes | | |
/// | `InvalidRequest` | yes | | yes: the content of an upload failed while it was sent |
/// | `Throttled` | yes | | |
/// | `Connect` | yes | | |
/// | `Timeout` | | | yes |
/// | `Transport` | | | yes |
/// | `HttpStatus` | | yes: most of 4xx, some redirects | yes: 5xx and the rest |
/// | `UnreadableReply` | | | yes |
/// | `ResultCode` | | yes | yes: of the kinds `Platform` and `Unknown` |
///
/// The table describes one attempt. If a send is repeated after an unknown outcome
/// ([`repeat_unknown_sends`](crate::RetryPolicy::repeat_unknown_sends)), the outcome of the call stays unknown, and its kind is that of
/// the last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The request did not leave this machine.
    NotSent,
    /// The platform said that it did not act.
    Rejected,
    /// The platform may have acted: a message may have been sent and billed.
    Unknown,
}

impl Outcome {
    /// The outcome as an identifier, as `Display` and traces show it: `not_sent`, `rejected` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
