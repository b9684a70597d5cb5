//! Why a push was refused, and the answer to it.

use std::fmt;
use std::time::Duration;

use super::Answer;
use crate::fields::ParseError;
use crate::push::Reply;
use crate::source::SourceError;
use crate::verify::VerifyError;

/// Why a push was not handled. The reason is for the operator; the sender gets an [`Answer`] without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The body, or its announced length, is larger than the limit in bytes.
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The connection ended before the body was complete.
    BodyIncomplete,
    /// The body was not complete within the time-out.
    BodyTimeout {
        /// The time-out.
        limit: Duration,
    },
    /// The verification of the signature failed.
    Verify(VerifyError),
    /// The secret in the URL or the sender's address is wrong.
    Source(SourceError),
    /// The fields cannot be read.
    Parse(ParseError),
    /// The same push, or the same event ([`Receiver::once_per_event`](crate::Receiver::once_per_event)), has already been processed. It is
    /// answered as accepted and not handled again.
    AlreadyProcessed,
    /// The same event is in progress.
    InProgress,
    /// The queue is full or closed.
    QueueFull,
    /// The handler failed, was cancelled or panicked.
    NotProcessed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyTooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::BodyIncomplete => {
                f.write_str("the connection ended before the body was complete")
            }
            Self::BodyTimeout { limit } => write!(
                f,
                "the body was not complete after {limit:?}; Receiver::body_timeout sets this limit"
            ),
            Self::Verify(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::Parse(error) => error.fmt(f),
            Self::AlreadyProcessed => f.write_str("the push has already been processed"),
            Self::InProgress => f.write_str("the same event is in progress"),
            Self::QueueFull => f.write_str("the queue is full or closed"),
            Self::NotProcessed => f.write_str("the push was not processed"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// The answer to the platform. A processed push need not be repeated, a temporary failure may be repeated, and every other refusal
    /// gets the same answer.
    pub(super) const fn answer(self, reply: Reply) -> Answer {
        match self {
            Self::AlreadyProcessed => Answer::accepted(reply),
            Self::InProgress
            | Self::Verify(
                VerifyError::Replayed
                | VerifyError::ReplayGuardFull
                | VerifyError::ReplayGuardUnavailable,
            ) => Answer::failed(reply),
            _ => Answer::refused(reply),
        }
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::BodyTooLarge { limit } => Self::BodyTooLarge { limit },
            VerifyError::AlreadyProcessed => Self::AlreadyProcessed,
            error => Self::Verify(error),
        }
    }
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

/// A push that is not handled. It has a reason for the operator and an answer for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub(crate) reason: Refusal,
    pub(crate) answer: Answer,
}

impl Refused {
    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> Refusal {
        self.reason
    }

    /// The answer.
    pub const fn answer(&self) -> Answer {
        self.answer
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Refused {}
