//! What persons and other processes do to campaigns: look, pause, resume, cancel, decide, suppress, set the rate.

use rusqlite::Row as Found;

use super::claim::{campaign_context, set_state};
use super::problem::Stored as _;
use super::tally;
use super::{Transaction, sql};
use crate::clock::{Nanos, moment, time};
use crate::ledger::rules::{corrupt, id, row_id};
use crate::ledger::tally::Changes;
use crate::ledger::types::Cost;
use crate::ledger::{Campaign, CampaignId, CampaignState, Decision, DecisionRecord, Limits};
use crate::state::{Order, State, order};
use crate::{Error, Rate};

pub(super) fn campaigns(tx: &Transaction<'_>, name: Option<&str>) -> Result<Vec<Campaign>, Error> {
    let mut statement = tx.connection.prepare_cached(sql::CAMPAIGNS).stored()?;
    let mut found = statement.query([name]).stored()?;
    let mut campaigns = Vec::new();
    while let Some(row) = found.next().stored()? {
        campaigns.push(campaign(row).stored()?.ok_or_else(corrupt)?);
    }
    Ok(campaigns)
}

fn campaign(row: &Found<'_>) -> rusqlite::Result<Option<Campaign>> {
    let columns: String = row.get(9)?;
    let (Some(id), Some(state), Ok(columns)) = (
        CampaignId::new(row.get(0)?),
        CampaignState::from_number(row.get(5)?),
        serde_json::from_str(&columns),
    ) else {
        return Ok(None);
    };
    let deadline: Option<Nanos> = row.get(12)?;
    let cost = row
        .get::<_, Option<i64>>(14)?
        .zip(row.get::<_, Option<i64>>(15)?);
    let rate: u32 = row.get(16)?;
    Ok(Some(Campaign {
        id,
        name: row.get(1)?,
        service: row.get(2)?,
        operation: row.get(3)?,
        template: row.get(4)?,
        state,
        reason: row.get(6)?,
        checked: row.get(7)?,
        imported: row.get(8)?,
        columns,
        number_column: row.get(10)?,
        list: row.get(11)?,
        limits: Limits {
            deadline: deadline.map(time),
            rows: row
                .get::<_, Option<i64>>(13)?
                .and_then(|rows| u64::try_from(rows).ok()),
            cost: cost.map(|(most, row)| Cost { most, row }),
        },
        rate: if rate == 0 {
            None
        } else {
            Some(Rate::per_second(rate).with_burst(row.get(17)?))
        },
    }))
}

pub(super) fn pause(tx: &Transaction<'_>, campaign: CampaignId, reason: &str) -> Result<(), Error> {
    campaign_context(tx, campaign)?.state.may_pause()?;
    let paused = CampaignState::Paused;
    set_state(tx.connection, campaign, paused, Some(reason))
}

pub(super) fn resume(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), Error> {
    match campaign_context(tx, campaign)?.state.resumed()? {
        Some(state) => set_state(tx.connection, campaign, state, None),
        None => Ok(()),
    }
}

pub(super) fn cancel(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), Error> {
    match campaign_context(tx, campaign)?.state.cancelled()? {
        Some(state) => set_state(tx.connection, campaign, state, None),
        None => Ok(()),
    }
}

pub(super) fn decide(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    decision: &Decision,
) -> Result<u64, Error> {
    let Transaction {
        connection, now, ..
    } = *tx;
    let of = campaign_context(tx, campaign)?;
    decision.allowed(of.state)?;
    let rows: Vec<i64> = match &decision.rows {
        Some(rows) => rows.iter().map(|row| id(campaign, *row)).collect(),
        None => {
            let mut statement = connection.prepare_cached(sql::UNKNOWN).stored()?;
            let rows = statement
                .query_map([campaign.get()], |row| row.get(0))
                .stored()?;
            rows.collect::<Result<_, _>>().stored()?
        }
    };
    let next = order(State::Unknown, decision.order).unwrap_or(State::Unknown);
    let resend = decision.order == Order::Resend;
    let reason = format!("{} ordered by {}", decision.order.as_str(), decision.by);
    let mut changes = Changes::default();
    let mut changed = 0;
    for id in rows {
        // Another process may have settled it meanwhile.
        if connection
            .prepare_cached(sql::DECIDE)
            .stored()?
            .execute((id, next.number(), now, &reason))
            .stored()?
            == 0
        {
            continue;
        }
        let mut statement = connection.prepare_cached(sql::ADD_DECISION).stored()?;
        statement
            .execute((id, now, resend, &decision.by, &decision.reason))
            .stored()?;
        changes.moved(campaign, (State::Unknown, None), (next, None), 1);
        changes.resent(campaign, i64::from(resend));
        changed += 1;
    }
    tally::write(changes, connection)?;
    if resend && changed > 0 && of.state == CampaignState::Done {
        set_state(connection, campaign, CampaignState::Ready, None)?;
    }
    Ok(changed)
}

pub(super) fn decisions(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<Vec<DecisionRecord>, Error> {
    let mut statement = tx.connection.prepare_cached(sql::DECISIONS).stored()?;
    let mut found = statement
        .query((id(campaign, 0), id(campaign, u32::MAX)))
        .stored()?;
    let mut decisions = Vec::new();
    while let Some(row) = found.next().stored()? {
        let resend: bool = row.get(2).stored()?;
        decisions.push(DecisionRecord {
            row: row_id(row.get(0).stored()?)?.row,
            at: time(row.get(1).stored()?),
            order: if resend { Order::Resend } else { Order::Accept },
            by: row.get(3).stored()?,
            reason: row.get(4).stored()?,
        });
    }
    Ok(decisions)
}

pub(super) fn suppress(
    tx: &Transaction<'_>,
    phones: &[String],
    reason: &str,
) -> Result<u64, Error> {
    let mut statement = tx.connection.prepare_cached(sql::SUPPRESS).stored()?;
    let mut added = 0;
    for phone in phones {
        added += statement
            .execute((tx.key.number(phone), tx.now, reason))
            .stored()?;
    }
    Ok(u64::try_from(added).unwrap_or(u64::MAX))
}

pub(super) fn set_limits(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    limits: &Limits,
) -> Result<(), Error> {
    let connection = tx.connection;
    let deadline = limits.deadline.map(moment);
    let cost = limits.cost;
    let max_rows = limits
        .rows
        .map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
    let (max_cost, row_cost) = (cost.map(|cost| cost.most), cost.map(|cost| cost.row));
    connection
        .execute(
            sql::SET_LIMITS,
            (campaign.get(), deadline, max_rows, max_cost, row_cost),
        )
        .stored()?;
    Ok(())
}

pub(super) fn set_rate(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    rate: Option<Rate>,
) -> Result<(), Error> {
    let (per_second, burst) = rate.map_or((0, 1), |rate| (rate.rate().get(), rate.burst().get()));
    tx.connection
        .execute(sql::SET_RATE, (campaign.get(), per_second, burst))
        .stored()?;
    Ok(())
}
