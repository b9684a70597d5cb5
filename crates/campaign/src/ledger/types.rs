//! What goes into a ledger and what comes out.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Rate;
use crate::compose::Row;
use crate::receipt::ReceiptState;
use crate::state::{Order, Skip, State};
use crate::template::Parts;

/// The number of a campaign in its ledger, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CampaignId(NonZeroU32);

impl CampaignId {
    /// The greatest one.
    pub(crate) const MAX: u32 = i32::MAX as u32;

    pub(crate) fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number)
            .filter(|number| number.get() <= Self::MAX)
            .map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A process that runs a campaign: random, so that no two are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkerId(pub(crate) i64);

/// A campaign to be made.
#[derive(Clone, Debug)]
#[must_use]
pub struct NewCampaign {
    pub(crate) name: String,
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    /// Whether receipts bring back the key of a row.
    pub(crate) echoes: bool,
    pub(crate) template: Option<Arc<Parts>>,
    pub(crate) account: String,
    /// The hash of the list.
    pub(crate) list: Vec<u8>,
    pub(crate) number_column: String,
    pub(crate) again: bool,
    pub(crate) limits: Option<Limits>,
    pub(crate) rate: Option<Rate>,
}

/// A campaign as the ledger has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Campaign {
    /// Its number.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// The service: `sms`.
    pub service: String,
    /// The operation: `send_sms`.
    pub operation: String,
    /// The JSON of its template, if it has one.
    pub template: Option<String>,
    /// Where it is.
    pub state: CampaignState,
    /// Why it is paused.
    pub reason: Option<String>,
    /// Whether every row was checked.
    pub checked: bool,
    /// How many rows of the list were read so far.
    pub imported: u32,
    /// The columns of the list.
    pub columns: Vec<String>,
    /// The column of the recipients' numbers.
    pub number_column: String,
    /// Its deadline and caps.
    pub limits: Limits,
    /// The rate of its account and service.
    pub rate: Option<Rate>,
    pub(crate) list: Vec<u8>,
}

/// Where a campaign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CampaignState {
    /// Its list is being read, or that was interrupted.
    Importing,
    /// It may be run.
    Ready,
    /// It runs, or its process ended while it did.
    Running,
    /// It was paused.
    Paused,
    /// Nothing is left to send.
    Done,
    /// It was cancelled.
    Cancelled,
}

impl CampaignState {
    pub(crate) const ALL: [Self; 6] = [
        Self::Importing,
        Self::Ready,
        Self::Running,
        Self::Paused,
        Self::Done,
        Self::Cancelled,
    ];

    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Importing => "importing",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
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

/// What a campaign may do at most, over all its runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(crate) deadline: Option<SystemTime>,
    pub(crate) rows: Option<u64>,
    pub(crate) cost: Option<Cost>,
}

/// A cap on money, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) most: i64,
    pub(crate) row: i64,
}

impl Limits {
    /// No limits.
    pub fn none() -> Self {
        Self::default()
    }

    /// What is not sent by then expires: it is skipped instead of being sent late.
    pub fn deadline(mut self, deadline: SystemTime) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The maximum of rows that are sent. Those that the platform rejected do not count; those whose outcome is
    /// unknown do.
    pub fn rows(mut self, most: u64) -> Self {
        self.rows = Some(most);
        self
    }

    /// At most so much money is spent, at so much a row: the most that one row can cost, as decimal numbers in one currency. When a receipt
    /// says that one cost more, every row counts with that.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if a text is not an amount, or the price is 0.
    pub fn cost(mut self, most: &str, each_row: &str) -> Result<Self, crate::Error> {
        let wrong = || {
            crate::Error::new(
                crate::ErrorKind::Argument,
                "the cap or the price is no amount above 0; write decimal numbers such as 12.50",
            )
        };
        let most = crate::money::micros(most).ok_or_else(wrong)?;
        let row = crate::money::micros(each_row)
            .filter(|row| *row > 0)
            .ok_or_else(wrong)?;
        self.cost = Some(Cost { most, row });
        Ok(self)
    }
}

/// In one line, as far as there are limits: `until 2026-11-27T18:00:00Z, at most 100 rows`.
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = self
            .deadline
            .map(|deadline| format!("until {}", crate::clock::written(deadline)));
        let rows = self.rows.map(|rows| format!("at most {rows} rows"));
        let cost = self.cost.map(|Cost { most, row }| {
            let (most, row) = (crate::money::decimal(most), crate::money::decimal(row));
            format!("at most {most} at {row} a row")
        });
        let parts: Vec<String> = [deadline, rows, cost].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

/// Rows of a list, in their order, right after those that the ledger has.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) rows: Vec<NewRow>,
    /// The columns, if there are new ones.
    pub(crate) columns: Option<Vec<String>>,
    /// The number of the row before the first one.
    pub(crate) after: u32,
}

/// A row of a list.
pub(crate) struct NewRow {
    /// In the platform's form; empty if it is wrong.
    pub(crate) phone: String,
    /// The values of the columns as a JSON array.
    pub(crate) values: String,
    /// What is wrong with it.
    pub(crate) problem: Option<String>,
}

impl fmt::Debug for NewRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRow")
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowFilter {
    /// Every one.
    All,
    /// Those that are ready.
    Ready,
    /// Those whose outcome is unknown.
    Unknown,
    /// Those that are skipped as invalid.
    Invalid,
}

/// A row as the ledger has it.
///
/// `Debug` shows neither the number nor the values.
#[derive(Clone)]
#[non_exhaustive]
pub struct RowRecord {
    /// Number, recipient, key and values.
    pub row: Row,
    /// Its state.
    pub state: State,
    /// Why it is skipped.
    pub skip: Option<Skip>,
    /// What went wrong, in one line.
    pub reason: Option<String>,
    /// The platform's result code.
    pub code: Option<i64>,
    /// The platform's id of the message.
    pub message_id: Option<String>,
    /// How often it was claimed.
    pub claims: u32,
    /// When it was claimed last.
    pub claimed_at: Option<SystemTime>,
    /// When its state was decided.
    pub settled_at: Option<SystemTime>,
    /// What the receipts say.
    pub receipt: Option<RowReceipt>,
}

impl fmt::Debug for RowRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowRecord")
            .field("row", &self.row)
            .field("state", &self.state)
            .field("skip", &self.skip)
            .field("reason", &self.reason)
            .field("code", &self.code)
            .field("message_id", &self.message_id)
            .field("claims", &self.claims)
            .field("receipt", &self.receipt)
            .finish_non_exhaustive()
    }
}

/// What the receipts of a row say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowReceipt {
    /// The furthest state.
    pub state: ReceiptState,
    /// When the ledger noted it.
    pub at: SystemTime,
    /// Whether the platform had signed it.
    pub signed: bool,
    /// The price of the message or of each part.
    pub price: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// How many parts are billed.
    pub parts: Option<u32>,
}

/// How many rows are in which state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    pub(crate) states: [u64; State::ALL.len()],
    pub(crate) skips: [u64; Skip::ALL.len()],
    pub(crate) receipts: [u64; ReceiptState::ALL.len()],
    /// How often a row was sent again on a person's order.
    pub resent: u64,
}

impl Counts {
    /// Rows in a state.
    #[must_use]
    pub fn state(&self, state: State) -> u64 {
        self.states.get(state as usize).copied().unwrap_or_default()
    }

    /// Rows that are skipped for a reason.
    #[must_use]
    pub fn skipped(&self, skip: Skip) -> u64 {
        self.skips.get(skip as usize).copied().unwrap_or_default()
    }

    /// Rows whose receipts say this.
    #[must_use]
    pub fn receipt(&self, state: ReceiptState) -> u64 {
        self.receipts
            .get(state as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Rows that were delivered, read ones included.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.receipt(ReceiptState::Delivered) + self.receipt(ReceiptState::Read)
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.states.iter().sum()
    }

    /// Rows that the platform has accepted or may have, each as often as it was sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.state(State::Sending)
            + self.state(State::Accepted)
            + self.state(State::Unknown)
            + self.resent
    }
}

/// A person's decision about rows whose outcome is unknown.
#[derive(Clone, Debug)]
#[must_use]
pub struct Decision {
    pub(crate) order: Order,
    pub(crate) rows: Option<Vec<u32>>,
    pub(crate) by: String,
    pub(crate) reason: String,
}

impl Decision {
    /// For every row of the campaign whose outcome is unknown; by whom, and why.
    pub fn all(order: Order, by: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            order,
            rows: None,
            by: by.into(),
            reason: reason.into(),
        }
    }

    /// For these rows only; others, and those whose outcome is known meanwhile, are left as they are.
    pub fn rows(mut self, rows: impl IntoIterator<Item = u32>) -> Self {
        self.rows = Some(rows.into_iter().collect());
        self
    }
}

/// A decision that was carried out for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecisionRecord {
    /// The row.
    pub row: u32,
    /// What was decided.
    pub order: Order,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: SystemTime,
}
