#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod breaker;
pub mod check;
mod clock;
mod compose;
mod error;
pub mod export;
pub mod import;
mod key;
pub mod ledger;
mod money;
mod rate;
mod receipt;
mod run;
mod sender;
mod state;
mod template;

pub use breaker::BreakerLimits;
pub use check::check;
pub use compose::{Compose, Row};
pub use error::{Error, ErrorKind};
pub use import::import;
pub use key::RowId;
#[cfg(feature = "postgres-no-provider")]
pub use ledger::postgres::Postgres;
pub use ledger::sqlite::Sqlite;
pub use ledger::{
    AnyLedger, Campaign, CampaignId, CampaignState, Counts, Decision, Ledger, Limits, NewCampaign,
    RowFilter, RowRecord,
};
pub use rate::Rate;
pub use receipt::{Receipt, ReceiptState, Recorded, STOPPED, record, record_stop, stop_of_push};
pub use run::{Progress, Report, Run, RunEnd, Stop};
pub use sender::Sender;
pub use state::{
    AccountProblem, Attempt, AttemptResult, Next, Order, Skip, State, on_receipt, order, reap,
    settle,
};
pub use template::Template;
