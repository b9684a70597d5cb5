//! What sort of failure it is, and whether the platform may have acted.

use std::fmt;

use crate::CodeKind;

/// What went wrong, and so what to do about it.
///
/// Whether the platform acted is another question, which [`Error::outcome`](crate::Error::outcome) answers: a
/// [`Timeout`](Self::Timeout) or a [`ResultCode`](Self::ResultCode) alone does not say that a send may be repeated. [`Outcome`]
/// has the table of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Credentials, base URL or another setting is missing or malformed: change the setting.
    Configuration,
    /// The request breaks a documented limit ([`Error::violations`](crate::Error::violations)), or cannot be sent, such as a
    /// file that cannot be read: change what the error names.
    InvalidRequest,
    /// The session's own rate limit is reached; nothing was sent: wait for
    /// [`Error::retry_after`](crate::Error::retry_after).
    Throttled,
    /// No connection: name resolution, TCP or TLS failed, or took too long.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke, or the reply was cut short.
    Transport,
    /// The HTTP status is not 200 and the reply has no code of the platform: look at [`Error::status`](crate::Error::status).
    HttpStatus,
    /// HTTP said 200, but the reply is not what the platform documents: look at [`Error::body`](crate::Error::body).
    UnreadableReply,
    /// The platform answered with a result code that is not success: look at [`Error::code`](crate::Error::code).
    ResultCode(CodeKind),
}

impl ErrorKind {
    /// The kind as one word, as `Display` and traces have it: `unreadable_reply`.
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
/// Which kind of failure can have which outcome:
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
/// The table is that of one attempt. Where a send is repeated after an unknown outcome
/// ([`repeat_unknown_sends`](crate::RetryPolicy::repeat_unknown_sends)), the outcome of the call stays unknown, and the kind is
/// that of the last attempt.
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
    /// The outcome as one word, as `Display` and traces have it: `not_sent`, `rejected` or `unknown`.
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
