//! Makes the schema, and sees that it is one of this version.

use super::connection::{Pool, Transaction, TransactionKind, get};
use super::sql;
use crate::key::LedgerKey;
use crate::ledger::rules::{corrupt, random_bytes};
use crate::{Error, ErrorKind};

/// Whether a ledger is made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfMissing {
    Create,
    Fail,
}

/// The secret of the ledger, which is made or brought to this version.
pub(super) async fn open(pool: &Pool, missing: IfMissing) -> Result<LedgerKey, Error> {
    // The key is not known yet, and nothing here needs it.
    let none = LedgerKey::new(&[0; LedgerKey::LENGTH]).ok_or_else(corrupt)?;
    let found = pool
        .transaction(&none, TransactionKind::Short, |tx| Box::pin(current(tx)))
        .await?;
    let secret = match (found, missing) {
        (Some(secret), _) => secret,
        (None, IfMissing::Fail) => {
            return Err(Error::new(
                ErrorKind::NoLedger,
                "there is no ledger in this database; create a campaign first",
            ));
        }
        (None, IfMissing::Create) => {
            pool.transaction(&none, TransactionKind::Bulk, |tx| Box::pin(migrate(tx)))
                .await?
        }
    };
    LedgerKey::new(&secret).ok_or_else(corrupt)
}

/// The secret of a ledger of this version; `None` for an empty database and for an older version.
async fn current(tx: &Transaction<'_>) -> Result<Option<Vec<u8>>, Error> {
    let server = tx.first(sql::SERVER, &[]).await?.ok_or_else(corrupt)?;
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
    let Some(ledger) = tx.first(sql::LEDGER, &[]).await? else {
        return Err(corrupt());
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

async fn migrate(tx: &Transaction<'_>) -> Result<Vec<u8>, Error> {
    tx.query(sql::LOCK_SCHEMA, &[&sql::SCHEMA_LOCK]).await?;
    // Another process may have done it meanwhile.
    if let Some(secret) = current(tx).await? {
        return Ok(secret);
    }
    let server = tx.first(sql::SERVER, &[]).await?.ok_or_else(corrupt)?;
    let version: i64 = if get(&server, 2)? {
        let ledger = tx.first(sql::LEDGER, &[]).await?.ok_or_else(corrupt)?;
        get(&ledger, 0)?
    } else {
        0
    };
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for step in sql::MIGRATIONS.iter().skip(done) {
        tx.batch(step).await?;
    }
    let mut secret = [0; LedgerKey::LENGTH];
    random_bytes(&mut secret)?;
    // A ledger that exists keeps its secret.
    tx.execute(sql::SET_LEDGER, &[&latest(), &secret.as_slice()])
        .await?;
    current(tx).await?.ok_or_else(corrupt)
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
