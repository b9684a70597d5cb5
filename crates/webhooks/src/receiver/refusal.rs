//! Why a push was refused, and what is answered.

use std::fmt;
use std::time::Duration;

use super::Answer;
use crate::fields::ParseError;
use crate::push::Reply;
use crate::source::SourceError;
use crate::verify::VerifyError;

/// Why a push was not handled. For the operator's eyes; the sender gets an [`Answer`] that tells no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The body is larger than the limit in bytes, or announced to be.
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body broke off.
    BodyIncomplete,
    /// The body was not complete within the time-out.
    BodyTimeout {
        /// The time-out.
        limit: Duration,
    },
    /// The signature, or what goes with it.
    Verify(VerifyError),
    /// The URL or the sender's address.
    Source(SourceError),
    /// The fields cannot be read.
    Parse(ParseError),
    /// The same push, or the same event ([`Receiver::once_per_event`](crate::Receiver::once_per_event)), was processed before. It is
    /// answered as accepted and not handled again.
    AlreadyProcessed,
    /// The same event is in progress.
    InProgress,
    /// The queue has no room.
    QueueFull,
    /// The handler failed, was cancelled, or panicked.
    NotProcessed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyTooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::BodyIncomplete => f.write_str("the body broke off"),
            Self::BodyTimeout { limit } => write!(
                f,
                "the body was not complete after {limit:?}; Receiver::body_timeout allows more"
            ),
            Self::Verify(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::Parse(error) => error.fmt(f),
            Self::AlreadyProcessed => f.write_str("the push was processed before"),
            Self::InProgress => f.write_str("the same event is in progress"),
            Self::QueueFull => f.write_str("the queue has no room"),
            Self::NotProcessed => f.write_str("the push was not processed"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// What the platform is answered: it need not repeat what was processed, may repeat what passes by itself, and learns nothing else.
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

/// A push that is not handled: the reason for the operator, the answer for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub(crate) reason: Refusal,
    pub(crate) answer: Answer,
}

impl Refused {
    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Refusal {
        self.reason
    }

    /// What to answer.
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
