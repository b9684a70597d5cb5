//! Maps HTTP status and result code to the meaning of a reply. `docs/failures.md` of the crate `nxcloud` shows the same table.

use crate::{Code, Outcome};

/// The result code of a reply's envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReplyCode {
    /// No envelope could be read, or it has no code.
    #[default]
    None,
    One(Code),
    /// The reply has several different codes.
    Conflicting,
}

impl ReplyCode {
    /// Adds another code of the same reply.
    pub(crate) fn and(self, code: Option<Code>) -> Self {
        match (self, code) {
            (Self::None, Some(code)) => Self::One(code),
            (Self::One(first), Some(code)) if first != code => Self::Conflicting,
            _ => self,
        }
    }
}

/// The meaning of a complete reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    /// The operation's table of codes decides.
    Code(Code),
    /// The reply has no usable code. `temporary` says whether another attempt may end differently. After an unknown outcome, only reads
    /// are retried.
    Failed {
        outcome: Outcome,
        temporary: bool,
    },
}

/// The meaning of a reply with this HTTP status and code.
pub(crate) fn verdict(status: u16, code: ReplyCode) -> Verdict {
    match code {
        ReplyCode::One(Code::SUCCESS) if (200..300).contains(&status) => Verdict::Success,
        // Success, with an HTTP status that says otherwise: the platform may have acted, and a repeat may act again.
        ReplyCode::One(Code::SUCCESS) | ReplyCode::Conflicting => failed(Outcome::Unknown, false),
        ReplyCode::One(code) => Verdict::Code(code),
        ReplyCode::None => by_status(status),
    }
}

fn by_status(status: u16) -> Verdict {
    match status {
        // Decided before the platform acts: a redirect, or a malformed or unauthorised request.
        301 | 302 | 307 | 308 => failed(Outcome::Rejected, false),
        400 | 401 | 403..=406 | 411 | 413..=415 | 417 | 421 | 422 | 426 | 428 | 431 | 451 => {
            failed(Outcome::Rejected, false)
        }
        429 => failed(Outcome::Rejected, true),
        300..400 => failed(Outcome::Unknown, false),
        // Success without a readable envelope, a gateway that may have forwarded the request, or a failure while acting.
        _ => failed(Outcome::Unknown, true),
    }
}

fn failed(outcome: Outcome, temporary: bool) -> Verdict {
    Verdict::Failed { outcome, temporary }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Verdict = Verdict::Failed {
        outcome: Outcome::Unknown,
        temporary: false,
    };
    const UNKNOWN_RETRIED: Verdict = Verdict::Failed {
        outcome: Outcome::Unknown,
        temporary: true,
    };
    const REJECTED: Verdict = Verdict::Failed {
        outcome: Outcome::Rejected,
        temporary: false,
    };
    const REJECTED_TEMPORARY: Verdict = Verdict::Failed {
        outcome: Outcome::Rejected,
        temporary: true,
    };
    const REJECTED_4XX: [u16; 17] = [
        400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 417, 421, 422, 426, 428, 431, 451,
    ];

    fn row(status: u16, success: Verdict, no_envelope: Verdict) {
        let code = |code| verdict(status, ReplyCode::One(Code::new(code)));
        assert_eq!(code(0), success, "{status}, code 0");
        for other in [-1, 1, 28, 1003] {
            assert_eq!(code(other), Verdict::Code(Code::new(other)), "{status}");
        }
        assert_eq!(verdict(status, ReplyCode::None), no_envelope, "{status}");
        assert_eq!(verdict(status, ReplyCode::Conflicting), UNKNOWN, "{status}");
    }

    #[test]
    fn every_2xx() {
        (200..300).for_each(|status| row(status, Verdict::Success, UNKNOWN_RETRIED));
    }

    #[test]
    fn redirects() {
        for status in 300..400 {
            let permanent = [301, 302, 307, 308].contains(&status);
            row(status, UNKNOWN, if permanent { REJECTED } else { UNKNOWN });
        }
    }

    #[test]
    fn too_many_requests() {
        row(429, UNKNOWN, REJECTED_TEMPORARY);
    }

    #[test]
    fn rejections_before_the_platform_acts() {
        for status in REJECTED_4XX {
            row(status, UNKNOWN, REJECTED);
        }
    }

    #[test]
    fn every_other_4xx() {
        (400..500)
            .filter(|status| !REJECTED_4XX.contains(status) && *status != 429)
            .for_each(|status| row(status, UNKNOWN, UNKNOWN_RETRIED));
    }

    #[test]
    fn every_5xx() {
        (500..600).for_each(|status| row(status, UNKNOWN, UNKNOWN_RETRIED));
    }
}
