//! Workers: how they start, show that they live, and end.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::campaign::{lock_campaign, set_state};
use super::connection::{Transaction, TransactionKind, get};
use super::tally::{self, SHARED_COUNTERS};
use super::{Postgres, lists, outcomes, sql};
use crate::clock::nanos;
use crate::ledger::rules::{corrupt, random};
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, CampaignState, Counts, Guard, REAPED, Worker, WorkerId};
use crate::state::{LONGEST_WAIT, State};
use crate::{Error, ErrorKind};

/// How long replies wait for a database that cannot be reached.
const OUTAGE_LIMIT: Duration = Duration::from_secs(300);
/// Receipts for which no reply came, and workers, are forgotten after this long.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// Stores from time to time that a worker lives, and when it is dropped that the worker has ended.
pub(crate) struct Heartbeat {
    ledger: Postgres,
    worker: WorkerId,
    beats: AbortHandle,
}

impl Heartbeat {
    fn start(ledger: &Postgres, worker: WorkerId, runtime: &Handle) -> Self {
        ledger.inner.cursors.add(worker);
        let (ledger, pause) = (ledger.clone(), ledger.silence / 6);
        let own = ledger.clone();
        let beats = runtime.spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                // One that fails is tried again; after too many others count the worker as silent.
                let _ = own
                    .call(TransactionKind::Short, move |tx| Box::pin(beat(tx, worker)))
                    .await;
            }
        });
        Self {
            ledger,
            worker,
            beats: beats.abort_handle(),
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.beats.abort();
        self.ledger.inner.cursors.remove(self.worker);
        // Without a runtime or a database the worker becomes silent.
        if let Ok(runtime) = Handle::try_current() {
            let (ledger, worker) = (self.ledger.clone(), self.worker.0);
            runtime.spawn(async move {
                ledger
                    .call(TransactionKind::Short, move |tx| {
                        Box::pin(async move { tx.execute(sql::ENDED, &[&worker]).await })
                    })
                    .await
            });
        }
    }
}

async fn beat(tx: &Transaction<'_>, worker: WorkerId) -> Result<(), Error> {
    tx.first(sql::SEEN, &[&worker.0]).await?;
    reap(tx).await?;
    Ok(())
}

/// Rows of workers that ended or are silent are unknown from here on; how many.
async fn reap(tx: &Transaction<'_>) -> Result<u64, Error> {
    let mut changes = Changes::default();
    let mut reaped = 0;
    for row in tx.query(sql::REAP, &[&REAPED]).await? {
        let campaign = u32::try_from(get::<i64>(&row, 0)?).ok();
        let campaign = campaign.and_then(CampaignId::new).ok_or_else(corrupt)?;
        let count: i64 = get(&row, 1)?;
        let (sending, unknown) = ((State::Sending, None), (State::Unknown, None));
        changes.moved(campaign, sending, unknown, count);
        reaped += count.unsigned_abs();
    }
    tally::write(tx, SHARED_COUNTERS, changes).await?;
    Ok(reaped)
}

pub(super) async fn start(ledger: &Postgres, campaign: CampaignId) -> Result<Worker, Error> {
    if let Some(folder) = &ledger.outcomes {
        outcomes::settle(ledger, folder).await?;
    }
    let of = ledger.clone();
    // The heartbeat begins within the task: a worker whose caller no longer waits for it is dropped there, and so ends.
    let started = ledger
        .call(TransactionKind::Short, move |tx| {
            Box::pin(async move { begin(tx, &of, campaign).await })
        })
        .await?;
    Ok(started)
}

async fn begin(
    tx: &Transaction<'_>,
    ledger: &Postgres,
    campaign: CampaignId,
) -> Result<Worker, Error> {
    let runtime = Handle::try_current().map_err(|_| corrupt())?;
    let of = lock_campaign(tx, campaign).await?;
    of.may_start()?;
    let reaped = reap(tx).await?;
    let retention = nanos(RETENTION);
    tx.execute(sql::DELETE_OLD_WORKERS, &[&retention]).await?;
    tx.execute(sql::DELETE_OLD_WAITING, &[&retention]).await?;
    let number = i64::from(campaign.get());
    tx.execute(sql::NOT_LATER, &[&number, &nanos(LONGEST_WAIT)])
        .await?;
    if of.state == CampaignState::Ready {
        set_state(tx, campaign, CampaignState::Running, None).await?;
    }
    let id = WorkerId(random()?);
    let silence = nanos(ledger.silence);
    tx.execute(sql::ADD_WORKER, &[&id.0, &silence]).await?;
    tx.execute(sql::FOLD_COUNTERS, &[]).await?;
    Ok(Worker {
        id,
        reaped,
        columns: lists::columns(tx, campaign).await?,
        echoes: of.echoes,
        guard: Some(Guard::Heartbeat(Heartbeat::start(ledger, id, &runtime))),
        lease: Some(ledger.silence / 4),
        outage_limit: OUTAGE_LIMIT,
    })
}

pub(super) async fn finish(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    worker: WorkerId,
) -> Result<Counts, Error> {
    let of = lock_campaign(tx, campaign).await?;
    tx.execute(sql::REMOVE_WORKER, &[&worker.0]).await?;
    let counts = tally::counts(tx, campaign).await?;
    let open = counts.state(State::Ready) + counts.state(State::Sending);
    if open == 0 && of.state == CampaignState::Running {
        set_state(tx, campaign, CampaignState::Done, None).await?;
    }
    Ok(counts)
}

/// Stores that the worker lives; whether it may go on.
pub(super) async fn seen(tx: &Transaction<'_>, worker: WorkerId) -> Result<(), Error> {
    let found = tx.first(sql::SEEN, &[&worker.0]).await?;
    let Some(found) = found else {
        return Err(Error::new(
            ErrorKind::InUse,
            "this worker has ended, by what the ledger says; start the run again",
        ));
    };
    match get(&found, 0)? {
        version if version > super::open::latest() => Err(super::open::newer(version)),
        _ => Ok(()),
    }
}
