//! A worker's turns: settle and claim in one transaction.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row as Found;

use super::connection::{Transaction, get, u32_at};
use super::params::text;
use super::tally::{self, SHARED_COUNTERS};
use super::{receipts, sql, worker};
use crate::Error;
use crate::clock::{Nanos, nanos};
use crate::compose::{Columns, Row};
use crate::ledger::permits::{Bucket, Permits};
use crate::ledger::rules::{CampaignContext, corrupt, id, no_campaign, row_id};
use crate::ledger::tally::Changes;
use crate::ledger::types::Cost;
use crate::ledger::{
    CampaignId, CampaignState, ClaimReply, ClaimRequest, Claimed, POLL, Settle, WorkerId,
};
use crate::state::{Next, Skip, State};

/// How many rows are skipped in one transaction.
const SKIP_BATCH: i64 = 10_000;

pub(super) async fn set_state(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    state: CampaignState,
    reason: Option<&str>,
) -> Result<(), Error> {
    let number = i64::from(campaign.get());
    let reason = reason.map(text);
    let changed = tx
        .execute(sql::SET_STATE, &[&number, &state.number(), &reason])
        .await?;
    if changed == 1 { Ok(()) } else { Err(corrupt()) }
}

/// Skips some of the rows that are ready; whether there may be more.
pub(super) async fn skip_ready(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    skip: Skip,
    worker: i64,
) -> Result<bool, Error> {
    let number = i64::from(campaign.get());
    let params: [&dyn super::params::Param; 4] = [&number, &skip.number(), &tx.now, &SKIP_BATCH];
    let skipped = tx.execute(sql::SKIP_READY, &params).await?;
    let mut changes = Changes::default();
    let (ready, to) = ((State::Ready, None), (State::Skipped, Some(skip)));
    changes.moved(campaign, ready, to, skipped);
    tally::write(tx, worker, changes).await?;
    Ok(skipped == SKIP_BATCH)
}

fn campaign_context(campaign: CampaignId, row: &Found) -> Result<CampaignContext, Error> {
    let rows: Option<i64> = get(row, 6)?;
    let (most, each): (Option<i64>, Option<i64>) = (get(row, 7)?, get(row, 8)?);
    Ok(CampaignContext {
        campaign,
        state: CampaignState::from_number(get(row, 0)?).ok_or_else(corrupt)?,
        reason: get(row, 1)?,
        echoes: get(row, 2)?,
        service: get(row, 3)?,
        bucket: get(row, 4)?,
        deadline: get(row, 5)?,
        max_rows: rows.and_then(|rows| u64::try_from(rows).ok()),
        cost: most.zip(each).map(|(most, row)| Cost { most, row }),
    })
}

/// A campaign that nobody else works on or changes until the end of the transaction.
pub(super) async fn lock_campaign(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<CampaignContext, Error> {
    let number = i64::from(campaign.get());
    let found = tx.first(sql::CAMPAIGN_EXCLUSIVE, &[&number]).await?;
    campaign_context(campaign, &found.ok_or_else(no_campaign)?)
}

/// The same for workers that may work on it together, which they may not when it has caps.
async fn lock_campaign_shared(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<CampaignContext, Error> {
    let number = i64::from(campaign.get());
    match tx.first(sql::CAMPAIGN_SHARED, &[&number]).await? {
        Some(found) => campaign_context(campaign, &found),
        None => lock_campaign(tx, campaign).await,
    }
}

pub(super) async fn settle_and_claim(
    tx: &Transaction<'_>,
    request: ClaimRequest,
) -> Result<ClaimReply, Error> {
    let (campaign, me) = (request.campaign, request.worker);
    worker::seen(tx, me).await?;
    let mut of = match request.pause {
        None => lock_campaign_shared(tx, campaign).await?,
        Some(_) => lock_campaign(tx, campaign).await?,
    };
    let mut changes = Changes::default();
    settle(tx, &of, me, &request.settle, &mut changes).await?;
    if let Some(in_flight) = &request.in_flight {
        unclaim(tx, &of, me, in_flight, &mut changes).await?;
    }
    if let Some(pause) = request.slow_down {
        let (bucket, now) = bucket(tx, of.bucket).await?;
        let until = bucket.slow_down(now, pause);
        tx.execute(sql::SET_PAUSE, &[&of.bucket, &until]).await?;
    }
    if let Some(reason) = request.pause.filter(|_| of.state == CampaignState::Running) {
        set_state(tx, campaign, CampaignState::Paused, Some(&reason)).await?;
        (of.state, of.reason) = (CampaignState::Paused, Some(reason));
    }
    let mut claimed = Vec::new();
    let mut wait = None;
    if of.state == CampaignState::Running && request.max_claims > 0 {
        if of.deadline.is_some_and(|deadline| tx.now >= deadline) {
            tally::write(tx, me.0, std::mem::take(&mut changes)).await?;
            let more = skip_ready(tx, campaign, Skip::Expired, me.0).await?;
            wait = Some(if more { Duration::ZERO } else { POLL });
        } else {
            match capped(tx, &of, me, &mut changes, request.max_claims).await? {
                Ok(most) => {
                    let columns = &request.columns;
                    (claimed, wait) = claim(tx, &of, me, most, columns, &mut changes).await?;
                }
                Err(reason) => {
                    set_state(tx, campaign, CampaignState::Paused, Some(&reason)).await?;
                    (of.state, of.reason) = (CampaignState::Paused, Some(reason));
                }
            }
        }
    }
    tally::write(tx, me.0, changes).await?;
    Ok(ClaimReply {
        claimed,
        state: of.state,
        reason: of.reason,
        counts: tally::counts(tx, campaign).await?,
        wait,
    })
}

/// How many rows the caps allow, or why the campaign has to pause.
async fn capped(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    me: WorkerId,
    changes: &mut Changes,
    max_claims: u32,
) -> Result<Result<u32, String>, Error> {
    if !of.has_caps() {
        return Ok(Ok(max_claims));
    }
    tally::write(tx, me.0, std::mem::take(changes)).await?;
    Ok(of.capped(&tally::counts(tx, of.campaign).await?, max_claims))
}

/// The rate of the account, which nobody else uses until the end of the transaction, and the database's time.
async fn bucket(tx: &Transaction<'_>, bucket: i64) -> Result<(Bucket, Nanos), Error> {
    let found = tx.first(sql::RATE_OF, &[&bucket]).await?;
    let found = found.ok_or_else(corrupt)?;
    let bucket = Bucket {
        rate: get(&found, 0)?,
        burst: get(&found, 1)?,
        arrival: get(&found, 2)?,
        paused_until: get(&found, 3)?,
    };
    Ok((bucket, get(&found, 4)?))
}

/// Takes requests out of the rate of the account, at the time that is returned.
async fn take(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    max_claims: u32,
) -> Result<(Permits, Nanos), Error> {
    let unlimited = tx.first(sql::UNLIMITED, &[&of.bucket, &tx.now]).await?;
    if get(&unlimited.ok_or_else(corrupt)?, 0)? {
        let permits = Permits {
            granted: max_claims,
            arrival: None,
            wait: None,
        };
        return Ok((permits, tx.now));
    }
    let (bucket, now) = bucket(tx, of.bucket).await?;
    let permits = bucket.take(now, max_claims);
    if let Some(arrival) = permits.arrival {
        tx.execute(sql::SET_ARRIVAL, &[&of.bucket, &arrival])
            .await?;
    }
    Ok((permits, now))
}

/// Claims rows, as many as the rate allows; with them how long to wait if there are fewer than requested.
async fn claim(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    me: WorkerId,
    max_claims: u32,
    columns: &Arc<Columns>,
    changes: &mut Changes,
) -> Result<(Vec<Claimed>, Option<Duration>), Error> {
    let number = i64::from(of.campaign.get());
    // Rows that are put back, before permits are taken that nobody would use.
    let next = tx.first(sql::NEXT_READY, &[&number]).await?;
    let next: Option<Nanos> = next.map(|row| get(&row, 0)).transpose()?;
    let wait_for_row = match next {
        Some(at) if at <= tx.now => None,
        Some(at) => Some(Duration::from_nanos(at.abs_diff(tx.now))),
        None => Some(POLL),
    };
    if let Some(wait) = wait_for_row {
        return Ok((Vec::new(), Some(wait.min(POLL))));
    }
    let (permits, now) = take(tx, of, max_claims).await?;
    let wait = (permits.granted < max_claims)
        .then_some(permits.wait)
        .flatten();
    if permits.granted == 0 {
        return Ok((Vec::new(), Some(wait.unwrap_or(POLL))));
    }
    let granted = i64::from(permits.granted);
    let found = tx
        .query(sql::CLAIM, &[&number, &me.0, &now, &granted])
        .await?;
    let mut claimed = Vec::new();
    for row in &found {
        let suppressed = get(row, 4)?;
        let to = if suppressed {
            (State::Skipped, Some(Skip::Suppressed))
        } else {
            (State::Sending, None)
        };
        changes.moved(of.campaign, (State::Ready, None), to, 1);
        if !suppressed {
            let of = row_id(get(row, 0)?)?;
            claimed.push(Claimed {
                row: Row::kept(tx.key, of, get(row, 2)?, get(row, 3)?, columns)?,
                claim: u32_at(row, 1)?,
            });
        }
    }
    Ok((claimed, wait))
}

/// Puts back what an earlier turn claimed whose end the worker did not learn: it never began to send these rows.
async fn unclaim(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    me: WorkerId,
    in_flight: &[u32],
    changes: &mut Changes,
) -> Result<(), Error> {
    let begun: Vec<i64> = in_flight.iter().map(|row| id(of.campaign, *row)).collect();
    let number = i64::from(of.campaign.get());
    let count = tx.execute(sql::UNCLAIM, &[&me.0, &number, &begun]).await?;
    let (sending, ready) = ((State::Sending, None), (State::Ready, None));
    changes.moved(of.campaign, sending, ready, count);
    Ok(())
}

/// What becomes of a row when its attempt ends, and a bit for each state of the row in which that holds.
fn next(of: &CampaignContext, settled: &Settle) -> Option<(i64, Next)> {
    let mut found = None;
    for state in State::ALL {
        if let Some(next) = of.next(*state, settled) {
            let (mask, _) = found.unwrap_or((0, next));
            found = Some((mask | 1 << state.number(), next));
        }
    }
    found
}

/// Notes the ends of attempts whose claims are still the worker's.
async fn settle(
    tx: &Transaction<'_>,
    of: &CampaignContext,
    me: WorkerId,
    settles: &[Settle],
    changes: &mut Changes,
) -> Result<(), Error> {
    let (mut ids, mut claims, mut masks, mut states) = (vec![], vec![], vec![], vec![]);
    let (mut skips, mut not_befores, mut codes) = (vec![], vec![], vec![]);
    let (mut reasons, mut message_ids) = (vec![], vec![]);
    for settled in settles {
        let Some((mask, next)) = next(of, settled) else {
            continue;
        };
        let attempt = &settled.attempt;
        ids.push(id(of.campaign, settled.row));
        claims.push(i64::from(settled.claim));
        masks.push(mask);
        states.push(next.state.number());
        skips.push(next.skip.map(Skip::number));
        not_befores.push(match next.state {
            State::Ready => tx.now + nanos(next.wait),
            _ => 0,
        });
        codes.push(attempt.code);
        reasons.push(Some(text(&attempt.reason)).filter(|reason| !reason.is_empty()));
        message_ids.push(attempt.message_id.as_deref().map(text));
    }
    if ids.is_empty() {
        return Ok(());
    }
    if !of.echoes {
        let messages = message_ids.iter().flatten();
        let locks = messages.map(|id| receipts::lock_of(&of.service, id));
        receipts::lock(tx, locks.collect()).await?;
    }
    let found = tx
        .query(
            sql::SETTLE,
            &[
                &me.0,
                &tx.now,
                &ids,
                &claims,
                &masks,
                &states,
                &skips,
                &not_befores,
                &codes,
                &reasons,
                &message_ids,
            ],
        )
        .await?;
    let mut sent = Vec::new();
    for row in &found {
        let number: i64 = get(row, 0)?;
        let (was, is) = (
            State::from_number(get(row, 1)?),
            State::from_number(get(row, 2)?),
        );
        let (was, is) = (was.ok_or_else(corrupt)?, is.ok_or_else(corrupt)?);
        let skip: Option<i64> = get(row, 3)?;
        let to = (is, skip.and_then(Skip::from_number));
        changes.moved(of.campaign, (was, None), to, 1);
        let place = ids.iter().position(|id| *id == number);
        let message_id = place.and_then(|place| message_ids.get(place)?.clone());
        sent.extend(message_id.map(|message_id| (message_id, number)));
    }
    if !of.echoes {
        receipts::sent(tx, &of.service, sent, changes).await?;
    }
    Ok(())
}

/// Settles what a worker could not settle before its end.
pub(super) async fn settle_late(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    worker: WorkerId,
    settles: &[Settle],
) -> Result<(), Error> {
    let of = lock_campaign_shared(tx, campaign).await?;
    let mut changes = Changes::default();
    settle(tx, &of, worker, settles, &mut changes).await?;
    tally::write(tx, SHARED_COUNTERS, changes).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{AccountProblem, Attempt, AttemptResult};

    /// The statement knows one next state for all states in which there is one.
    #[test]
    fn the_end_of_an_attempt_means_the_same_in_every_state_in_which_it_means_anything() {
        use AttemptResult as R;
        let results = [
            R::Accepted,
            R::Rejected,
            R::Unknown,
            R::NotSent,
            R::Invalid,
            R::TooFast,
            R::Quota,
            R::Account(AccountProblem::Balance),
            R::Account(AccountProblem::Permission),
        ];
        for campaign_state in CampaignState::ALL {
            let of = CampaignContext {
                campaign: CampaignId::new(1).unwrap(),
                state: campaign_state,
                reason: None,
                echoes: true,
                service: String::new(),
                bucket: 1,
                deadline: None,
                max_rows: None,
                cost: None,
            };
            for (result, claim) in results
                .into_iter()
                .flat_map(|result| (1..30).map(move |n| (result, n)))
            {
                let settled = Settle {
                    row: 1,
                    claim,
                    attempt: Attempt::new(result),
                };
                let (mask, expected) = next(&of, &settled).unwrap();
                for state in State::ALL {
                    let next = of.next(*state, &settled);
                    assert_eq!(mask >> state.number() & 1 == 1, next.is_some());
                    assert!(
                        next.is_none_or(|next| next == expected),
                        "{result:?} {state:?}"
                    );
                }
            }
        }
    }
}
