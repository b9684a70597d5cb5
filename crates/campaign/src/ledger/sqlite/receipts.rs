//! Receipts: they find their row by its key, or by the message id where the service brings back no key.

use rusqlite::OptionalExtension as _;

use super::problem::Stored as _;
use super::tally;
use super::{Transaction, sql};
use crate::Error;
use crate::ledger::merge::{ReceiptData, RowFields, merge};
use crate::ledger::rules::{id, row_id};
use crate::ledger::tally::Changes;
use crate::receipt::{Receipt, ReceiptState, Recorded};
use crate::state::{Skip, State};

pub(super) fn record(tx: &Transaction<'_>, receipts: &[Receipt]) -> Result<Vec<Recorded>, Error> {
    let mut changes = Changes::default();
    let recorded = receipts
        .iter()
        .map(|receipt| one(tx, receipt, &mut changes))
        .collect();
    tally::write(changes, tx.connection)?;
    recorded
}

fn one(tx: &Transaction<'_>, receipt: &Receipt, changes: &mut Changes) -> Result<Recorded, Error> {
    let ReceiptData { state, signed, .. } = ReceiptData::from(receipt);
    let connection = tx.connection;
    if let Some(row) = receipt.key.as_deref().and_then(|key| tx.key.read(key)) {
        let mut statement = connection.prepare_cached(sql::ROW_EXISTS).stored()?;
        let id = id(row.campaign, row.row);
        if statement.exists([id]).stored()? {
            return apply(
                tx,
                id,
                &ReceiptData::from(receipt),
                receipt.message_id.as_deref(),
                changes,
            );
        }
    }
    let Some(message_id) = &receipt.message_id else {
        return Ok(Recorded::NoRow);
    };
    let mut statement = connection.prepare_cached(sql::ROW_OF_ID).stored()?;
    let found: Option<i64> = statement
        .query_row((receipt.service, message_id), |row| row.get(0))
        .optional()
        .stored()?;
    if let Some(id) = found {
        return apply(tx, id, &ReceiptData::from(receipt), None, changes);
    }
    let mut statement = connection.prepare_cached(sql::ECHOES).stored()?;
    let waits: Option<bool> = statement
        .query_row([receipt.service], |row| row.get(0))
        .stored()?;
    if waits != Some(true) {
        return Ok(Recorded::NoRow);
    }
    let mut statement = connection.prepare_cached(sql::ADD_WAITING).stored()?;
    statement
        .execute((
            receipt.service,
            message_id,
            state.number(),
            signed,
            &receipt.price,
            &receipt.currency,
            receipt.parts,
            tx.now,
        ))
        .stored()?;
    Ok(Recorded::Waiting)
}

/// A message was accepted under this id: receipts that came before the reply find their row now.
pub(super) fn sent(
    tx: &Transaction<'_>,
    service: &str,
    message_id: &str,
    id: i64,
    changes: &mut Changes,
) -> Result<(), Error> {
    let connection = tx.connection;
    let mut statement = connection.prepare_cached(sql::ADD_SENT).stored()?;
    statement.execute((service, message_id, id)).stored()?;
    let mut statement = connection.prepare_cached(sql::TAKE_WAITING).stored()?;
    let data = statement.query_row((service, message_id), |row| {
        Ok(ReceiptData {
            state: ReceiptState::from_number(row.get(0)?).unwrap_or(ReceiptState::Other),
            signed: row.get(1)?,
            price: row.get(2)?,
            currency: row.get(3)?,
            parts: row.get(4)?,
        })
    });
    if let Some(data) = data.optional().stored()? {
        apply(tx, id, &data, None, changes)?;
    }
    Ok(())
}

/// Merges a receipt into a row: the furthest state stays, whatever the order.
fn apply(
    tx: &Transaction<'_>,
    id: i64,
    data: &ReceiptData,
    message_id: Option<&str>,
    changes: &mut Changes,
) -> Result<Recorded, Error> {
    let connection = tx.connection;
    let row = row_id(id)?;
    let mut statement = connection.prepare_cached(sql::RECEIPT_OF).stored()?;
    let known = statement.query_row([id], |row| {
        let (skip, receipt): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
        Ok(RowFields {
            state: State::from_number(row.get(0)?).unwrap_or(State::Unknown),
            skip: skip.and_then(Skip::from_number),
            receipt: receipt.and_then(ReceiptState::from_number),
            signed: row.get::<_, Option<bool>>(3)?.unwrap_or_default(),
            price: row.get(4)?,
            currency: row.get(5)?,
            parts: row.get(6)?,
        })
    });
    let mut known = known.stored()?;
    let Some(merged) = merge(row, &mut known, data, changes) else {
        return Ok(Recorded::Matched {
            row,
            changed: false,
        });
    };
    if let Some(cost) = merged.cost {
        let mut statement = connection.prepare_cached(sql::COSTS).stored()?;
        statement.execute((row.campaign.get(), cost)).stored()?;
    }
    let mut statement = connection.prepare_cached(sql::SET_RECEIPT).stored()?;
    statement
        .execute(rusqlite::params![
            id,
            known.state.number(),
            known.receipt.map(ReceiptState::number),
            tx.now,
            known.signed,
            known.price,
            known.currency,
            known.parts,
            merged.reason,
            message_id
        ])
        .stored()?;
    Ok(Recorded::Matched { row, changed: true })
}
