//! A campaign's list: made, imported, sealed, checked.

use std::sync::Arc;

use super::connection::{Transaction, get, u32_at};
use super::params::text;
use super::tally::{self, SHARED_COUNTERS};
use super::{campaign, sql};
use crate::Error;
use crate::compose::Columns;
use crate::ledger::rules::{
    corrupt, id, imported_elsewhere, name_taken, no_campaign, same_campaign,
};
use crate::ledger::tally::Changes;
use crate::ledger::{Batch, CampaignId, CampaignState, Counts, NewCampaign};
use crate::state::{Skip, State};

pub(super) async fn create(tx: &Transaction<'_>, new: &NewCampaign) -> Result<CampaignId, Error> {
    let fingerprint = new.fingerprint();
    let fingerprint = fingerprint.as_slice();
    let same = tx.first(sql::SAME_LIST, &[&fingerprint]).await?;
    if same.is_some() && !new.again {
        return Err(same_campaign());
    }
    let account = text(&new.account);
    tx.execute(sql::ADD_BUCKET, &[&account, &new.service])
        .await?;
    let bucket = tx.first(sql::BUCKET, &[&account, &new.service]).await?;
    let bucket: i64 = get(&bucket.ok_or_else(corrupt)?, 0)?;
    let made = tx
        .first(
            sql::ADD_CAMPAIGN,
            &[
                &text(&new.name),
                &new.service,
                &new.operation,
                &new.echoes,
                &new.json(),
                &new.list.as_slice(),
                &fingerprint,
                &text(&new.number_column),
                &bucket,
                &CampaignState::Importing.number(),
            ],
        )
        .await?;
    let made = made.ok_or_else(name_taken)?;
    CampaignId::new(u32_at(&made, 0)?).ok_or_else(corrupt)
}

pub(super) async fn columns(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<Arc<Columns>, Error> {
    let campaign = i64::from(campaign.get());
    let found = tx.first(sql::COLUMNS, &[&campaign]).await?;
    let found = found.ok_or_else(no_campaign)?;
    Ok(Arc::new(Columns::kept(get(&found, 0)?, get(&found, 1)?)?))
}

/// How many rows were read. No other process imports until this transaction ends.
async fn imported(tx: &Transaction<'_>, campaign: CampaignId) -> Result<u32, Error> {
    let campaign = i64::from(campaign.get());
    let found = tx.first(sql::IMPORTED, &[&campaign]).await?;
    let found = found.ok_or_else(no_campaign)?;
    let state = CampaignState::from_number(get(&found, 1)?).ok_or_else(corrupt)?;
    state.may_import()?;
    u32_at(&found, 0)
}

pub(super) async fn import(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    batch: Batch,
) -> Result<(), Error> {
    let before = imported(tx, campaign).await?;
    if before != batch.after {
        return Err(imported_elsewhere());
    }
    let mut changes = Changes::default();
    let (mut phones, mut values, mut macs, mut problems) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in batch.rows {
        let (state, skip) = match row.problem {
            None => (State::Ready, None),
            Some(_) => (State::Skipped, Some(Skip::Invalid)),
        };
        changes.enter(campaign, state, skip, 1);
        macs.push(tx.key.number(&row.phone));
        phones.push(text(&row.phone));
        values.push(text(&row.values));
        problems.push(row.problem.as_deref().map(text));
    }
    let imported = i64::from(before) + i64::try_from(macs.len()).unwrap_or(i64::MAX);
    let number = i64::from(campaign.get());
    tx.execute(
        sql::ADD_ROWS,
        &[
            &id(campaign, before),
            &number,
            &phones,
            &values,
            &macs,
            &problems,
        ],
    )
    .await?;
    let columns = batch
        .columns
        .map(|columns| serde_json::to_string(&columns).map_err(|_| corrupt()))
        .transpose()?;
    tx.execute(sql::SET_IMPORTED, &[&number, &imported, &columns])
        .await?;
    tally::write(tx, SHARED_COUNTERS, changes).await
}

/// Skips duplicates and suppressed numbers, and lets the campaign be run.
pub(super) async fn finish(tx: &Transaction<'_>, campaign: CampaignId) -> Result<Counts, Error> {
    imported(tx, campaign).await?;
    let mut changes = Changes::default();
    let (from, to) = (id(campaign, 0), id(campaign, u32::MAX));
    for (skip, statement) in [
        (Skip::Suppressed, sql::SKIP_SUPPRESSED),
        (Skip::Duplicate, sql::SKIP_DUPLICATES),
    ] {
        let skipped = tx.execute(statement, &[&from, &to]).await?;
        let (ready, to) = ((State::Ready, None), (State::Skipped, Some(skip)));
        changes.moved(campaign, ready, to, skipped);
    }
    campaign::set_state(tx, campaign, CampaignState::Ready, None).await?;
    tally::write(tx, SHARED_COUNTERS, changes).await?;
    tally::counts(tx, campaign).await
}

pub(super) async fn analyze(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.batch(sql::ANALYZE).await
}

/// Removes a campaign that is being imported.
pub(super) async fn discard(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), Error> {
    imported(tx, campaign).await?;
    let number = i64::from(campaign.get());
    let (from, to) = (id(campaign, 0), id(campaign, u32::MAX));
    tx.execute(sql::DISCARD_ROWS, &[&from, &to]).await?;
    tx.execute(sql::DISCARD_TALLY, &[&number]).await?;
    tx.execute(sql::DISCARD, &[&number]).await?;
    Ok(())
}

pub(super) async fn invalidate(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    rows: &[(u32, String)],
) -> Result<(), Error> {
    let ids: Vec<i64> = rows.iter().map(|(row, _)| id(campaign, *row)).collect();
    let reasons: Vec<String> = rows.iter().map(|(_, reason)| text(reason)).collect();
    let skip = Skip::Invalid;
    let skipped = tx
        .execute(sql::SKIP, &[&skip.number(), &ids, &reasons])
        .await?;
    let mut changes = Changes::default();
    let (ready, to) = ((State::Ready, None), (State::Skipped, Some(skip)));
    changes.moved(campaign, ready, to, skipped);
    tally::write(tx, SHARED_COUNTERS, changes).await
}
