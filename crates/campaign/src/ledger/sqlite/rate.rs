//! The rate of an account, as the file keeps it.

use std::time::Duration;

use rusqlite::Connection;

use super::problem::Stored as _;
use super::sql;
use crate::Error;
use crate::clock::Nanos;
use crate::ledger::permits::{Bucket, Permits};

fn bucket(connection: &Connection, id: i64) -> Result<Bucket, Error> {
    let mut statement = connection.prepare_cached(sql::RATE_OF).stored()?;
    statement
        .query_row([id], |row| {
            Ok(Bucket {
                rate: row.get(0)?,
                burst: row.get(1)?,
                arrival: row.get(2)?,
                paused_until: row.get(3)?,
            })
        })
        .stored()
}

/// Takes requests out of the rate of an account.
pub(super) fn take(
    connection: &Connection,
    id: i64,
    now: Nanos,
    max_claims: u32,
) -> Result<Permits, Error> {
    let permits = bucket(connection, id)?.take(now, max_claims);
    if let Some(arrival) = permits.arrival {
        let mut statement = connection.prepare_cached(sql::SET_ARRIVAL).stored()?;
        statement.execute((id, arrival)).stored()?;
    }
    Ok(permits)
}

/// Grants nothing of the account for a while.
pub(super) fn slow_down(
    connection: &Connection,
    id: i64,
    now: Nanos,
    pause: Duration,
) -> Result<(), Error> {
    let until = bucket(connection, id)?.slow_down(now, pause);
    let mut statement = connection.prepare_cached(sql::SET_PAUSE).stored()?;
    statement.execute((id, until)).stored()?;
    Ok(())
}
