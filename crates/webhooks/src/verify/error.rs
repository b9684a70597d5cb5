//! Why a signed push was refused.

use std::fmt;

use nxcloud_signing::header;

/// A header that the signature covers, or that contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignedHeader {
    /// `accessKey`: the account whose secret signs.
    AccessKey,
    /// `ts`: milliseconds since 1970-01-01 UTC.
    Ts,
    /// `bizType`: the service.
    BizType,
    /// `action`: the kind of push.
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

    /// The name as written in the reference. Received names are compared case-insensitively.
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

/// Why a signed push was refused. This error is for the operator; it contains nothing of the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyError {
    /// The list of accepted actions is empty, because the reference documents no signed push of this service. Name the actions
    /// ([`Verifier::actions`](crate::Verifier::actions)), or use a secret in the URL.
    NoActionAccepted,
    /// The body is larger than the limit in bytes.
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// A header is missing.
    MissingHeader(SignedHeader),
    /// A header occurs more than once. Two readers could disagree on which one counts.
    DuplicateHeader(SignedHeader),
    /// A header contains characters that are not allowed in its value.
    InvalidHeader(SignedHeader),
    /// No secret is configured for the access key.
    UnknownAccessKey,
    /// `ts` is further in the past than [`Verifier::max_age`](crate::Verifier::max_age). Causes: a delayed push, a replay, or a clock that
    /// is ahead.
    TimestampTooOld {
        /// The age of the push, in milliseconds.
        by_millis: u64,
        /// The limit, in milliseconds.
        limit_millis: u64,
    },
    /// `ts` is further in the future than [`Verifier::tolerance`](crate::Verifier::tolerance). Causes: a wrong unit, or a clock that is
    /// behind.
    TimestampTooNew {
        /// Distance to the clock, in milliseconds.
        by_millis: u64,
        /// The limit, in milliseconds.
        limit_millis: u64,
    },
    /// The signature does not match headers and body. Causes: another secret, or bytes changed in transit.
    SignatureMismatch,
    /// The push is signed for another service.
    UnexpectedBizType,
    /// The push is signed for another action. It may be one of your own requests, sent back by an attacker.
    UnexpectedAction,
    /// The same push has already been processed. It is not handled again, and answered as accepted, so that the platform stops repeating
    /// it.
    AlreadyProcessed,
    /// The same push was received before. It is in progress, or the store of the replay guard does not know its outcome.
    Replayed,
    /// The replay guard is full. Increase its capacity.
    ReplayGuardFull,
    /// This machine's clock was set back, and the replay guard has forgotten pushes of this time. This push may be one of them.
    ClockSetBack,
    /// The store of the replay guard is unavailable.
    ReplayGuardUnavailable,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoActionAccepted => f.write_str(
                "the reference documents no signed push of this service; name the actions with Verifier::actions, or use a URL secret",
            ),
            Self::BodyTooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::MissingHeader(header) => write!(f, "the header {header} is missing"),
            Self::DuplicateHeader(header) => write!(f, "the header {header} occurs more than once"),
            Self::InvalidHeader(header) => write!(f, "the header {header} has an invalid value"),
            Self::UnknownAccessKey => {
                f.write_str("no secret is configured for the access key; add it with Verifier::also")
            }
            Self::TimestampTooOld {
                by_millis,
                limit_millis,
            } => write!(
                f,
                "ts is {} in the past; the limit is {} (set it with Verifier::max_age)",
                Seconds(*by_millis),
                Seconds(*limit_millis)
            ),
            Self::TimestampTooNew {
                by_millis,
                limit_millis,
            } => write!(
                f,
                "ts is {} in the future; the limit is {}; check this machine's clock",
                Seconds(*by_millis),
                Seconds(*limit_millis)
            ),
            Self::SignatureMismatch => {
                f.write_str("the signature does not match; check the access secret, and that nothing changes the body")
            }
            Self::UnexpectedBizType => f.write_str("the push is signed for another bizType"),
            Self::UnexpectedAction => f.write_str("the push is signed for another action"),
            Self::AlreadyProcessed => f.write_str("the same push has already been processed"),
            Self::Replayed => f.write_str("the same push was received before and is in progress"),
            Self::ReplayGuardFull => {
                f.write_str("the replay guard is full; increase its capacity")
            }
            Self::ClockSetBack => f.write_str(
                "the clock was set back, and the replay guard may have forgotten this push; correct the clock",
            ),
            Self::ReplayGuardUnavailable => f.write_str("the store of the replay guard is unavailable"),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Milliseconds, printed in seconds.
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
