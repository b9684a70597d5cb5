//! Receipts: they find their row by its key, or by the message id where the service brings back no key. All of one call are read, merged and
//! written together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest as _, Sha256};

use super::connection::{Transaction, get};
use super::params::text;
use super::tally;
use super::{rows, sql};
use crate::Error;
use crate::ledger::merge::{ReceiptData, RowFields, merge};
use crate::ledger::rules::{corrupt, id, row_id};
use crate::ledger::tally::Changes;
use crate::receipt::{Receipt, ReceiptState, Recorded};
use crate::state::{Skip, State};

/// Among how many counters receipts choose: a counter is locked until the end of a transaction.
const COUNTERS: i64 = 16;
/// How many locks of message ids there are.
const LOCKS: i32 = 1024;

/// The lock of a message id.
pub(super) fn lock_of(message_id: &str) -> i32 {
    let hash = Sha256::digest(message_id);
    let [first, second, ..] = *hash.as_slice() else {
        return 0;
    };
    i32::from(u16::from_le_bytes([first, second])) % LOCKS
}

/// Locks message ids, always in the same order.
pub(super) async fn lock(tx: &Transaction<'_>, locks: BTreeSet<i32>) -> Result<(), Error> {
    if !locks.is_empty() {
        let locks: Vec<i32> = locks.into_iter().collect();
        tx.execute(sql::LOCK_MESSAGES, &[&locks]).await?;
    }
    Ok(())
}

pub(super) async fn record(
    tx: &Transaction<'_>,
    receipts: &[Receipt],
) -> Result<Vec<Recorded>, Error> {
    let key = |receipt: &Receipt| {
        let row = receipt.key.as_deref().and_then(|key| tx.key.read(key))?;
        Some(id(row.campaign, row.row))
    };
    let mut places: Vec<Option<i64>> = receipts.iter().map(key).collect();
    // A key of this ledger whose row is gone (an older copy was put back) is none.
    let exist = exist(tx, &places).await?;
    for place in &mut places {
        *place = place.filter(|id| exist.contains(id));
    }
    by_message_id(tx, receipts, &mut places).await?;
    let of: Vec<_> = receipts
        .iter()
        .zip(&places)
        .filter_map(|(receipt, place)| {
            // A row that was found by its message id knows it.
            let message_id = receipt.message_id.as_deref().map(text);
            Some(((*place)?, ReceiptData::from(receipt), message_id))
        })
        .collect();
    let mut changes = Changes::default();
    let mut changed = apply(tx, of, &mut changes).await?.into_iter();
    let mut recorded = Vec::new();
    for (receipt, place) in receipts.iter().zip(places) {
        recorded.push(match place {
            Some(id) => Recorded::Matched {
                row: row_id(id)?,
                changed: changed.next().unwrap_or_default(),
            },
            None => wait(tx, receipt).await?,
        });
    }
    let counters = -fastrand::i64(1..=COUNTERS);
    tally::write(tx, counters, changes).await?;
    Ok(recorded)
}

/// Which of these rows there are.
async fn exist(tx: &Transaction<'_>, places: &[Option<i64>]) -> Result<BTreeSet<i64>, Error> {
    let ids: Vec<i64> = places.iter().flatten().copied().collect();
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found = tx.query(sql::EXIST, &[&ids]).await?;
    found.iter().map(|row| get(row, 0)).collect()
}

/// Finds rows of receipts without a key.
async fn by_message_id(
    tx: &Transaction<'_>,
    receipts: &[Receipt],
    places: &mut [Option<i64>],
) -> Result<(), Error> {
    let mut services: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut locks = BTreeSet::new();
    for (receipt, place) in receipts.iter().zip(&*places) {
        if let (None, Some(message_id)) = (place, &receipt.message_id) {
            let messages = services.entry(receipt.service).or_default();
            messages.push(text(message_id));
            locks.insert(lock_of(&text(message_id)));
        }
    }
    lock(tx, locks).await?;
    let mut found: HashMap<(&str, String), i64> = HashMap::new();
    for (service, messages) in services {
        for row in tx.query(sql::ROWS_OF_IDS, &[&service, &messages]).await? {
            found.insert((service, get(&row, 0)?), get(&row, 1)?);
        }
    }
    for (receipt, place) in receipts.iter().zip(places) {
        if let (None, Some(message_id)) = (&place, &receipt.message_id) {
            *place = found.get(&(receipt.service, text(message_id))).copied();
        }
    }
    Ok(())
}

/// Keeps a receipt whose reply may still come.
async fn wait(tx: &Transaction<'_>, receipt: &Receipt) -> Result<Recorded, Error> {
    let Some(message_id) = receipt.message_id.as_deref().map(text) else {
        return Ok(Recorded::NoRow);
    };
    let waits = tx.first(sql::ECHOES, &[&receipt.service]).await?;
    if !get::<bool>(&waits.ok_or_else(corrupt)?, 0)? {
        return Ok(Recorded::NoRow);
    }
    let data = ReceiptData::from(receipt);
    tx.execute(
        sql::ADD_WAITING,
        &[
            &receipt.service,
            &message_id,
            &data.state.number(),
            &data.signed,
            &data.price.as_deref().map(text),
            &data.currency.as_deref().map(text),
            &data.parts.map(i64::from),
        ],
    )
    .await?;
    Ok(Recorded::Waiting)
}

/// Messages were accepted under these ids, which are locked: receipts that came before the reply find their row now.
pub(super) async fn sent(
    tx: &Transaction<'_>,
    service: &str,
    sent: Vec<(String, i64)>,
    changes: &mut Changes,
) -> Result<(), Error> {
    if sent.is_empty() {
        return Ok(());
    }
    let (messages, ids): (Vec<String>, Vec<i64>) = sent.iter().cloned().unzip();
    tx.execute(sql::ADD_SENT, &[&service, &messages, &ids])
        .await?;
    let rows: HashMap<String, i64> = sent.into_iter().collect();
    let mut of = Vec::new();
    for found in tx.query(sql::TAKE_WAITING, &[&service, &messages]).await? {
        let message_id: String = get(&found, 0)?;
        let Some(id) = rows.get(&message_id) else {
            continue;
        };
        let data = ReceiptData {
            state: ReceiptState::from_number(get(&found, 1)?).unwrap_or(ReceiptState::Other),
            signed: get(&found, 2)?,
            price: get(&found, 3)?,
            currency: get(&found, 4)?,
            parts: rows::parts(&found, 5)?,
        };
        of.push((*id, data, None));
    }
    apply(tx, of, changes).await?;
    Ok(())
}

/// A row as it becomes.
struct PendingRow {
    known: RowFields,
    reason: Option<&'static str>,
    message_id: Option<String>,
    changed: bool,
}

/// Merges receipts into their rows; whether each changed anything.
async fn apply(
    tx: &Transaction<'_>,
    receipts: Vec<(i64, ReceiptData, Option<String>)>,
    changes: &mut Changes,
) -> Result<Vec<bool>, Error> {
    if receipts.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = receipts.iter().map(|(id, ..)| *id).collect();
    let mut rows = BTreeMap::new();
    for found in tx.query(sql::RECEIPTS_OF, &[&ids]).await? {
        let (skip, receipt): (Option<i64>, Option<i64>) = (get(&found, 2)?, get(&found, 3)?);
        let known = RowFields {
            state: State::from_number(get(&found, 1)?).ok_or_else(corrupt)?,
            skip: skip.and_then(Skip::from_number),
            receipt: receipt.and_then(ReceiptState::from_number),
            signed: get::<Option<bool>>(&found, 4)?.unwrap_or_default(),
            price: get(&found, 5)?,
            currency: get(&found, 6)?,
            parts: rows::parts(&found, 7)?,
        };
        let merging = PendingRow {
            known,
            reason: None,
            message_id: None,
            changed: false,
        };
        rows.insert(get::<i64>(&found, 0)?, merging);
    }
    let mut costs: BTreeMap<i64, i64> = BTreeMap::new();
    let mut changed_of = Vec::new();
    for (id, data, message_id) in receipts {
        let row = row_id(id)?;
        let Some(merging) = rows.get_mut(&id) else {
            changed_of.push(false);
            continue;
        };
        let merged = merge(row, &mut merging.known, &data, changes);
        changed_of.push(merged.is_some());
        let Some(merged) = merged else { continue };
        merging.changed = true;
        merging.reason = merging.reason.or(merged.reason);
        merging.message_id = merging.message_id.take().or(message_id);
        if let Some(cost) = merged.cost {
            let highest = costs.entry(row.campaign.get().into()).or_default();
            *highest = cost.max(*highest);
        }
    }
    rows.retain(|_, row| row.changed);
    write(tx, rows).await?;
    for (campaign, cost) in costs {
        tx.execute(sql::COSTS, &[&campaign, &cost]).await?;
    }
    Ok(changed_of)
}

async fn write(tx: &Transaction<'_>, rows: BTreeMap<i64, PendingRow>) -> Result<(), Error> {
    let (mut ids, mut states, mut receipts, mut signed) = (vec![], vec![], vec![], vec![]);
    let (mut prices, mut currencies, mut parts) = (vec![], vec![], vec![]);
    let (mut reasons, mut message_ids) = (vec![], vec![]);
    for (
        id,
        PendingRow {
            known,
            reason,
            message_id,
            ..
        },
    ) in rows
    {
        ids.push(id);
        states.push(known.state.number());
        receipts.push(known.receipt.map(ReceiptState::number));
        signed.push(known.signed);
        prices.push(known.price.as_deref().map(text));
        currencies.push(known.currency.as_deref().map(text));
        parts.push(known.parts.map(i64::from));
        reasons.push(reason.map(str::to_owned));
        message_ids.push(message_id);
    }
    if ids.is_empty() {
        return Ok(());
    }
    tx.execute(
        sql::SET_RECEIPTS,
        &[
            &ids,
            &states,
            &receipts,
            &signed,
            &prices,
            &currencies,
            &parts,
            &reasons,
            &message_ids,
        ],
    )
    .await?;
    Ok(())
}
