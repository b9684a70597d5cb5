//! Makes the schema, and sees that it is one of this version.

use super::connection::{Length, Pool, Work, get};
use super::sql;
use crate::key::LedgerKey;
use crate::ledger::rules::{damaged, fill};
use crate::{Error, ErrorKind};

/// Whether a ledger is made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Refuse,
}

/// The secret of the ledger, which is made or brought to this version.
pub(super) async fn open(pool: &Pool, missing: Missing) -> Result<LedgerKey, Error> {
    // The key is not known yet, and nothing here needs it.
    let none = LedgerKey::new(&[0; LedgerKey::LENGTH]).ok_or_else(damaged)?;
    let found = pool
        .transaction(&none, Length::Short, |work| Box::pin(current(work)))
        .await?;
    let secret = match (found, missing) {
        (Some(secret), _) => secret,
        (None, Missing::Refuse) => {
            return Err(Error::new(
                ErrorKind::NoLedger,
                "there is no ledger in this database; create a campaign first",
            ));
        }
        (None, Missing::Make) => {
            pool.transaction(&none, Length::Long, |work| Box::pin(migrate(work)))
                .await?
        }
    };
    LedgerKey::new(&secret).ok_or_else(damaged)
}

/// The secret of a ledger of this version; `None` for an empty database and for an older version.
async fn current(work: &Work<'_>) -> Result<Option<Vec<u8>>, Error> {
    let server = work.first(sql::SERVER, &[]).await?.ok_or_else(damaged)?;
    old_enough(get(&server, 0)?)?;
    let (schema, ledger, others): (bool, bool, bool) =
        (get(&server, 1)?, get(&server, 2)?, get(&server, 3)?);
    if !ledger {
        if schema || others {
            return Err(Error::new(
                ErrorKind::NotALedger,
                "the database belongs to another program; create a database of its own for the ledger",
            ));
        }
        return Ok(None);
    }
    let Some(ledger) = work.first(sql::LEDGER, &[]).await? else {
        return Err(damaged());
    };
    let version = get(&ledger, 0)?;
    if version > latest() {
        return Err(newer(version));
    }
    Ok((version == latest()).then_some(get(&ledger, 1)?))
}

fn old_enough(version: i64) -> Result<(), Error> {
    if version >= sql::OLDEST {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotALedger,
        format!(
            "the server is PostgreSQL {}; the ledger needs 15 or newer",
            version / 10_000
        ),
    ))
}

/// The error of a ledger that a newer program made.
pub(super) fn newer(version: i64) -> Error {
    Error::new(
        ErrorKind::NotALedger,
        format!(
            "the ledger has version {version}, this program reads {} and older; use a newer program",
            latest()
        ),
    )
}

pub(super) fn latest() -> i64 {
    i64::try_from(sql::MIGRATIONS.len()).unwrap_or(i64::MAX)
}

async fn migrate(work: &Work<'_>) -> Result<Vec<u8>, Error> {
    work.query(sql::LOCK_SCHEMA, &[&sql::SCHEMA_LOCK]).await?;
    // Another process may have done it meanwhile.
    if let Some(secret) = current(work).await? {
        return Ok(secret);
    }
    let server = work.first(sql::SERVER, &[]).await?.ok_or_else(damaged)?;
    let version: i64 = if get(&server, 2)? {
        let ledger = work.first(sql::LEDGER, &[]).await?.ok_or_else(damaged)?;
        get(&ledger, 0)?
    } else {
        0
    };
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for step in sql::MIGRATIONS.iter().skip(done) {
        work.batch(step).await?;
    }
    let mut secret = [0; LedgerKey::LENGTH];
    fill(&mut secret)?;
    // A ledger that exists keeps its secret.
    work.execute(sql::SET_LEDGER, &[&latest(), &secret.as_slice()])
        .await?;
    current(work).await?.ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_refused() {
        let error = old_enough(140_013).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotALedger);
        assert_eq!(
            error.to_string(),
            "the server is PostgreSQL 14; the ledger needs 15 or newer"
        );
        old_enough(150_000).unwrap();
        old_enough(180_001).unwrap();
    }
}
