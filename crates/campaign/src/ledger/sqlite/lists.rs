//! A campaign's list: made, imported, sealed, checked.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::problem::Stored as _;
use super::sort::{Sorter, unsorted};
use super::tally;
use super::{Sqlite, Transaction, claim, sql};
use crate::compose::Columns;
use crate::ledger::rules::{corrupt, id, imported_elsewhere, name_taken, row_id, same_campaign};
use crate::ledger::tally::Changes;
use crate::ledger::{Batch, CampaignId, CampaignState, Counts, NewCampaign};
use crate::state::{Skip, State};
use crate::{Error, ErrorKind};

pub(super) fn create(tx: &Transaction<'_>, new: &NewCampaign) -> Result<CampaignId, Error> {
    let connection = tx.connection;
    let fingerprint = new.fingerprint();
    let same: Option<String> = connection
        .query_row(sql::SAME_LIST, [&fingerprint], |row| row.get(0))
        .optional()
        .stored()?;
    if let (Some(_), false) = (same, new.again) {
        return Err(same_campaign());
    }
    connection
        .execute(sql::ADD_BUCKET, (&new.account, new.service))
        .stored()?;
    let bucket: i64 = connection
        .query_row(sql::BUCKET, (&new.account, new.service), |row| row.get(0))
        .stored()?;
    let made = connection.execute(
        sql::ADD_CAMPAIGN,
        (
            &new.name,
            new.service,
            new.operation,
            new.echoes,
            new.json(),
            &new.list,
            &fingerprint,
            &new.number_column,
            bucket,
            CampaignState::Importing.number(),
            tx.now,
        ),
    );
    match made {
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) =>
        {
            return Err(name_taken());
        }
        made => made.stored()?,
    };
    let id = u32::try_from(connection.last_insert_rowid())
        .ok()
        .and_then(CampaignId::new);
    id.ok_or_else(|| {
        Error::new(
            ErrorKind::Storage,
            "the ledger holds too many campaigns; begin another ledger",
        )
    })
}

pub(super) fn columns(connection: &Connection, campaign: CampaignId) -> Result<Columns, Error> {
    let mut statement = connection.prepare_cached(sql::COLUMNS).stored()?;
    let (names, number): (String, String) = statement
        .query_row([campaign.get()], |row| Ok((row.get(0)?, row.get(1)?)))
        .stored()?;
    Columns::kept(&names, &number)
}

fn imported(connection: &Connection, campaign: CampaignId) -> Result<u32, Error> {
    let mut statement = connection.prepare_cached(sql::IMPORTED).stored()?;
    let (imported, state): (u32, i64) = statement
        .query_row([campaign.get()], |row| Ok((row.get(0)?, row.get(1)?)))
        .stored()?;
    CampaignState::from_number(state)
        .ok_or_else(corrupt)?
        .may_import()?;
    Ok(imported)
}

pub(super) fn import(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    batch: Batch,
) -> Result<(), Error> {
    let connection = tx.connection;
    let before = imported(connection, campaign)?;
    if before != batch.after {
        return Err(imported_elsewhere());
    }
    let mut statement = connection.prepare_cached(sql::ADD_ROW).stored()?;
    let mut changes = Changes::default();
    let mut number = before;
    for row in batch.rows {
        number += 1;
        let (state, skip) = match row.problem {
            None => (State::Ready, None),
            Some(_) => (State::Skipped, Some(Skip::Invalid)),
        };
        let mac = tx.key.number(&row.phone);
        statement
            .execute((
                id(campaign, number),
                campaign.get(),
                state.number(),
                skip.map(Skip::number),
                row.phone,
                row.values,
                mac,
                row.problem,
            ))
            .stored()?;
        changes.enter(campaign, state, skip, 1);
    }
    let columns = batch
        .columns
        .map(|columns| serde_json::to_string(&columns).map_err(|_| corrupt()))
        .transpose()?;
    connection
        .prepare_cached(sql::SET_IMPORTED)
        .stored()?
        .execute((campaign.get(), number, columns))
        .stored()?;
    tally::write(changes, connection)
}

pub(super) fn sealed(tx: &Transaction<'_>, campaign: CampaignId) -> Result<Counts, Error> {
    imported(tx.connection, campaign)?;
    claim::set_state(tx.connection, campaign, CampaignState::Ready, None)?;
    tally::counts(tx.connection, campaign)
}

/// Removes some rows of a campaign that is being imported, and at last the campaign; whether there is more to do.
pub(super) fn discard(tx: &Transaction<'_>, campaign: CampaignId) -> Result<bool, Error> {
    let connection = tx.connection;
    imported(connection, campaign)?;
    let range = (
        id(campaign, 0),
        id(campaign, u32::MAX),
        i64::try_from(AT_ONCE).unwrap_or(i64::MAX),
    );
    if connection.execute(sql::DISCARD_ROWS, range).stored()? == AT_ONCE {
        return Ok(true);
    }
    connection
        .execute(sql::DISCARD_TALLY, [campaign.get()])
        .stored()?;
    connection
        .execute(sql::DISCARD, [campaign.get()])
        .stored()?;
    Ok(false)
}

pub(super) fn invalidate(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    rows: &[(u32, String)],
) -> Result<(), Error> {
    let rows = rows
        .iter()
        .map(|(row, reason)| (id(campaign, *row), reason.clone()));
    skip(tx, campaign, Skip::Invalid, &rows.collect::<Vec<_>>())
}

/// Skips rows that are ready, each with its reason.
fn skip(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    skip: Skip,
    rows: &[(i64, String)],
) -> Result<(), Error> {
    let mut statement = tx.connection.prepare_cached(sql::SKIP).stored()?;
    let mut skipped = 0;
    for (id, reason) in rows {
        skipped += statement
            .execute((id, skip.number(), reason, tx.now))
            .stored()?;
    }
    let mut changes = Changes::default();
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    changes.moved(
        campaign,
        (State::Ready, None),
        (State::Skipped, Some(skip)),
        skipped,
    );
    tally::write(changes, tx.connection)
}

/// Rows per transaction of the sorted pass.
const AT_ONCE: usize = 10_000;

impl Sqlite {
    /// One sorted pass over the keyed hashes of a campaign's numbers, in bounded memory. The reading connection finds what is equal, the
    /// writing one skips it. Repeating it changes nothing.
    pub(super) async fn skip_equal_numbers(&self, campaign: CampaignId) -> Result<(), Error> {
        let (sender, mut found) = tokio::sync::mpsc::channel(2);
        let folder = self.0.path.parent().map(Path::to_owned).unwrap_or_default();
        let reading = self.read(move |tx| {
            equal(tx, campaign, &folder, |skip, rows| {
                sender.blocking_send((skip, rows)).is_ok()
            })
        });
        let writing = async {
            while let Some((reason, rows)) = found.recv().await {
                self.write(move |tx| skip(tx, campaign, reason, &rows))
                    .await?;
            }
            Ok(())
        };
        let (read, written): (Result<(), Error>, Result<(), Error>) =
            tokio::join!(reading, writing);
        written.and(read)
    }
}

/// Finds rows to be skipped: those with a number of an earlier row, and those with a suppressed number.
fn equal(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    folder: &Path,
    mut give: impl FnMut(Skip, Vec<(i64, String)>) -> bool,
) -> Result<(), Error> {
    let connection = tx.connection;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut sorter = Sorter::new(folder);
    let mut statement = connection.prepare_cached(sql::NUMBERS).stored()?;
    let mut found = statement
        .query((id(campaign, 0), id(campaign, u32::MAX)))
        .stored()?;
    while let Some(row) = found.next().stored()? {
        let id: i64 = row.get(1).stored()?;
        let pair = (row.get(0).stored()?, row_id(id)?.row);
        sorter.push(pair).map_err(unsorted)?;
    }
    let mut phone = connection.prepare_cached(sql::PHONE).stored()?;
    let mut phone = |row: u32| {
        phone
            .query_row([id(campaign, row)], |row| row.get::<_, String>(0))
            .stored()
    };
    // In the same order.
    let mut statement = connection.prepare_cached(sql::SUPPRESSED).stored()?;
    let mut every = statement
        .query_map([], |row| row.get::<_, i64>(0))
        .stored()?;
    let mut next = every.next().transpose().stored()?;
    let mut is_suppressed = |hash: i64| {
        while next.is_some_and(|number| number < hash) {
            next = every.next().transpose().stored()?;
        }
        Ok::<_, Error>(next == Some(hash))
    };
    let (mut duplicates, mut suppressed) = (Vec::new(), Vec::new());
    let mut last: Option<(i64, u32, bool)> = None;
    sorter.sorted(|(hash, row)| {
        let here = id(campaign, row);
        match last {
            // Two numbers of one hash are rare, and both are sent to.
            Some((same, first, out)) if same == hash && phone(first)? == phone(row)? => {
                if out {
                    suppressed.push((here, String::new()));
                } else {
                    duplicates.push((here, format!("the same number as row {first}")));
                }
            }
            _ => {
                let out = is_suppressed(hash)?;
                if out {
                    suppressed.push((here, String::new()));
                }
                last = Some((hash, row, out));
            }
        }
        for (skip, rows) in [
            (Skip::Duplicate, &mut duplicates),
            (Skip::Suppressed, &mut suppressed),
        ] {
            if rows.len() >= AT_ONCE && !give(skip, std::mem::take(rows)) {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    let _ = give(Skip::Duplicate, duplicates) && give(Skip::Suppressed, suppressed);
    Ok(())
}
