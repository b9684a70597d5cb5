//! A worker's turns: settle and claim in one transaction.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row as Found};

use super::problem::{Stored as _, damaged};
use super::rate::take;
use super::tally::{self, Changes};
use super::worker::still_worker;
use super::{Work, id, receipts, row_id, rows, sql};
use crate::breaker::LONGEST_PAUSE;
use crate::clock::{Nanos, nanos};
use crate::ledger::types::Cost;
use crate::ledger::{
    CampaignId, CampaignState, ClaimReply, ClaimRequest, Claimed, POLL, Settle, WorkerId,
};
use crate::state::{Skip, State, settle};
use crate::{Error, ErrorKind, money};

/// How many rows are skipped in one transaction.
const SKIPPED_AT_ONCE: i64 = 10_000;

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
    if changed == 1 { Ok(()) } else { Err(damaged()) }
}

/// Skips some of the rows that are ready; whether there may be more.
pub(super) fn skip_ready(work: &Work<'_>, campaign: CampaignId, skip: Skip) -> Result<bool, Error> {
    let mut statement = work.connection.prepare_cached(sql::SKIP_READY).stored()?;
    let skipped = statement
        .execute((campaign.get(), skip.number(), work.now, SKIPPED_AT_ONCE))
        .stored()?;
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let mut changes = Changes::default();
    changes.moved(
        campaign,
        (State::Ready, None),
        (State::Skipped, Some(skip)),
        skipped,
    );
    changes.write(work.connection)?;
    Ok(skipped == SKIPPED_AT_ONCE)
}

/// What a turn has to know of a campaign.
pub(super) struct OfTurn {
    campaign: CampaignId,
    pub(super) state: CampaignState,
    pub(super) reason: Option<String>,
    echoes: bool,
    service: String,
    bucket: i64,
    deadline: Option<Nanos>,
    most_rows: Option<u64>,
    cost: Option<Cost>,
}

pub(super) fn state_of(work: &Work<'_>, campaign: CampaignId) -> Result<OfTurn, Error> {
    let read = |row: &Found<'_>| {
        let cost = row
            .get::<_, Option<i64>>(7)?
            .zip(row.get::<_, Option<i64>>(8)?);
        Ok(OfTurn {
            campaign,
            state: CampaignState::from_number(row.get(0)?).unwrap_or(CampaignState::Paused),
            reason: row.get(1)?,
            echoes: row.get(2)?,
            service: row.get(3)?,
            bucket: row.get(4)?,
            deadline: row.get(5)?,
            most_rows: row
                .get::<_, Option<i64>>(6)?
                .and_then(|rows| u64::try_from(rows).ok()),
            cost: cost.map(|(most, row)| Cost { most, row }),
        })
    };
    let mut statement = work.connection.prepare_cached(sql::TURN).stored()?;
    let found = statement
        .query_row([campaign.get()], read)
        .optional()
        .stored()?;
    let missing = || {
        Error::new(
            ErrorKind::NoCampaign,
            "the ledger has no such campaign; list its campaigns",
        )
    };
    found.ok_or_else(missing)
}

pub(super) fn settle_and_claim(
    work: &Work<'_>,
    request: ClaimRequest,
) -> Result<ClaimReply, Error> {
    let Work {
        connection, now, ..
    } = *work;
    let campaign = request.campaign;
    still_worker(connection, request.worker)?;
    let mut of = state_of(work, campaign)?;
    let mut changes = Changes::default();
    for settled in request.settle.iter() {
        settle_row(work, &of, request.worker, settled, &mut changes)?;
    }
    if let Some(pause) = request.slow_down {
        let mut statement = connection.prepare_cached(sql::SLOW_DOWN).stored()?;
        statement
            .execute((
                of.bucket,
                now,
                nanos(pause.min(LONGEST_PAUSE)),
                nanos(LONGEST_PAUSE),
            ))
            .stored()?;
    }
    if let Some(reason) = request.pause.filter(|_| of.state == CampaignState::Running) {
        set_state(connection, campaign, CampaignState::Paused, Some(&reason))?;
        (of.state, of.reason) = (CampaignState::Paused, Some(reason));
    }
    changes.write(connection)?;
    let mut claimed = Vec::new();
    let mut wait = None;
    if of.state == CampaignState::Running && request.max_claims > 0 {
        if of.deadline.is_some_and(|deadline| now >= deadline) {
            let more = skip_ready(work, campaign, Skip::Expired)?;
            wait = Some(if more { Duration::ZERO } else { POLL });
        } else {
            let most = capped(connection, campaign, &of, request.max_claims)?;
            match most {
                Ok(most) => {
                    (claimed, wait) =
                        claim(work, &of, campaign, request.worker, most, &request.columns)?;
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
    campaign: CampaignId,
    of: &OfTurn,
    max_claims: u32,
) -> Result<Result<u32, String>, Error> {
    if of.most_rows.is_none() && of.cost.is_none() {
        return Ok(Ok(max_claims));
    }
    let counts = tally::counts(connection, campaign)?;
    let sent = counts.sent();
    let mut most = u64::from(max_claims);
    let mut reason = String::new();
    if let Some(rows) = of.most_rows {
        most = most.min(rows.saturating_sub(sent));
        reason = format!("the cap of {rows} rows is reached");
    }
    if let Some(cost) = of.cost {
        let each = u64::try_from(cost.row).unwrap_or_default().max(1);
        let left = (u64::try_from(cost.most).unwrap_or_default() / each).saturating_sub(sent);
        if left < most {
            most = left;
            let (most, each) = (money::decimal(cost.most), money::decimal(cost.row));
            reason = format!("the cap of {most} on money is reached, at {each} a row");
        }
    }
    // Those that are being sent may come back.
    if most == 0 && counts.state(State::Sending) == 0 && counts.state(State::Ready) > 0 {
        return Ok(Err(reason));
    }
    Ok(Ok(u32::try_from(most).unwrap_or(max_claims)))
}

/// Claims rows, as many as the rate allows. What is given with them: how long to wait if there are fewer than requested.
fn claim(
    work: &Work<'_>,
    of: &OfTurn,
    campaign: CampaignId,
    worker: WorkerId,
    max_claims: u32,
    columns: &Arc<crate::compose::Columns>,
) -> Result<(Vec<Claimed>, Option<Duration>), Error> {
    let Work {
        connection,
        key,
        now,
    } = *work;
    // Rows that are put back, before permits are taken that nobody would use.
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
                row: rows::row(key, row_id(id)?, row.get(2).stored()?, &values, columns)?,
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
    changes.write(connection)?;
    Ok((claimed, wait))
}

/// Notes the end of an attempt, if the claim is still the worker's.
fn settle_row(
    work: &Work<'_>,
    of: &OfTurn,
    worker: WorkerId,
    settled: &Settle,
    changes: &mut Changes,
) -> Result<(), Error> {
    // Nearly always it is being sent. If not, a receipt or a person was faster.
    if settle_as(work, of, worker, settled, State::Sending, changes)? {
        return Ok(());
    }
    let mut statement = work.connection.prepare_cached(sql::CURRENT).stored()?;
    let id = id(of.campaign, settled.row);
    let state: i64 = statement.query_row([id], |row| row.get(0)).stored()?;
    let current = State::from_number(state).ok_or_else(damaged)?;
    if current != State::Sending {
        settle_as(work, of, worker, settled, current, changes)?;
    }
    Ok(())
}

/// The same for a row in this state; whether it was.
fn settle_as(
    work: &Work<'_>,
    of: &OfTurn,
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
    let Some(mut next) = settle(current, attempt.result, *claim) else {
        return Ok(false);
    };
    if next.state == State::Ready && of.state == CampaignState::Cancelled {
        (next.state, next.skip) = (State::Skipped, Some(Skip::Cancelled));
    }
    let not_before = match next.state {
        State::Ready => work.now + nanos(next.wait),
        _ => 0,
    };
    let reason = Some(&attempt.reason).filter(|reason| !reason.is_empty());
    let id = id(of.campaign, *row);
    let mut statement = work.connection.prepare_cached(sql::SETTLE).stored()?;
    let changed = statement
        .execute(rusqlite::params![
            id,
            next.state.number(),
            next.skip.map(Skip::number),
            not_before,
            work.now,
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
        receipts::sent(work, &of.service, message_id, id, changes)?;
    }
    Ok(true)
}

pub(super) fn moment(time: SystemTime) -> Nanos {
    nanos(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(super) fn time(at: Nanos) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(at).unwrap_or_default())
}
