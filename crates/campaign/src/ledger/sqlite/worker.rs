//! The one worker of a ledger: its start and its end.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::claim::{campaign_context, set_state};
use super::problem::Stored as _;
use super::tally;
use super::{Transaction, lists, sql};
use crate::clock::{Nanos, nanos};
use crate::ledger::rules::{self, corrupt};
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, CampaignState, Counts, Worker, WorkerId};
use crate::state::{LONGEST_WAIT, State};
use crate::{Error, ErrorKind};

/// Receipts for which no reply came are forgotten after this long.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long replies wait for a file that fails.
const OUTAGE_LIMIT: Duration = Duration::from_secs(30);

/// Rows of workers that ended are unknown from here on; how many.
pub(super) fn reap(connection: &Connection, now: Nanos) -> Result<u64, Error> {
    let mut changes = Changes::default();
    let mut statement = connection.prepare_cached(sql::SENDING).stored()?;
    let mut found = statement.query([]).stored()?;
    let mut reaped = 0;
    while let Some(row) = found.next().stored()? {
        let (campaign, count): (u32, i64) = (row.get(0).stored()?, row.get(1).stored()?);
        let campaign = CampaignId::new(campaign).ok_or_else(corrupt)?;
        changes.moved(
            campaign,
            (State::Sending, None),
            (State::Unknown, None),
            count,
        );
        reaped += u64::try_from(count).unwrap_or_default();
    }
    if reaped > 0 {
        connection
            .execute(sql::REAP, (now, crate::ledger::REAPED))
            .stored()?;
        tally::write(changes, connection)?;
    }
    Ok(reaped)
}

/// A worker's id that no other has.
pub(super) fn random() -> Result<WorkerId, Error> {
    rules::random().map(WorkerId)
}

/// The last worker that started; 0 for none.
pub(super) fn last(connection: &Connection) -> Result<WorkerId, Error> {
    let mut statement = connection.prepare_cached(sql::WORKER).stored()?;
    statement
        .query_row([], |row| row.get(0))
        .map(WorkerId)
        .stored()
}

const OLDER_COPY: &str =
    "an older copy of the ledger was put back: rows may have been sent since it was made";

/// Pauses whatever could run.
pub(super) fn pause_older_copy(connection: &Connection) -> Result<(), Error> {
    let (ready, running, paused) = (
        CampaignState::Ready.number(),
        CampaignState::Running.number(),
        CampaignState::Paused.number(),
    );
    connection
        .execute(sql::PAUSE_ALL, (ready, running, paused, OLDER_COPY))
        .stored()?;
    Ok(())
}

pub(super) fn older_copy() -> Error {
    Error::new(
        ErrorKind::WrongState,
        format!(
            "{OLDER_COPY}; every campaign is paused. Wait for receipts, compare with the platform's records, then resume"
        ),
    )
}

pub(super) fn start(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    worker: WorkerId,
) -> Result<Worker, Error> {
    let Transaction {
        connection, now, ..
    } = *tx;
    let state = campaign_context(tx, campaign)?;
    state.may_start()?;
    let reaped = reap(connection, now)?;
    connection
        .execute(
            sql::NOT_LATER,
            (campaign.get(), now, now + nanos(LONGEST_WAIT)),
        )
        .stored()?;
    connection
        .execute(sql::DELETE_OLD_WAITING, [now - nanos(RETENTION)])
        .stored()?;
    if state.state == CampaignState::Ready {
        set_state(connection, campaign, CampaignState::Running, None)?;
    }
    connection.execute(sql::SET_WORKER, [worker.0]).stored()?;
    Ok(Worker {
        id: worker,
        reaped,
        columns: Arc::new(lists::columns(connection, campaign)?),
        echoes: state.echoes,
        guard: None,
        lease: None,
        outage_limit: OUTAGE_LIMIT,
    })
}

pub(super) fn finish(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    worker: WorkerId,
) -> Result<Counts, Error> {
    let connection = tx.connection;
    still_worker(connection, worker)?;
    let counts = tally::counts(connection, campaign)?;
    let open = counts.state(State::Ready) + counts.state(State::Sending);
    if open == 0 && campaign_context(tx, campaign)?.state == CampaignState::Running {
        set_state(connection, campaign, CampaignState::Done, None)?;
    }
    Ok(counts)
}

/// Fails if another worker has taken over the ledger.
pub(super) fn still_worker(connection: &Connection, worker: WorkerId) -> Result<(), Error> {
    if last(connection)? == worker {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InUse,
        "another worker took the ledger over; this one claims nothing more",
    ))
}
