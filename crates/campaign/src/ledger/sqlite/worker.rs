//! The one worker of a ledger: its start and its end.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::claim::{set_state, state_of};
use super::problem::Stored as _;
use super::tally;
use super::{Work, lists, sql};
use crate::clock::{Nanos, nanos};
use crate::ledger::rules::{damaged, random};
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, CampaignState, Counts, Worker, WorkerId};
use crate::state::{LONGEST_WAIT, State};
use crate::{Error, ErrorKind};

/// Receipts for which no reply came are forgotten after this long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long replies wait for a file that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Rows of workers that ended are unknown from here on; how many.
pub(super) fn reap(connection: &Connection, now: Nanos) -> Result<u64, Error> {
    let mut changes = Changes::default();
    let mut statement = connection.prepare_cached(sql::SENDING).stored()?;
    let mut found = statement.query([]).stored()?;
    let mut reaped = 0;
    while let Some(row) = found.next().stored()? {
        let (campaign, count): (u32, i64) = (row.get(0).stored()?, row.get(1).stored()?);
        let campaign = CampaignId::new(campaign).ok_or_else(damaged)?;
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

pub(super) fn start(work: &Work<'_>, campaign: CampaignId) -> Result<Worker, Error> {
    let Work {
        connection, now, ..
    } = *work;
    let state = state_of(work, campaign)?;
    state.may_start()?;
    let reaped = reap(connection, now)?;
    connection
        .execute(
            sql::NOT_LATER,
            (campaign.get(), now, now + nanos(LONGEST_WAIT)),
        )
        .stored()?;
    connection
        .execute(sql::FORGET_WAITING, [now - nanos(FORGOTTEN_AFTER)])
        .stored()?;
    if state.state == CampaignState::Ready {
        set_state(connection, campaign, CampaignState::Running, None)?;
    }
    let id = random()?;
    connection.execute(sql::SET_WORKER, [id]).stored()?;
    Ok(Worker {
        id: WorkerId(id),
        reaped,
        columns: Arc::new(lists::columns(connection, campaign)?),
        hold: None,
        lease: None,
        patience: PATIENCE,
    })
}

pub(super) fn finish(
    work: &Work<'_>,
    campaign: CampaignId,
    worker: WorkerId,
) -> Result<Counts, Error> {
    let connection = work.connection;
    still_worker(connection, worker)?;
    let counts = tally::counts(connection, campaign)?;
    let open = counts.state(State::Ready) + counts.state(State::Sending);
    if open == 0 && state_of(work, campaign)?.state == CampaignState::Running {
        set_state(connection, campaign, CampaignState::Done, None)?;
    }
    Ok(counts)
}

/// Whether nobody took the ledger over.
pub(super) fn still_worker(connection: &Connection, worker: WorkerId) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql::WORKER).stored()?;
    let present: i64 = statement.query_row([], |row| row.get(0)).stored()?;
    if present == worker.0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InUse,
        "another worker took the ledger over; this one claims nothing more",
    ))
}
