//! Where campaigns, rows and receipts are kept: what every ledger does, whatever it is kept in.

mod any;
mod claim;
mod merge;
mod permits;
#[cfg(feature = "postgres-no-provider")]
pub mod postgres;
mod rules;
pub mod sqlite;
mod tally;
pub(crate) mod types;

use std::time::Duration;

pub use any::AnyLedger;
pub use claim::*;
pub use types::*;

use crate::key::RowId;
use crate::receipt::{Receipt, Recorded};
use crate::{Error, Rate};

/// A ledger: rows, queue, rate and receipts in one.
///
/// What a method returns is durable when it returns. A method that fails has changed nothing. Dropping a future does not undo the
/// call.
pub trait Ledger: Send + Sync {
    /// Makes a campaign without rows, in the state [`Importing`](CampaignState::Importing).
    fn create(&self, new: NewCampaign) -> impl Future<Output = Result<CampaignId, Error>> + Send;

    /// A campaign by its name.
    fn campaign(&self, name: &str) -> impl Future<Output = Result<Campaign, Error>> + Send;

    /// Every campaign, the oldest first.
    fn campaigns(&self) -> impl Future<Output = Result<Vec<Campaign>, Error>> + Send;

    /// Adds rows, and notes with them how far the list has been read.
    fn import(
        &self,
        campaign: CampaignId,
        batch: Batch,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends the import: duplicates and suppressed numbers are skipped, and the campaign becomes [`Ready`](CampaignState::Ready).
    fn finish_import(
        &self,
        campaign: CampaignId,
    ) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// Removes a campaign whose list was not imported to its end; nothing of it was sent.
    fn discard(&self, campaign: CampaignId) -> impl Future<Output = Result<(), Error>> + Send;

    /// Rows after this one, in their order; an empty list at the end.
    fn rows(
        &self,
        campaign: CampaignId,
        which: RowFilter,
        after: u32,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RowRecord>, Error>> + Send;

    /// Skips ready rows that cannot be sent, each with the reason.
    fn invalidate(
        &self,
        campaign: CampaignId,
        rows: Vec<(u32, String)>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Notes that every ready row was checked.
    fn checked(&self, campaign: CampaignId) -> impl Future<Output = Result<(), Error>> + Send;

    /// Makes the caller a worker of the ledger, the only one in `SQLite`, and the campaign [`Running`](CampaignState::Running). Rows of
    /// workers that ended are unknown from here on.
    fn start(&self, campaign: CampaignId) -> impl Future<Output = Result<Worker, Error>> + Send;

    /// Settles what came back and claims the next rows, in one transaction.
    fn settle_and_claim(
        &self,
        request: ClaimRequest,
    ) -> impl Future<Output = Result<ClaimReply, Error>> + Send;

    /// Ends a campaign of which nothing is left to send.
    fn finish(
        &self,
        campaign: CampaignId,
        worker: WorkerId,
    ) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// Notes receipts; the answers are in their order.
    fn record(
        &self,
        receipts: Vec<Receipt>,
    ) -> impl Future<Output = Result<Vec<Recorded>, Error>> + Send;

    /// Pauses a campaign, for a reason.
    fn pause(
        &self,
        campaign: CampaignId,
        reason: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Lets a paused campaign run again.
    fn resume(&self, campaign: CampaignId) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends a campaign: what is not sent yet is skipped.
    fn cancel(&self, campaign: CampaignId) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// How many rows are in which state, without looking at the rows.
    fn counts(&self, campaign: CampaignId) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// Carries out a person's decision about rows whose outcome is unknown, and notes it; how many rows it changed.
    fn decide(
        &self,
        campaign: CampaignId,
        decision: Decision,
    ) -> impl Future<Output = Result<u64, Error>> + Send;

    /// What persons decided, in the order of time.
    fn decisions(
        &self,
        campaign: CampaignId,
    ) -> impl Future<Output = Result<Vec<DecisionRecord>, Error>> + Send;

    /// Puts numbers on the suppression list, for every campaign of the ledger; how many are new. Numbers have the platform's form.
    fn suppress(
        &self,
        phones: Vec<String>,
        reason: &str,
    ) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Sets the deadline and the caps of a campaign, in place of those that it had.
    fn set_limits(
        &self,
        campaign: CampaignId,
        limits: Limits,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sets the rate of the account and service of a campaign; `None` for no limit. It applies immediately, also to a campaign that runs.
    fn set_rate(
        &self,
        campaign: CampaignId,
        rate: Option<Rate>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Stores outcomes that could not be settled before the end of the process, for the next [`start`](Self::start). A ledger without a place for them
    /// stores nothing: their rows become unknown.
    fn save_unsettled(&self, _campaign: CampaignId, _worker: WorkerId, _unsettled: &[Settle]) {}

    /// The row of a key that was sent; `None` if this ledger did not make it.
    fn row_of_key(&self, key: &str) -> Option<RowId>;
}

/// The longest wait before the next claim, when fewer rows were claimed than requested.
pub(crate) const POLL: Duration = Duration::from_millis(250);
/// Why a row is unknown whose worker ended.
pub(crate) const REAPED: &str = "the process ended before the reply";
