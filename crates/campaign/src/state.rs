//! The states of a row, and what may change them: pure functions that every ledger obeys.
//!
//! | from | what happens | to |
//! | --- | --- | --- |
//! | ready | it is claimed; committed before the first byte leaves | sending |
//! | ready | it is left out | skipped |
//! | sending | the attempt ends ([`settle`]) | accepted, rejected, unknown, ready, skipped |
//! | sending | its worker ended without a word ([`reap`]) | unknown |
//! | unknown | the reply comes late | accepted, rejected |
//! | unknown | a person orders it ([`order`]) | accepted, ready |
//! | any | a receipt comes ([`on_receipt`]) | accepted |
//!
//! So a row that may have been sent goes back to *ready* only by a person's order.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The state of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the states that the design rests on"
)]
pub enum State {
    /// It waits to be sent.
    Ready,
    /// It is claimed: its request may leave at any time.
    Sending,
    /// The platform accepted it.
    Accepted,
    /// The platform rejected it, for a reason that does not pass.
    Rejected,
    /// The platform may have accepted it; no reply says so. It is not sent again by itself.
    Unknown,
    /// It is not sent, for a [`Skip`] reason.
    Skipped,
}

impl State {
    /// Every state, in the order of their numbers in a ledger.
    pub const ALL: &[Self] = &[
        Self::Ready,
        Self::Sending,
        Self::Accepted,
        Self::Rejected,
        Self::Unknown,
        Self::Skipped,
    ];

    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// Why a row is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the reasons that the design rests on"
)]
pub enum Skip {
    /// An earlier row has the same number.
    Duplicate,
    /// The number is on the suppression list.
    Suppressed,
    /// The row cannot be read or breaks a documented limit.
    Invalid,
    /// The campaign's deadline passed before it was sent.
    Expired,
    /// The campaign was cancelled before it was sent.
    Cancelled,
}

impl Skip {
    /// Every reason, in the order of their numbers in a ledger.
    pub const ALL: &[Self] = &[
        Self::Duplicate,
        Self::Suppressed,
        Self::Invalid,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The reason as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Suppressed => "suppressed",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// How an attempt to send a row ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// What it means for the row.
    pub result: AttemptResult,
    /// The platform's id of the message.
    pub message_id: Option<String>,
    /// The platform's result code.
    pub code: Option<i64>,
    /// What went wrong, in one line without numbers and texts; empty for an accepted one.
    pub reason: String,
    /// How long the platform asked to wait; it slows down every row of the account.
    pub retry_after: Option<Duration>,
    /// Whether calls came too fast for the platform or something before it (result code of a rate limit, HTTP 429 and 503).
    pub too_fast: bool,
}

/// What the end of an attempt means for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptResult {
    /// The platform accepted it.
    Accepted,
    /// The platform rejected it, for a reason that does not pass.
    Rejected,
    /// No reply says whether the platform accepted it.
    Unknown,
    /// Nothing left this machine, for a reason that may pass.
    NotSent,
    /// The request cannot be built or breaks a documented limit; nothing left this machine.
    Invalid,
    /// The platform refused for the moment: calls come too fast.
    TooFast,
    /// The platform refused because an allowance is used up that comes back after an hour or more.
    Quota,
    /// The platform refused because of the account, not because of the row.
    Account(AccountProblem),
}

/// What is wrong with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountProblem {
    /// It cannot pay.
    Balance,
    /// It may not do this; of some services for one destination only.
    Permission,
    /// It was not recognised.
    Authentication,
    /// The session is not set up for this service, or something before the platform answers in its place.
    Configuration,
}

impl Attempt {
    /// An attempt with this result and nothing else.
    #[must_use]
    pub fn new(result: AttemptResult) -> Self {
        Self {
            result,
            message_id: None,
            code: None,
            reason: String::new(),
            retry_after: None,
            too_fast: result == AttemptResult::TooFast,
        }
    }

    /// The platform accepted it, with this id.
    #[must_use]
    pub fn accepted(message_id: impl Into<Option<String>>) -> Self {
        Self {
            message_id: message_id.into(),
            ..Self::new(AttemptResult::Accepted)
        }
    }

    /// The same, for which the platform asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same with a reason in one line.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Next {
    /// Its state.
    pub state: State,
    /// Why it is skipped.
    pub skip: Option<Skip>,
    /// How long it has to wait before it may be claimed, when it is ready again.
    pub wait: Duration,
}

impl Next {
    const fn state(state: State) -> Self {
        Self {
            state,
            skip: None,
            wait: Duration::ZERO,
        }
    }

    const fn ready_in(wait: Duration) -> Self {
        Self {
            wait,
            ..Self::state(State::Ready)
        }
    }
}

/// The longest time for which a row is put back.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Claims of one row after which a refusal for the moment counts as a rejection, where it may be the row's fault.
const MOST_REFUSALS: u32 = 5;
/// The same for an allowance that comes back after an hour.
const MOST_QUOTAS: u32 = 24;

/// What becomes of a row when an attempt of its present claim ends, the `claims`th of the row. `None`: nothing changes.
///
/// A row that is accepted already (a receipt came first) only learns its message id. One that was counted as unknown takes a late
/// reply, but is never ready again because of it.
#[must_use]
pub fn settle(current: State, result: AttemptResult, claims: u32) -> Option<Next> {
    use AttemptResult as R;
    let next = match result {
        R::Accepted => Next::state(State::Accepted),
        R::Rejected => Next::state(State::Rejected),
        R::Unknown => Next::state(State::Unknown),
        R::Invalid => Next {
            skip: Some(Skip::Invalid),
            ..Next::state(State::Skipped)
        },
        R::NotSent => Next::ready_in(back_off(claims)),
        // The account's rate slows down too, which is what helps.
        R::TooFast => Next::ready_in(Duration::from_secs(1)),
        R::Quota if claims >= MOST_QUOTAS => Next::state(State::Rejected),
        R::Quota => Next::ready_in(LONGEST_WAIT),
        R::Account(AccountProblem::Permission) if claims >= MOST_REFUSALS => {
            Next::state(State::Rejected)
        }
        R::Account(_) => Next::ready_in(back_off(claims)),
    };
    match current {
        State::Sending => Some(next),
        State::Unknown => matches!(next.state, State::Accepted | State::Rejected).then_some(next),
        State::Accepted => (next.state == State::Accepted).then_some(next),
        State::Ready | State::Rejected | State::Skipped => None,
    }
}

/// 1, 2, 4 … 32 s.
fn back_off(claims: u32) -> Duration {
    Duration::from_secs(1 << claims.saturating_sub(1).min(5))
}

/// What becomes of a row whose worker ended without a word about it.
#[must_use]
pub fn reap(current: State) -> Option<State> {
    (current == State::Sending).then_some(State::Unknown)
}

/// What becomes of a row when a receipt for it comes, signed or not: the platform has accepted it, whatever was known before. A row that
/// was ready (a copy of an older ledger was put back, or a person had ordered it to be sent again) is not sent.
#[must_use]
pub fn on_receipt(_: State) -> State {
    State::Accepted
}

/// What a person decides about a row whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the orders that the design rests on"
)]
pub enum Order {
    /// It counts as accepted.
    Accept,
    /// It is sent again, although it may have been sent before.
    Resend,
}

impl Order {
    /// The order as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Resend => "resend",
        }
    }
}

/// What becomes of a row on a person's order. `None`: its outcome is not unknown, and nothing changes.
#[must_use]
pub fn order(current: State, order: Order) -> Option<State> {
    (current == State::Unknown).then_some(match order {
        Order::Accept => State::Accepted,
        Order::Resend => State::Ready,
    })
}

#[cfg(test)]
#[path = "state_tests.rs"]
pub(crate) mod tests;
