//! What persons and other processes do to campaigns: look, pause, resume, cancel, decide, suppress, set the rate.

use tokio_postgres::Row as Found;

use super::campaign::{lock_campaign, set_state, skip_ready};
use super::connection::{Transaction, get, u32_at};
use super::params::text;
use super::sql;
use super::tally::{self, SHARED_COUNTERS};
use crate::clock::{Nanos, moment, time};
use crate::ledger::rules::{corrupt, id, row_id};
use crate::ledger::tally::Changes;
use crate::ledger::types::Cost;
use crate::ledger::{Campaign, CampaignId, CampaignState, Decision, DecisionRecord, Limits};
use crate::state::{Order, Skip, State, order};
use crate::{Error, Rate};

pub(super) async fn campaigns(
    tx: &Transaction<'_>,
    name: Option<&str>,
) -> Result<Vec<Campaign>, Error> {
    let name = name.map(text);
    let found = tx.query(sql::CAMPAIGNS, &[&name]).await?;
    found.iter().map(campaign).collect()
}

fn campaign(row: &Found) -> Result<Campaign, Error> {
    let columns: &str = get(row, 9)?;
    let deadline: Option<Nanos> = get(row, 12)?;
    let rows: Option<i64> = get(row, 13)?;
    let (most, each): (Option<i64>, Option<i64>) = (get(row, 14)?, get(row, 15)?);
    let rate = u32_at(row, 16)?;
    Ok(Campaign {
        id: CampaignId::new(u32_at(row, 0)?).ok_or_else(corrupt)?,
        name: get(row, 1)?,
        service: get(row, 2)?,
        operation: get(row, 3)?,
        template: get(row, 4)?,
        state: CampaignState::from_number(get(row, 5)?).ok_or_else(corrupt)?,
        reason: get(row, 6)?,
        checked: get(row, 7)?,
        imported: u32_at(row, 8)?,
        columns: serde_json::from_str(columns).map_err(|_| corrupt())?,
        number_column: get(row, 10)?,
        list: get(row, 11)?,
        limits: Limits {
            deadline: deadline.map(time),
            rows: rows.and_then(|rows| u64::try_from(rows).ok()),
            cost: most.zip(each).map(|(most, row)| Cost { most, row }),
        },
        rate: if rate == 0 {
            None
        } else {
            Some(Rate::per_second(rate).with_burst(u32_at(row, 17)?))
        },
    })
}

pub(super) async fn set_checked(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), Error> {
    tx.execute(sql::SET_CHECKED, &[&i64::from(campaign.get())])
        .await?;
    Ok(())
}

pub(super) async fn pause(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    reason: &str,
) -> Result<(), Error> {
    lock_campaign(tx, campaign).await?.state.may_pause()?;
    set_state(tx, campaign, CampaignState::Paused, Some(reason)).await
}

pub(super) async fn resume(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), Error> {
    match lock_campaign(tx, campaign).await?.state.resumed()? {
        Some(state) => set_state(tx, campaign, state, None).await,
        None => Ok(()),
    }
}

/// Cancels a campaign and skips the first rows of it; whether there may be more.
pub(super) async fn cancel(tx: &Transaction<'_>, campaign: CampaignId) -> Result<bool, Error> {
    if let Some(state) = lock_campaign(tx, campaign).await?.state.cancelled()? {
        set_state(tx, campaign, state, None).await?;
    }
    skip_cancelled(tx, campaign).await
}

/// Skips rows of a campaign that was cancelled; whether there may be more.
pub(super) async fn skip_cancelled(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<bool, Error> {
    skip_ready(tx, campaign, Skip::Cancelled, SHARED_COUNTERS).await
}

pub(super) async fn decide(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    decision: &Decision,
) -> Result<u64, Error> {
    let of = lock_campaign(tx, campaign).await?;
    decision.allowed(of.state)?;
    let rows = decision.rows.as_ref();
    let rows: Option<Vec<i64>> =
        rows.map(|rows| rows.iter().map(|row| id(campaign, *row)).collect());
    let next = order(State::Unknown, decision.order).unwrap_or(State::Unknown);
    let resend = decision.order == Order::Resend;
    let (by, why) = (text(&decision.by), text(&decision.reason));
    let reason = format!("{} ordered by {by}", decision.order.as_str());
    let number = i64::from(campaign.get());
    let found = tx
        .query(sql::DECIDE, &[&number, &next.number(), &reason, &rows])
        .await?;
    let ids: Vec<i64> = found
        .iter()
        .map(|row| get(row, 0))
        .collect::<Result<_, _>>()?;
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    tx.execute(sql::ADD_DECISIONS, &[&ids, &resend, &by, &why])
        .await?;
    if resend && count > 0 && of.state == CampaignState::Done {
        set_state(tx, campaign, CampaignState::Ready, None).await?;
    }
    let mut changes = Changes::default();
    changes.moved(campaign, (State::Unknown, None), (next, None), count);
    changes.resent(campaign, if resend { count } else { 0 });
    tally::write(tx, SHARED_COUNTERS, changes).await?;
    Ok(count.unsigned_abs())
}

pub(super) async fn decisions(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<Vec<DecisionRecord>, Error> {
    let (from, to) = (id(campaign, 0), id(campaign, u32::MAX));
    let found = tx.query(sql::DECISIONS, &[&from, &to]).await?;
    let decisions = found.iter().map(|row| {
        Ok(DecisionRecord {
            row: row_id(get(row, 0)?)?.row,
            at: time(get(row, 1)?),
            order: if get(row, 2)? {
                Order::Resend
            } else {
                Order::Accept
            },
            by: get(row, 3)?,
            reason: get(row, 4)?,
        })
    });
    decisions.collect()
}

pub(super) async fn suppress(
    tx: &Transaction<'_>,
    phones: &[String],
    reason: &str,
) -> Result<u64, Error> {
    let macs: Vec<i64> = phones.iter().map(|phone| tx.key.number(phone)).collect();
    let added = tx.execute(sql::SUPPRESS, &[&macs, &text(reason)]).await?;
    Ok(added.unsigned_abs())
}

pub(super) async fn set_limits(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    limits: &Limits,
) -> Result<(), Error> {
    let deadline = limits.deadline.map(moment);
    let rows = limits
        .rows
        .map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
    let (most, each) = (
        limits.cost.map(|cost| cost.most),
        limits.cost.map(|cost| cost.row),
    );
    let number = i64::from(campaign.get());
    tx.execute(sql::SET_LIMITS, &[&number, &deadline, &rows, &most, &each])
        .await?;
    Ok(())
}

pub(super) async fn set_rate(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    rate: Option<Rate>,
) -> Result<(), Error> {
    let (per_second, burst) = rate.map_or((0, 1), |rate| (rate.rate().get(), rate.burst().get()));
    let (per_second, burst) = (i64::from(per_second), i64::from(burst));
    let number = i64::from(campaign.get());
    tx.execute(sql::SET_RATE, &[&number, &per_second, &burst])
        .await?;
    Ok(())
}
