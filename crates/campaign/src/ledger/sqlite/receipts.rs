//! Receipts: they find their row by its key, or by the message id where the service brings back no key.

use rusqlite::OptionalExtension as _;

use super::problem::{Stored as _, damaged};
use super::tally::Changes;
use super::{Work, id, row_id, sql};
use crate::Error;
use crate::money::micros;
use crate::receipt::{Receipt, ReceiptState, Recorded};
use crate::state::{Skip, State, on_receipt};

const BY_RECEIPT: &str = "accepted by its receipt";
const BY_UNSIGNED: &str = "accepted by its receipt, which is unsigned";

pub(super) fn record(work: &Work<'_>, receipts: &[Receipt]) -> Result<Vec<Recorded>, Error> {
    let mut changes = Changes::default();
    let recorded = receipts
        .iter()
        .map(|receipt| one(work, receipt, &mut changes))
        .collect();
    changes.write(work.connection)?;
    recorded
}

fn one(work: &Work<'_>, receipt: &Receipt, changes: &mut Changes) -> Result<Recorded, Error> {
    let News { state, signed, .. } = News::from(receipt);
    let connection = work.connection;
    if let Some(row) = receipt.key.as_deref().and_then(|key| work.key.read(key)) {
        let mut statement = connection.prepare_cached(sql::ROW_EXISTS).stored()?;
        let id = id(row.campaign, row.row);
        if statement.exists([id]).stored()? {
            return apply(
                work,
                id,
                &News::from(receipt),
                receipt.message_id.as_deref(),
                changes,
            );
        }
    }
    let Some(message_id) = &receipt.message_id else {
        return Ok(Recorded::Nobody);
    };
    let mut statement = connection.prepare_cached(sql::ROW_OF_ID).stored()?;
    let found: Option<i64> = statement
        .query_row((receipt.service, message_id), |row| row.get(0))
        .optional()
        .stored()?;
    if let Some(id) = found {
        return apply(work, id, &News::from(receipt), None, changes);
    }
    let mut statement = connection.prepare_cached(sql::ECHOES).stored()?;
    let waits: Option<bool> = statement
        .query_row([receipt.service], |row| row.get(0))
        .stored()?;
    if waits != Some(true) {
        return Ok(Recorded::Nobody);
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
            work.now,
        ))
        .stored()?;
    Ok(Recorded::Waiting)
}

/// What a receipt says.
struct News {
    state: ReceiptState,
    signed: bool,
    price: Option<String>,
    currency: Option<String>,
    parts: Option<u32>,
}

impl From<&Receipt> for News {
    fn from(receipt: &Receipt) -> Self {
        Self {
            state: receipt.state,
            signed: receipt.signed,
            price: receipt.price.clone(),
            currency: receipt.currency.clone(),
            parts: receipt.parts,
        }
    }
}

/// A message was accepted under this id: receipts that came before the reply find their row now.
pub(super) fn sent(
    work: &Work<'_>,
    service: &str,
    message_id: &str,
    id: i64,
    changes: &mut Changes,
) -> Result<(), Error> {
    let connection = work.connection;
    let mut statement = connection.prepare_cached(sql::ADD_SENT).stored()?;
    statement.execute((service, message_id, id)).stored()?;
    let mut statement = connection.prepare_cached(sql::TAKE_WAITING).stored()?;
    let news = statement.query_row((service, message_id), |row| {
        Ok(News {
            state: ReceiptState::from_number(row.get(0)?).unwrap_or(ReceiptState::Other),
            signed: row.get(1)?,
            price: row.get(2)?,
            currency: row.get(3)?,
            parts: row.get(4)?,
        })
    });
    if let Some(news) = news.optional().stored()? {
        apply(work, id, &news, None, changes)?;
    }
    Ok(())
}

/// Merges a receipt into a row: the furthest state stays, whatever the order.
fn apply(
    work: &Work<'_>,
    id: i64,
    news: &News,
    message_id: Option<&str>,
    changes: &mut Changes,
) -> Result<Recorded, Error> {
    let connection = work.connection;
    let row = row_id(id)?;
    let mut statement = connection.prepare_cached(sql::RECEIPT_OF).stored()?;
    let (state, skip, known, mut is) = statement
        .query_row([id], |row| {
            let known: Option<i64> = row.get(2)?;
            Ok((
                State::from_number(row.get(0)?),
                row.get::<_, Option<i64>>(1)?.and_then(Skip::from_number),
                known,
                News {
                    state: known
                        .and_then(ReceiptState::from_number)
                        .unwrap_or(ReceiptState::Other),
                    signed: row.get::<_, Option<bool>>(3)?.unwrap_or_default(),
                    price: row.get(4)?,
                    currency: row.get(5)?,
                    parts: row.get(6)?,
                },
            ))
        })
        .stored()?;
    let before = state.ok_or_else(damaged)?;
    let after = on_receipt(before);
    let mut changed = after != before;
    if known.is_none() || news.state > is.state {
        changes.receipt(
            row.campaign,
            known.and_then(ReceiptState::from_number),
            news.state,
        );
        (is.state, is.signed, changed) = (news.state, news.signed, true);
    } else if news.state == is.state && news.signed && !is.signed {
        (is.signed, changed) = (true, true);
    }
    for (is, news) in [
        (&mut is.price, &news.price),
        (&mut is.currency, &news.currency),
    ] {
        if is.is_none() && news.is_some() {
            (*is, changed) = (news.clone(), true);
        }
    }
    if is.parts.is_none() && news.parts.is_some() {
        (is.parts, changed) = (news.parts, true);
    }
    if !changed {
        return Ok(Recorded::Matched { row, news: false });
    }
    if let Some(price) = is.price.as_deref().and_then(micros) {
        let cost = price.saturating_mul(is.parts.unwrap_or(1).into());
        let mut statement = connection.prepare_cached(sql::COSTS).stored()?;
        statement.execute((row.campaign.get(), cost)).stored()?;
    }
    changes.moved(row.campaign, (before, skip), (after, None), 1);
    // Of a row that was accepted already, the reply's reason stays.
    let reason = match (before == after, is.signed) {
        (true, _) => None,
        (false, true) => Some(BY_RECEIPT),
        (false, false) => Some(BY_UNSIGNED),
    };
    let mut statement = connection.prepare_cached(sql::SET_RECEIPT).stored()?;
    statement
        .execute(rusqlite::params![
            id,
            after.number(),
            is.state.number(),
            work.now,
            is.signed,
            is.price,
            is.currency,
            is.parts,
            reason,
            message_id
        ])
        .stored()?;
    Ok(Recorded::Matched { row, news: true })
}
