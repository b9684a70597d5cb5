//! What sort of failure it is, and whether the platform may have acted.

use crate::CodeKind;

/// What sort of failure it is, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Credentials, base URL or another setting is missing or malformed: change the setting.
    Configuration,
    /// The request breaks a documented limit: change the field that the error names.
    InvalidRequest,
    /// The session's own rate limit has no room; nothing was sent: wait for
    /// [`Error::retry_after`](crate::Error::retry_after).
    Throttled,
    /// No connection: name resolution, TCP or TLS failed, or took too long. Nothing was sent.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke, or the reply was cut short.
    Transport,
    /// The HTTP status is not 200 and the reply has no code of the platform: look at [`Error::status`](crate::Error::status).
    HttpStatus,
    /// HTTP said 200, but the reply is not what the platform documents: look at [`Error::body`](crate::Error::body).
    UnreadableReply,
    /// The platform answered with a code that is not success: look at [`Error::code`](crate::Error::code).
    Refused(CodeKind),
    /// Something was sent, and nobody knows whether the platform acted: look for it with what
    /// [`Error::sent`](crate::Error::sent) holds before sending it again. [`Error::reason`](crate::Error::reason) says what
    /// went wrong.
    OutcomeUnknown,
}

impl ErrorKind {
    /// The kind as one word, as traces have it.
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
            Self::Refused(_) => "refused",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// The kind in words, as error texts begin.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Configuration => "wrong configuration",
            Self::InvalidRequest => "the request breaks a documented limit",
            Self::Throttled => "the session's rate limit has no room",
            Self::Connect => "could not connect",
            Self::Timeout => "no answer in time",
            Self::Transport => "the connection broke",
            Self::HttpStatus => "unexpected HTTP status",
            Self::UnreadableReply => "the reply is not what the platform documents",
            Self::Refused(_) => "refused by the platform",
            Self::OutcomeUnknown => "the outcome is unknown",
        }
    }
}

/// Whether the platform may have acted.
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
