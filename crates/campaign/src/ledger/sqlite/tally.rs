//! The table of counters.

use rusqlite::Connection;

use super::problem::Stored as _;
use super::sql;
use crate::Error;
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, Counts};

pub(super) fn write(changes: Changes, connection: &Connection) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql::TALLY).stored()?;
    for (campaign, kind, count) in changes.counters() {
        statement.execute((campaign.get(), kind, count)).stored()?;
    }
    Ok(())
}

pub(super) fn counts(connection: &Connection, campaign: CampaignId) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    let mut statement = connection.prepare_cached(sql::COUNTS).stored()?;
    let mut found = statement.query([campaign.get()]).stored()?;
    while let Some(row) = found.next().stored()? {
        counts.count(row.get(0).stored()?, row.get(1).stored()?);
    }
    Ok(counts)
}
