//! Why a signed push was refused.

use std::fmt;

use nxcloud_signing::header;

/// A header that takes part in a signature, or carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignedHeader {
    /// `accessKey`: whose secret signs.
    AccessKey,
    /// `ts`: milliseconds since 1970-01-01 UTC.
    Ts,
    /// `bizType`: the service.
    BizType,
    /// `action`: what the push is about.
    Action,
    /// `sign`: the signature.
    Sign,
}

impl SignedHeader {
    pub(crate) const ALL: [Self; 5] = [
        Self::AccessKey,
        Self::Ts,
        Self::BizType,
        Self::Action,
        Self::Sign,
    ];

    /// The name as the reference writes it; received ones are compared without regard to case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessKey => header::ACCESS_KEY,
            Self::Ts => header::TS,
            Self::BizType => header::BIZ_TYPE,
            Self::Action => header::ACTION,
            Self::Sign => header::SIGN,
        }
    }
}

impl fmt::Display for SignedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a signed push was refused. For the operator's eyes: it names the reason, and nothing that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyError {
    /// The list of accepted actions is empty, so that nothing can be accepted: the reference documents no signed push of this
    /// service. Name the actions ([`Verifier::actions`](crate::Verifier::actions)), or use a secret in the URL instead.
    NoActionAccepted,
    /// The body is larger than the limit in bytes.
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// A header is not there.
    MissingHeader(SignedHeader),
    /// A header came more than once, so that two readers could disagree on which one counts.
    DuplicateHeader(SignedHeader),
    /// A header has characters that its value cannot have.
    InvalidHeader(SignedHeader),
    /// No secret is configured for the access key.
    UnknownAccessKey,
    /// `ts` is further in the past than [`Verifier::max_age`](crate::Verifier::max_age): a delayed push, a replay, or a clock that
    /// is ahead.
    TimestampTooOld {
        /// The age of the push by the clock, in milliseconds.
        by_millis: u64,
        /// The limit, in milliseconds.
        limit_millis: u64,
    },
    /// `ts` is further in the future than [`Verifier::tolerance`](crate::Verifier::tolerance): a wrong unit, or a clock that is
    /// behind.
    TimestampTooNew {
        /// Distance to the clock, in milliseconds.
        by_millis: u64,
        /// The limit, in milliseconds.
        limit_millis: u64,
    },
    /// The signature is not that of these headers and this body: another secret, or bytes that changed on the way.
    SignatureMismatch,
    /// Signed for another service than this receiver is for.
    UnexpectedBizType,
    /// Signed for another purpose; perhaps a request of one's own that someone sends back.
    UnexpectedAction,
    /// The same push was processed before. It is answered as accepted, so that the platform does not repeat it again, and not handled.
    AlreadyProcessed,
    /// The same push was accepted before, and is in progress, or the replay guard's store does not say how it ended.
    Replayed,
    /// The replay guard remembers as much as it may. Give it more room.
    ReplayGuardFull,
    /// This machine's clock was set back, and the replay guard has forgotten pushes of this time: this one may be one of them.
    ClockSetBack,
    /// The replay guard's store cannot be asked.
    ReplayGuardUnavailable,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoActionAccepted => f.write_str(
                "no signed push of this service is documented; name its actions with Verifier::actions, or use a URL secret",
            ),
            Self::BodyTooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::MissingHeader(header) => write!(f, "the header {header} is missing"),
            Self::DuplicateHeader(header) => write!(f, "the header {header} came more than once"),
            Self::InvalidHeader(header) => write!(f, "the header {header} cannot be read"),
            Self::UnknownAccessKey => f.write_str("no secret is configured for the access key"),
            Self::TimestampTooOld {
                by_millis,
                limit_millis,
            } => write!(
                f,
                "ts is {} in the past, and the limit is {}; Verifier::max_age allows more",
                Seconds(*by_millis),
                Seconds(*limit_millis)
            ),
            Self::TimestampTooNew {
                by_millis,
                limit_millis,
            } => write!(
                f,
                "ts is {} in the future, and the limit is {}; check this machine's clock",
                Seconds(*by_millis),
                Seconds(*limit_millis)
            ),
            Self::SignatureMismatch => f.write_str("the signature does not match"),
            Self::UnexpectedBizType => f.write_str("the push is signed for another bizType"),
            Self::UnexpectedAction => f.write_str("the push is signed for another action"),
            Self::AlreadyProcessed => f.write_str("the same push was processed before"),
            Self::Replayed => f.write_str("the same push was accepted before and is in progress"),
            Self::ReplayGuardFull => f.write_str("the replay guard is full"),
            Self::ClockSetBack => f.write_str(
                "the clock was set back, so that the replay guard may have forgotten this push; correct the clock",
            ),
            Self::ReplayGuardUnavailable => f.write_str("the replay guard cannot be asked"),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Milliseconds, shown in seconds.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1_000, self.0 % 1_000);
        match millis {
            0 => write!(f, "{seconds} s"),
            _ => write!(f, "{seconds}.{millis:03} s"),
        }
    }
}
