//! A worker and its turns.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{CampaignId, CampaignState, Counts, WorkerId};
use crate::compose::{Columns, Row};
use crate::state::Attempt;

/// A worker. Dropping it lets another one start (`SQLite`), or tells the others that it ended (PostgreSQL).
#[derive(Debug)]
#[non_exhaustive]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// How many rows of a worker that ended are unknown now.
    pub reaped: u64,
    /// The columns of the list.
    pub(crate) columns: Arc<Columns>,
    /// What lasts as long as the worker.
    pub(crate) guard: Option<Guard>,
    /// How long after a claim was asked for its rows may still be sent; `None` where nobody else can take the worker for dead.
    pub(crate) lease: Option<Duration>,
    /// How long replies wait for a ledger that fails.
    pub(crate) outage_limit: Duration,
}

/// What lasts as long as a worker, and ends with it.
pub(crate) enum Guard {
    /// The lock that keeps other workers out.
    Lock(#[expect(dead_code, reason = "it is held, not read")] super::sqlite::Lock),
    /// What tells other workers that it lives.
    #[cfg(feature = "postgres-no-provider")]
    Heartbeat(#[expect(dead_code, reason = "it is held, not read")] super::postgres::Heartbeat),
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
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
    /// After a turn that failed: the rows that are being sent. What the ledger has claimed for the worker beside them was never begun.
    #[cfg_attr(
        not(feature = "postgres-no-provider"),
        expect(
            dead_code,
            reason = "in `SQLite` a turn that failed has claimed nothing"
        )
    )]
    pub(crate) in_flight: Option<Vec<u32>>,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settle {
    /// The row.
    pub row: u32,
    /// Which claim of the row it was.
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
    /// Which claim of the row it is.
    pub claim: u32,
}
