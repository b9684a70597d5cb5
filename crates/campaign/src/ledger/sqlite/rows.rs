//! Rows as they are read.

use std::sync::Arc;

use rusqlite::Row as Found;

use super::problem::Stored as _;
use super::{Transaction, lists, sql};
use crate::Error;
use crate::clock::time;
use crate::compose::{Columns, Row};
use crate::key::LedgerKey;
use crate::ledger::rules::{corrupt, id, row_id};
use crate::ledger::{CampaignId, RowFilter, RowReceipt, RowRecord};
use crate::receipt::ReceiptState;
use crate::state::{Skip, State};

pub(super) fn rows(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    which: RowFilter,
    after: u32,
    limit: u32,
) -> Result<Vec<RowRecord>, Error> {
    let sql = match which {
        RowFilter::All => sql::ROWS,
        RowFilter::Ready => sql::ROWS_READY,
        RowFilter::Unknown => sql::ROWS_UNKNOWN,
        RowFilter::Invalid => sql::ROWS_INVALID,
    };
    let columns = Arc::new(lists::columns(tx.connection, campaign)?);
    let mut statement = tx.connection.prepare_cached(sql).stored()?;
    let mut found = statement
        .query((
            id(campaign, after),
            id(campaign, u32::MAX),
            campaign.get(),
            limit,
        ))
        .stored()?;
    let mut rows = Vec::new();
    while let Some(found) = found.next().stored()? {
        rows.push(record(tx.key, found, &columns)?);
    }
    Ok(rows)
}

fn record(key: &LedgerKey, found: &Found<'_>, columns: &Arc<Columns>) -> Result<RowRecord, Error> {
    let values: String = found.get(4).stored()?;
    let of = row_id(found.get(0).stored()?)?;
    let state: i64 = found.get(1).stored()?;
    let skip: Option<i64> = found.get(2).stored()?;
    let at = |place: usize| {
        found
            .get::<_, Option<i64>>(place)
            .map(|at| at.map(time))
            .stored()
    };
    let receipt: Option<i64> = found.get(11).stored()?;
    let receipt = match (receipt.and_then(ReceiptState::from_number), at(12)?) {
        (Some(state), Some(at)) => Some(RowReceipt {
            state,
            at,
            signed: found
                .get::<_, Option<bool>>(13)
                .stored()?
                .unwrap_or_default(),
            price: found.get(14).stored()?,
            currency: found.get(15).stored()?,
            parts: found.get(16).stored()?,
        }),
        _ => None,
    };
    Ok(RowRecord {
        row: Row::kept(key, of, found.get(3).stored()?, &values, columns)?,
        state: State::from_number(state).ok_or_else(corrupt)?,
        skip: skip.and_then(Skip::from_number),
        reason: found.get(9).stored()?,
        code: found.get(8).stored()?,
        message_id: found.get(10).stored()?,
        claims: found.get(5).stored()?,
        claimed_at: at(6)?,
        settled_at: at(7)?,
        receipt,
    })
}
