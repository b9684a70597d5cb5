//! Rows as they are read.

use std::sync::Arc;

use tokio_postgres::Row as Found;

use super::connection::{Transaction, get, u32_at};
use super::{lists, sql};
use crate::Error;
use crate::clock::time;
use crate::compose::{Columns, Row};
use crate::key::LedgerKey;
use crate::ledger::rules::{corrupt, id, row_id};
use crate::ledger::{CampaignId, RowFilter, RowReceipt, RowRecord};
use crate::receipt::ReceiptState;
use crate::state::{Skip, State};

pub(super) async fn rows(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    which: RowFilter,
    after: u32,
    limit: u32,
) -> Result<Vec<RowRecord>, Error> {
    let statement = match which {
        RowFilter::All => sql::ROWS,
        RowFilter::Ready => sql::ROWS_READY,
        RowFilter::Unknown => sql::ROWS_UNKNOWN,
        RowFilter::Invalid => sql::ROWS_INVALID,
    };
    let columns = lists::columns(tx, campaign).await?;
    let (from, to) = (id(campaign, after), id(campaign, u32::MAX));
    let (number, limit) = (i64::from(campaign.get()), i64::from(limit));
    let found = tx.query(statement, &[&from, &to, &number, &limit]).await?;
    found
        .iter()
        .map(|found| record(tx.key, found, &columns))
        .collect()
}

fn record(key: &LedgerKey, found: &Found, columns: &Arc<Columns>) -> Result<RowRecord, Error> {
    let of = row_id(get(found, 0)?)?;
    let skip: Option<i64> = get(found, 2)?;
    let at = |place| get::<Option<i64>>(found, place).map(|at| at.map(time));
    let receipt: Option<i64> = get(found, 11)?;
    let receipt = match (receipt.and_then(ReceiptState::from_number), at(12)?) {
        (Some(state), Some(at)) => Some(RowReceipt {
            state,
            at,
            signed: get::<Option<bool>>(found, 13)?.unwrap_or_default(),
            price: get(found, 14)?,
            currency: get(found, 15)?,
            parts: parts(found, 16)?,
        }),
        _ => None,
    };
    Ok(RowRecord {
        row: Row::kept(key, of, get(found, 3)?, get(found, 4)?, columns)?,
        state: State::from_number(get(found, 1)?).ok_or_else(corrupt)?,
        skip: skip.and_then(Skip::from_number),
        reason: get(found, 9)?,
        code: get(found, 8)?,
        message_id: get(found, 10)?,
        claims: u32_at(found, 5)?,
        claimed_at: at(6)?,
        settled_at: at(7)?,
        receipt,
    })
}

/// A number of parts.
pub(super) fn parts(found: &Found, place: usize) -> Result<Option<u32>, Error> {
    let parts: Option<i64> = get(found, place)?;
    Ok(parts.and_then(|parts| u32::try_from(parts).ok()))
}
