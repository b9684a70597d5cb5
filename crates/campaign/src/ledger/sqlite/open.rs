//! Opens and makes the file of a ledger, and sees that it is one.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::problem::{Stored as _, storage};
use super::sql;
use crate::key::LedgerKey;
use crate::ledger::rules::random_bytes;
use crate::{Error, ErrorKind};

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// Whether a ledger is made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfMissing {
    Create,
    Fail,
}

/// A connection that writes, to a file that is a ledger of this version.
pub(super) fn writer(path: &Path, missing: IfMissing) -> Result<Connection, Error> {
    match std::fs::metadata(path) {
        Ok(file) if file.is_dir() => {
            return Err(Error::new(
                ErrorKind::NotALedger,
                "the ledger's path is a folder; name a file",
            ));
        }
        Ok(file) if file.len() == 0 && missing == IfMissing::Fail => {
            return Err(Error::new(
                ErrorKind::NotALedger,
                "the file is empty; name a ledger",
            ));
        }
        Ok(_) => only_ours(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if missing == IfMissing::Fail {
                return Err(Error::new(
                    ErrorKind::NoLedger,
                    "there is no ledger at this path; create a campaign first",
                ));
            }
            // Its companions get the same mode.
            match private().create_new(true).open(path) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(error)),
            }
        }
        Err(error) => return Err(Error::io("the ledger cannot be looked at", error)),
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // In memory: numbers and texts belong into the ledger only.
    connection
        .execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000")
        .stored()?;
    migrate(&connection)?;
    // The mode of the journal is a property of the file and can only be set once it is known to be ours.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        .stored()?;
    Ok(connection)
}

/// A connection beside it that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection
        .execute_batch("PRAGMA query_only = ON")
        .stored()?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).stored()?;
    connection.busy_timeout(BUSY_TIMEOUT).stored()?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes the schema, or brings it to this version.
fn migrate(connection: &Connection) -> Result<(), Error> {
    if is_current(connection)? {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE").stored()?;
    let done = migrate_within(connection);
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).stored()?;
    done
}

fn migrate_within(connection: &Connection) -> Result<(), Error> {
    // Another process may have done it meanwhile.
    if is_current(connection)? {
        return Ok(());
    }
    let version = pragma(connection, "user_version")?;
    let steps = sql::MIGRATIONS
        .iter()
        .skip(usize::try_from(version).unwrap_or(usize::MAX));
    for step in steps {
        connection.execute_batch(step).stored()?;
    }
    if version == 0 {
        let mut secret = [0; LedgerKey::LENGTH];
        random_bytes(&mut secret)?;
        connection
            .execute(sql::NEW_LEDGER, [secret.as_slice()])
            .stored()?;
    }
    connection
        .pragma_update(None, "application_id", sql::APPLICATION_ID)
        .stored()?;
    connection
        .pragma_update(None, "user_version", latest())
        .stored()
}

/// Whether the file is a ledger of this version; false for an empty file and for an older version.
fn is_current(connection: &Connection) -> Result<bool, Error> {
    let foreign = || {
        Error::new(
            ErrorKind::NotALedger,
            "the file is a database of another program; name another file",
        )
    };
    let (application, version) = (
        pragma(connection, "application_id")?,
        pragma(connection, "user_version")?,
    );
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .stored()?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(false),
        (id, version) if id == i64::from(sql::APPLICATION_ID) && version > 0 => {
            if version > latest() {
                return Err(Error::new(
                    ErrorKind::NotALedger,
                    format!(
                        "the ledger has version {version}, this program reads {} and older; use a newer program",
                        latest()
                    ),
                ));
            }
            Ok(version == latest())
        }
        _ => Err(foreign()),
    }
}

fn latest() -> i64 {
    i64::try_from(sql::MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, Error> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(|error| storage(&error))
}

/// Options of a file that only its owner may read (mode 600).
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes away the rights of others. By path: to open and close the file would end the locks of this process on it.
#[cfg(unix)]
fn only_ours(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(path)
        .map_err(unwritable)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        // A file of somebody else's is refused below, when it cannot be opened; one that can stays as its owner wants it.
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn only_ours(_: &Path) -> Result<(), Error> {
    Ok(())
}

pub(super) fn unwritable(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull => Error::io("the ledger cannot be made", error),
        _ => Error::new(
            ErrorKind::ReadOnly,
            format!(
                "the ledger cannot be made: {error}; name a file in a folder that you may write"
            ),
        )
        .because(error),
    }
}
