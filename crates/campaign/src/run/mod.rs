//! Runs a campaign: claims rows, sends them, settles what comes back.

mod engine;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use nxcloud_client::Request;
use serde::Serialize;
use tokio::sync::watch;

use crate::Error;
use crate::breaker::BreakerLimits;
use crate::check::{BadRows, check, is_of};
use crate::compose::Compose;
use crate::ledger::{CampaignState, Counts, Ledger, Limits};
use crate::sender::Sender;

/// A run of a campaign.
///
/// Dropping the future of [`execute`](Self::execute) is like the end of the process: rows that were being sent are unknown when the ledger is opened
/// next. To end a run without losing replies, use its [`Stop`].
#[must_use]
pub struct Run<'r, R, L, C, S> {
    ledger: &'r L,
    campaign: String,
    compose: &'r C,
    sender: &'r S,
    slots: u32,
    limits: Option<Limits>,
    breaker: BreakerLimits,
    bad_rows: BadRows,
    stop: Stop,
    progress: watch::Sender<Progress>,
    of: PhantomData<fn() -> R>,
}

impl<'r, R, L, C, S> Run<'r, R, L, C, S>
where
    R: Request + Serialize,
    L: Ledger,
    C: Compose<R>,
    S: Sender<R>,
{
    /// A run of the campaign of this name: 32 requests at once, the campaign's own limits, refused while there are bad rows.
    pub fn new(ledger: &'r L, campaign: impl Into<String>, compose: &'r C, sender: &'r S) -> Self {
        Self {
            ledger,
            campaign: campaign.into(),
            compose,
            sender,
            slots: 32,
            limits: None,
            breaker: BreakerLimits::new(),
            bad_rows: BadRows::Refuse,
            stop: Stop(Arc::new(watch::Sender::new(false))),
            progress: watch::Sender::new(Progress::default()),
            of: PhantomData,
        }
    }

    /// How many requests are in flight at once; 0 counts as 1. When the process is killed, at most this many rows are unknown.
    pub fn slots(mut self, slots: u32) -> Self {
        self.slots = slots.max(1);
        self
    }

    /// Deadline and caps, in place of those that the campaign has.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// When the campaign pauses by itself.
    pub fn breaker(mut self, limits: BreakerLimits) -> Self {
        self.breaker = limits;
        self
    }

    /// What is done with rows that cannot be sent.
    pub fn bad_rows(mut self, bad_rows: BadRows) -> Self {
        self.bad_rows = bad_rows;
        self
    }

    /// Ends the run: replies in flight are waited for.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// What is known of the run while it lasts.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Runs until nothing is left, or something ends it. A campaign that was not checked yet is checked first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadRows`](crate::ErrorKind::BadRows) with the findings; [`ErrorKind::WrongState`](crate::ErrorKind::WrongState) for a campaign
    /// that is paused, cancelled or not imported to its end; [`ErrorKind::InUse`](crate::ErrorKind::InUse); and those of the ledger. When
    /// the ledger fails during the run, nothing more is claimed, replies that come are settled as soon as it works again, and after half a
    /// minute (`SQLite`) or five minutes (PostgreSQL) the run ends with the error: what could not be settled is unknown then, unless the ledger
    /// has a place to keep it.
    pub async fn execute(self) -> Result<Report, Error> {
        self.run(None).await
    }

    /// Sends at most `max_rows` rows and claims none after the deadline; then it waits for the replies in flight. For a job engine or cron, which
    /// calls it again until the report says [`RunEnd::Done`]. A row that is put back and tried again counts again.
    ///
    /// It is safe to run twice: two slices at once never send a row twice. In `SQLite` the second one ends with
    /// [`ErrorKind::InUse`](crate::ErrorKind::InUse); in PostgreSQL both work.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub async fn work_slice(self, max_rows: u32, deadline: Instant) -> Result<Report, Error> {
        self.run(Some(engine::Slice {
            rows: max_rows,
            deadline,
        }))
        .await
    }

    async fn run(self, slice: Option<engine::Slice>) -> Result<Report, Error> {
        let campaign = self.ledger.campaign(&self.campaign).await?;
        is_of::<R>(&campaign)?;
        if !campaign.checked
            && matches!(
                campaign.state,
                CampaignState::Ready | CampaignState::Running
            )
        {
            let checked = check(self.ledger, &campaign, self.compose, self.bad_rows).await?;
            if self.bad_rows == BadRows::Refuse && checked.findings.total > 0 {
                return Err(Error::bad_rows(checked.findings));
            }
        }
        if let Some(limits) = &self.limits {
            self.ledger.set_limits(campaign.id, limits.clone()).await?;
        }
        let engine = engine::Engine::start(&self, campaign.id, slice).await?;
        engine.run().await
    }
}

impl<R, L, C, S> std::fmt::Debug for Run<'_, R, L, C, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("campaign", &self.campaign)
            .field("slots", &self.slots)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Ends a run: nothing more is claimed, replies in flight are waited for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Ends the run.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// What is known of a run while it lasts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many rows are in which state.
    pub counts: Counts,
    /// How many rows are claimed and not settled: requests in flight, and replies that wait for the ledger.
    pub in_flight: u32,
    /// Why the ledger fails, while it does: nothing more is claimed, and replies wait.
    pub ledger_problem: Option<String>,
    /// How many attempts of this run the platform refused because a quota is used up (code 27). Their rows are tried again after an hour.
    pub quota: u64,
    /// Whether the run is ending: it claims nothing more.
    pub ending: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEnd {
    /// Nothing is left to send.
    Done,
    /// It was stopped by its [`Stop`].
    Stopped,
    /// The campaign was paused, by a person or by itself.
    Paused(String),
    /// The campaign was cancelled.
    Cancelled,
    /// The slice is used up, and rows are left.
    SliceEnded,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How it ended.
    pub ended: RunEnd,
    /// How many rows of the campaign are in which state.
    pub counts: Counts,
    /// How many rows became unknown at the start, because an earlier process ended while it sent them.
    pub reaped: u64,
}
