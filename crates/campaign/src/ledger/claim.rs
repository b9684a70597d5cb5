//! A worker and its requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{CampaignId, CampaignState, Counts, WorkerId};
use crate::compose::{Columns, Row};
use crate::state::Attempt;

/// A worker. Dropping it lets another one start (`SQLite`), or stores that it ended (PostgreSQL).
#[derive(Debug)]
#[non_exhaustive]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// How many rows of a worker that ended are unknown now.
    pub reaped: u64,
    /// The columns of the list.
    pub(crate) columns: Arc<Columns>,
    /// Whether the service brings back the key of a row.
    pub(crate) echoes: bool,
    /// What lasts as long as the worker.
    pub(crate) guard: Option<Guard>,
    /// How long after the request for a claim its rows may still be sent; `None` where no other worker can count this one as dead.
    pub(crate) lease: Option<Duration>,
    /// How long replies wait for a ledger that fails.
    pub(crate) outage_limit: Duration,
}

/// What lasts as long as a worker, and ends with it.
pub(crate) enum Guard {
    /// The lock that keeps other workers out.
    Lock(#[expect(dead_code, reason = "it is held, not read")] super::sqlite::Lock),
    /// What shows other workers that it lives.
    #[cfg(feature = "postgres-no-provider")]
    Heartbeat(#[expect(dead_code, reason = "it is held, not read")] super::postgres::Heartbeat),
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

/// A request of a worker.
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
    /// As in [`Worker`].
    #[cfg_attr(
        not(feature = "postgres-no-provider"),
        expect(dead_code, reason = "`SQLite` reads it in the same transaction")
    )]
    pub(crate) echoes: bool,
    /// After a request that failed: the rows that are being sent. What the ledger has claimed for the worker beside them was never begun.
    #[cfg_attr(
        not(feature = "postgres-no-provider"),
        expect(
            dead_code,
            reason = "in `SQLite` a request that failed has claimed nothing"
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

/// The reply to it.
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
    /// How long to wait before the next claim, when there was less to claim than the request allowed: until the rate allows it, or a row may be tried
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
