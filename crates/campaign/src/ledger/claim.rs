//! A worker and its turns.

use std::sync::Arc;
use std::time::Duration;

use super::{CampaignId, CampaignState, Counts, WorkerId};
use crate::compose::{Columns, Row};
use crate::state::Attempt;

/// The one worker of a ledger. Dropping it lets another one start.
#[derive(Debug)]
#[non_exhaustive]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// How many rows of a worker that ended are unknown now.
    pub reaped: u64,
    /// The columns of the list.
    pub(crate) columns: Arc<Columns>,
    /// What keeps other workers out.
    pub(crate) _lock: Option<super::sqlite::Lock>,
}

/// One turn of a worker.
#[derive(Debug)]
#[non_exhaustive]
pub struct ClaimRequest {
    /// The campaign.
    pub campaign: CampaignId,
    /// The worker.
    pub worker: WorkerId,
    /// What came back.
    pub settle: Arc<Vec<Settle>>,
    /// How many rows it can send now.
    pub max_claims: u32,
    /// How long the account has to be left alone.
    pub slow_down: Option<Duration>,
    /// Why the campaign has to stop.
    pub pause: Option<String>,
    /// The columns of the list.
    pub(crate) columns: Arc<Columns>,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settle {
    /// The row.
    pub row: u32,
    /// RowFilter claim of the row it was.
    pub claim: u32,
    /// How it ended.
    pub attempt: Attempt,
}

/// What a turn brought.
#[derive(Debug)]
#[non_exhaustive]
pub struct ClaimReply {
    /// The rows that are claimed now.
    pub claimed: Vec<Claimed>,
    /// Where the campaign is.
    pub state: CampaignState,
    /// Why it is paused.
    pub reason: Option<String>,
    /// How many rows are in which state.
    pub counts: Counts,
    /// How long to wait before the next claim, when there was less to claim than asked for: until the rate allows it, or a row may be tried
    /// again.
    pub wait: Option<Duration>,
}

/// A row that was claimed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claimed {
    /// Number, recipient, key and values.
    pub row: Row,
    /// RowFilter claim of the row it is.
    pub claim: u32,
}
