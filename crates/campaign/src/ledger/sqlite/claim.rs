//! A worker's requests: settle and claim in one transaction.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row as Found};

use super::problem::Stored as _;
use super::rate::{slow_down, take};
use super::tally;
use super::worker::still_worker;
use super::{Transaction, receipts, sql};
use crate::Error;
use crate::clock::{Nanos, nanos};
use crate::compose::Row;
use crate::ledger::rules::{CampaignContext, corrupt, id, no_campaign, row_id};
use crate::ledger::tally::Changes;
use crate::ledger::types::Cost;
use crate::ledger::{
    CampaignId, CampaignState, ClaimReply, ClaimRequest, Claimed, POLL, Settle, WorkerId,
};
use crate::state::{Skip, State};

/// How many rows are skipped in one transaction.
const SKIP_BATCH: i64 = 10_000;

pub(super) fn set_state(
    connection: &Connection,
    campaign: CampaignId,
    state: CampaignState,
    reason: Option<&str>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql::SET_STATE).stored()?;
    let changed = statement
        .execute((campaign.get(), state.number(), reason))
        .stored()?;
    if changed == 1 { Ok(()) } else { Err(corrupt()) }
}

/// Skips some of the rows that are ready; whether there may be more.
pub(super) fn skip_ready(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    skip: Skip,
) -> Result<bool, Error> {
    let mut statement = tx.connection.prepare_cached(sql::SKIP_READY).stored()?;
    let skipped = statement
        .execute((campaign.get(), skip.number(), tx.now, SKIP_BATCH))
        .stored()?;
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let mut changes = Changes::default();
    changes.moved(
        campaign,
        (State::Ready, None),
        (State::Skipped, Some(skip)),
        skipped,
    );
    tally::write(changes, tx.connection)?;
    Ok(skipped == SKIP_BATCH)
}

pub(super) fn campaign_context(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<CampaignContext, Error> {
    let read = |row: &Found<'_>| {
        let cost = row
            .get::<_, Option<i64>>(7)?
            .zip(row.get::<_, Option<i64>>(8)?);
        Ok(CampaignContext {
            campaign,
            state: CampaignState::from_number(row.get(0)?).unwrap_or(CampaignState::Paused),
            reason: row.get(1)?,
            echoes: row.get(2)?,
            service: row.get(3)?,
            bucket: row.get(4)?,
            expired: row
                .get::<_, Option<Nanos>>(5)?
                .is_some_and(|deadline| tx.now >= deadline),
            max_rows: row
                .get::<_, Option<i64>>(6)?
                .and_then(|rows| u64::try_from(rows).ok()),
            cost: cost.map(|(most, row)| Cost { most, row }),
        })
    };
    let mut statement = tx
        .connection
        .prepare_cached(sql::CAMPAIGN_CONTEXT)
        .stored()?;
    let found = statement
        .query_row([campaign.get()], read)
        .optional()
        .stored()?;
    found.ok_or_else(no_campaign)
}

pub(super) fn settle_and_claim(
    tx: &Transaction<'_>,
    request: ClaimRequest,
) -> Result<ClaimReply, Error> {
    let Transaction {
        connection, now, ..
    } = *tx;
    let campaign = request.campaign;
    still_worker(connection, request.worker)?;
    let mut of = campaign_context(tx, campaign)?;
    let mut changes = Changes::default();
    for settled in request.settle.iter() {
        settle_row(tx, &of, request.worker, settled, &mut changes)?;
    }
    if let Some(pause) = request.slow_down {
        slow_down(connection, of.bucket, now, pause)?;
    }
    if let Some(reason) = request.pause.filter(|_| of.state == CampaignState::Running) {
        set_state(connection, campaign, CampaignState::Paused, Some(&reason))?;
        (of.state, of.reason) = (CampaignState::Paused, Some(reason));
    }
    tally::write(changes, connection)?;
    let mut claimed = Vec::new();
    let mut wait = None;
    if of.state == CampaignState::Running && request.max_claims > 0 {
        if of.expired {
            let more = skip_ready(tx, campaign, Skip::Expired)?;
            wait = Some(if more { Duration::ZERO } else { POLL });
        } else {
            let most = capped(connection, &of, request.max_claims)?;
            match most {
                Ok(most) => {
                    (claimed, wait) =
                        claim(tx, &of, campaign, request.worker, most, &request.columns)?;
                }
                Err(reason) => {
                    set_state(connection, campaign, CampaignState::Paused, Some(&reason))?;
                    (of.state, of.reason) = (CampaignState::Paused, Some(reason));
                }
            }
        }
    }
    let counts = tally::counts(connection, campaign)?;
    Ok(ClaimReply {
        claimed,
        state: of.state,
        reason: of.reason,
        counts,
        wait,
    })
}

/// How many rows the caps allow, or why the campaign has to pause.
fn capped(
    connection: &Connection,
    of: &CampaignContext,
    max_claims: u32,
) -> Result<Result<u32, String>, Error> {
    if !of.has_caps() {
        return Ok(Ok(max_claims));
    }
    Ok(of.capped(&tally::counts(connection, of.campaign)?, max_claims))
}

/// Claims rows, as many as the rate allows; with them how long to wait if there are fewer than requested.
fn claim(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    campaign: CampaignId,
    worker: WorkerId,
    max_claims: u32,
    columns: &Arc<crate::compose::Columns>,
) -> Result<(Vec<Claimed>, Option<Duration>), Error> {
    let Transaction {
        connection,
        key,
        now,
    } = *tx;
    // Rows that are put back, before permits are taken that would not be used.
    let mut next = connection.prepare_cached(sql::NEXT_READY).stored()?;
    let next: Option<Nanos> = next
        .query_row([campaign.get()], |row| row.get(0))
        .optional()
        .stored()?;
    let wait_for_row = match next {
        Some(at) if at <= now => None,
        Some(at) => Some(Duration::from_nanos(
            u64::try_from(at - now).unwrap_or_default(),
        )),
        None => Some(POLL),
    };
    if let Some(wait) = wait_for_row {
        return Ok((Vec::new(), Some(wait.min(POLL))));
    }
    let permits = take(connection, of.bucket, now, max_claims)?;
    let wait = (permits.granted < max_claims)
        .then_some(permits.wait)
        .flatten();
    if permits.granted == 0 {
        return Ok((Vec::new(), Some(wait.unwrap_or(POLL))));
    }
    let mut changes = Changes::default();
    let mut claimed = Vec::new();
    let mut suppressed = Vec::new();
    {
        let mut statement = connection.prepare_cached(sql::CLAIM).stored()?;
        let mut is_suppressed = connection.prepare_cached(sql::IS_SUPPRESSED).stored()?;
        let mut found = statement
            .query((campaign.get(), worker.0, now, permits.granted))
            .stored()?;
        while let Some(row) = found.next().stored()? {
            let id: i64 = row.get(0).stored()?;
            let mac: i64 = row.get(4).stored()?;
            if is_suppressed.exists([mac]).stored()? {
                suppressed.push(id);
                continue;
            }
            let values: String = row.get(3).stored()?;
            claimed.push(Claimed {
                row: Row::kept(key, row_id(id)?, row.get(2).stored()?, &values, columns)?,
                claim: row.get(1).stored()?,
            });
        }
    }
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    changes.moved(
        campaign,
        (State::Ready, None),
        (State::Sending, None),
        count(claimed.len()),
    );
    changes.moved(
        campaign,
        (State::Ready, None),
        (State::Skipped, Some(Skip::Suppressed)),
        count(suppressed.len()),
    );
    let mut skip = connection.prepare_cached(sql::SKIP_CLAIMED).stored()?;
    for id in suppressed {
        skip.execute((id, Skip::Suppressed.number(), now))
            .stored()?;
    }
    tally::write(changes, connection)?;
    Ok((claimed, wait))
}

/// Notes the end of an attempt, if the claim is still the worker's.
fn settle_row(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    worker: WorkerId,
    settled: &Settle,
    changes: &mut Changes,
) -> Result<(), Error> {
    // Nearly always it is being sent. If not, a receipt or a person was faster.
    if settle_as(tx, of, worker, settled, State::Sending, changes)? {
        return Ok(());
    }
    let mut statement = tx.connection.prepare_cached(sql::CURRENT).stored()?;
    let id = id(of.campaign, settled.row);
    let state: i64 = statement.query_row([id], |row| row.get(0)).stored()?;
    let current = State::from_number(state).ok_or_else(corrupt)?;
    if current != State::Sending {
        settle_as(tx, of, worker, settled, current, changes)?;
    }
    Ok(())
}

/// The same for a row in this state; whether it was.
fn settle_as(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    worker: WorkerId,
    settled: &Settle,
    current: State,
    changes: &mut Changes,
) -> Result<bool, Error> {
    let Settle {
        row,
        claim,
        attempt,
    } = settled;
    let Some(next) = of.next(current, settled) else {
        return Ok(false);
    };
    let not_before = match next.state {
        State::Ready => tx.now + nanos(next.wait),
        _ => 0,
    };
    let reason = Some(&attempt.reason).filter(|reason| !reason.is_empty());
    let id = id(of.campaign, *row);
    let mut statement = tx.connection.prepare_cached(sql::SETTLE).stored()?;
    let changed = statement
        .execute(rusqlite::params![
            id,
            next.state.number(),
            next.skip.map(Skip::number),
            not_before,
            tx.now,
            attempt.code,
            reason,
            attempt.message_id,
            current.number(),
            claim,
            worker.0,
        ])
        .stored()?;
    if changed == 0 {
        return Ok(false);
    }
    let to = (next.state, next.skip);
    changes.moved(of.campaign, (current, None), to, 1);
    if let (false, Some(message_id)) = (of.echoes, &attempt.message_id) {
        receipts::sent(tx, &of.service, message_id, id, changes)?;
    }
    Ok(true)
}
