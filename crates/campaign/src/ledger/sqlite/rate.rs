//! The rate of an account.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};

use super::problem::Stored as _;
use super::sql;
use crate::Error;
use crate::breaker::LONGEST_PAUSE;
use crate::clock::{Nanos, nanos};

pub(super) struct Permits {
    pub(super) granted: u32,
    /// Until when nothing is granted.
    pub(super) wait: Option<Duration>,
}

/// Takes requests out of the rate of an account.
pub(super) fn take(
    connection: &Connection,
    bucket: i64,
    now: Nanos,
    max_claims: u32,
) -> Result<Permits, Error> {
    let mut statement = connection.prepare_cached(sql::RATE_OF).stored()?;
    let (rate, burst, arrival, paused): (i64, i64, Nanos, Nanos) = statement
        .query_row([bucket], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .stored()?;
    let pause = nanos(LONGEST_PAUSE);
    let duration = |from: Nanos| Duration::from_nanos(u64::try_from(from).unwrap_or_default());
    if paused > now && paused <= now + pause {
        return Ok(Permits {
            granted: 0,
            wait: Some(duration(paused - now)),
        });
    }
    if rate == 0 {
        return Ok(Permits {
            granted: max_claims,
            wait: None,
        });
    }
    let mut statement = connection.prepare_cached(sql::TAKE).stored()?;
    let granted: Option<u32> = statement
        .query_row((bucket, now, max_claims, pause), |row| row.get(0))
        .optional()
        .stored()?;
    let granted = granted.unwrap_or_default();
    // Until there are some more, so that a turn is not spent on each; after a full burst that is as long as the burst lasts.
    let period = (1_000_000_000 + rate - 1) / rate;
    let some = period * (burst / 2).max(1);
    let wait = if granted == 0 {
        (arrival - period * (burst - 1) - now).max(some)
    } else {
        some
    };
    Ok(Permits {
        granted,
        wait: Some(duration(wait)),
    })
}
