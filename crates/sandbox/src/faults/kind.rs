//! The kinds of faults by name, for those who choose one from a list.

use std::time::Duration;

use super::Fault;

/// A number that belongs to a fault.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) usual: u32,
}

/// A kind of fault.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) parameters: &'static [Parameter],
    make: fn(u32, u32) -> Fault,
}

const STATUS: Parameter = Parameter {
    name: "status",
    min: 400,
    max: 599,
    usual: 503,
};
const MILLIS: Parameter = Parameter {
    name: "milliseconds",
    min: 1,
    max: 60_000,
    usual: 200,
};
const SECONDS: Parameter = Parameter {
    name: "seconds",
    min: 0,
    max: 86_400,
    usual: 5,
};
const CODE: Parameter = Parameter {
    name: "code",
    min: 1,
    max: 999_999,
    usual: 99,
};

/// Every kind.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "reset-before-accept",
        description: "The connection is reset before the platform acts.",
        parameters: &[],
        make: |_, _| Fault::ResetBeforeAccept,
    },
    Kind {
        name: "reset-after-accept",
        description: "The platform acts, then the connection is reset without a reply.",
        parameters: &[],
        make: |_, _| Fault::ResetAfterAccept,
    },
    Kind {
        name: "reset-mid-reply",
        description: "The platform acts, then the connection is reset in the middle of the reply.",
        parameters: &[],
        make: |_, _| Fault::ResetMidReply,
    },
    Kind {
        name: "stall-before-accept",
        description: "The platform does not act and never answers.",
        parameters: &[],
        make: |_, _| Fault::StallBeforeAccept,
    },
    Kind {
        name: "stall-after-accept",
        description: "The platform acts and never answers.",
        parameters: &[],
        make: |_, _| Fault::StallAfterAccept,
    },
    Kind {
        name: "slow",
        description: "The reply comes 16 bytes at a time, with this pause before each piece.",
        parameters: &[MILLIS],
        make: |millis, _| Fault::Slow(Duration::from_millis(millis.into())),
    },
    Kind {
        name: "truncated",
        description: "The platform acts; its reply ends early.",
        parameters: &[],
        make: |_, _| Fault::Truncated,
    },
    Kind {
        name: "malformed",
        description: "The platform acts; its reply is no JSON.",
        parameters: &[],
        make: |_, _| Fault::Malformed,
    },
    Kind {
        name: "wrong-content-type",
        description: "The platform acts; its reply is called HTML.",
        parameters: &[],
        make: |_, _| Fault::WrongContentType,
    },
    Kind {
        name: "status",
        description: "A page with this HTTP status, before the platform acts.",
        parameters: &[STATUS],
        make: |status, _| Fault::Status(small(status)),
    },
    Kind {
        name: "status-after-accept",
        description: "A page with this HTTP status, after the platform acted.",
        parameters: &[STATUS],
        make: |status, _| Fault::StatusAfterAccept(small(status)),
    },
    Kind {
        name: "retry-after",
        description: "A page with this HTTP status that asks to wait, before the platform acts.",
        parameters: &[STATUS, SECONDS],
        make: |status, seconds| Fault::RetryAfter(small(status), seconds),
    },
    Kind {
        name: "code",
        description: "The platform refuses with this result code and does not act.",
        parameters: &[CODE],
        make: |code, _| Fault::Code(code.into()),
    },
];

fn small(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

impl Kind {
    /// The kind of a name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The fault with these numbers, in the order of the parameters; missing ones are the usual ones.
    pub(crate) fn fault(&self, numbers: &[u32]) -> Fault {
        let number = |at: usize| {
            let usual = self
                .parameters
                .get(at)
                .map_or(0, |parameter| parameter.usual);
            numbers.get(at).copied().unwrap_or(usual)
        };
        (self.make)(number(0), number(1))
    }
}

impl Fault {
    /// The name of its kind, and its numbers in the order of the kind's parameters.
    pub(crate) fn described(self) -> (&'static str, Vec<i64>) {
        match self {
            Self::ResetBeforeAccept => ("reset-before-accept", vec![]),
            Self::ResetAfterAccept => ("reset-after-accept", vec![]),
            Self::ResetMidReply => ("reset-mid-reply", vec![]),
            Self::StallBeforeAccept => ("stall-before-accept", vec![]),
            Self::StallAfterAccept => ("stall-after-accept", vec![]),
            Self::Slow(pause) => (
                "slow",
                vec![i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)],
            ),
            Self::Truncated => ("truncated", vec![]),
            Self::Malformed => ("malformed", vec![]),
            Self::WrongContentType => ("wrong-content-type", vec![]),
            Self::Status(status) => ("status", vec![status.into()]),
            Self::StatusAfterAccept(status) => ("status-after-accept", vec![status.into()]),
            Self::RetryAfter(status, seconds) => {
                ("retry-after", vec![status.into(), seconds.into()])
            }
            Self::Code(code) => ("code", vec![code]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_makes_the_fault_of_its_name() {
        for kind in KINDS {
            let (name, numbers) = kind.fault(&[]).described();
            let usual = kind.parameters.iter().map(|one| i64::from(one.usual));
            assert_eq!(name, kind.name);
            assert_eq!(numbers, usual.collect::<Vec<_>>(), "{name}");
            assert_eq!(Kind::named(name).map(|kind| kind.name), Some(name));
        }
        let retry = Kind::named("retry-after").map(|kind| kind.fault(&[429, 7]));
        assert_eq!(retry, Some(Fault::RetryAfter(429, 7)));
        assert!(Kind::named("none").is_none());
    }
}
