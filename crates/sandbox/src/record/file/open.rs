//! Opening a file, or making one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::Kind;

/// `nxSb`: tells the files of the sandbox from those of other programs.
const APPLICATION_ID: u32 = 0x6E78_5362;
/// The version of the tables.
const VERSION: u32 = 1;
/// The first bytes of every SQLite database.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header of a database holds its version and the id of its program, in four bytes each, high byte first.
const VERSION_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;
const HEADER: usize = 100;

/// `AUTOINCREMENT` remembers the highest number even when the requests are gone.
pub(super) const TABLES: &str = "CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    took_nanos INTEGER NOT NULL,
    service TEXT,
    operation TEXT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT,
    headers BLOB NOT NULL,
    body BLOB NOT NULL,
    verdict TEXT NOT NULL,
    status INTEGER NOT NULL,
    reply BLOB NOT NULL
) STRICT;";

pub(super) fn open(path: &Path) -> Result<Connection, Kind> {
    let empty = match create(path) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check(path)?,
        Err(error) => return Err(error.into()),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    // One sandbox at a time. What was deleted is overwritten.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON;")?;
    if empty {
        // Before the write-ahead log is turned on, so that the id is in the file itself from the first moment.
        connection.execute_batch(&format!(
            "BEGIN EXCLUSIVE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {TABLES} COMMIT;"
        ))?;
    }
    // The log keeps the file sound whenever the process ends.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE; COMMIT;")?;
    Ok(connection)
}

/// Makes an empty file that only its owner can read, since it is to hold phone numbers and texts. SQLite gives its log
/// the same permissions.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Checks that a file was made by the sandbox, without changing anything; true if there is nothing in it yet.
fn check(path: &Path) -> Result<bool, Kind> {
    let mut header = Vec::with_capacity(HEADER);
    File::open(path)?
        .take(HEADER as u64)
        .read_to_end(&mut header)?;
    if header.is_empty() {
        return Ok(true);
    }
    if !header.starts_with(MAGIC) {
        return Err(Kind::NoDatabase);
    }
    let number = |at: usize| {
        let bytes = header.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes))
    };
    if number(APPLICATION_ID_AT) != Some(APPLICATION_ID) {
        return Err(Kind::AnotherProgram);
    }
    match number(VERSION_AT) {
        Some(VERSION) => Ok(false),
        version => Err(Kind::AnotherVersion(version.unwrap_or_default())),
    }
}
