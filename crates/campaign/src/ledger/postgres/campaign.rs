//! The campaign of a transaction: read and locked, and its state.

use tokio_postgres::Row as Found;

use super::connection::{Transaction, get};
use super::params::text;
use super::sql;
use super::tally;
use crate::Error;
use crate::ledger::rules::{CampaignContext, corrupt, no_campaign};
use crate::ledger::tally::Changes;
use crate::ledger::types::Cost;
use crate::ledger::{CampaignId, CampaignState};
use crate::state::{Skip, State};

/// How many rows are skipped in one transaction.
const SKIP_BATCH: i64 = 10_000;

fn context(campaign: CampaignId, row: &Found) -> Result<CampaignContext, Error> {
    let rows: Option<i64> = get(row, 6)?;
    let (max, each): (Option<i64>, Option<i64>) = (get(row, 7)?, get(row, 8)?);
    Ok(CampaignContext {
        campaign,
        state: CampaignState::from_number(get(row, 0)?).ok_or_else(corrupt)?,
        reason: get(row, 1)?,
        echoes: get(row, 2)?,
        service: get(row, 3)?,
        bucket: get(row, 4)?,
        expired: get(row, 5)?,
        max_rows: rows.and_then(|rows| u64::try_from(rows).ok()),
        cost: max.zip(each).map(|(most, row)| Cost { most, row }),
    })
}

async fn lock(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    statement: &str,
) -> Result<CampaignContext, Error> {
    let number = i64::from(campaign.get());
    let found = tx.first(statement, &[&number]).await?;
    context(campaign, &found.ok_or_else(no_campaign)?)
}

/// A campaign that no other transaction uses or changes until the end of this one.
pub(super) async fn lock_campaign(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<CampaignContext, Error> {
    lock(tx, campaign, sql::CAMPAIGN_EXCLUSIVE).await
}

/// A campaign that no other transaction changes until the end of this one; other workers may use it.
pub(super) async fn lock_campaign_shared(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<CampaignContext, Error> {
    lock(tx, campaign, sql::CAMPAIGN_SHARED).await
}

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
    let skipped = tx
        .execute(sql::SKIP_READY, &[&number, &skip.number(), &SKIP_BATCH])
        .await?;
    let mut changes = Changes::default();
    let (ready, to) = ((State::Ready, None), (State::Skipped, Some(skip)));
    changes.moved(campaign, ready, to, skipped);
    tally::write(tx, worker, changes).await?;
    Ok(skipped == SKIP_BATCH)
}
