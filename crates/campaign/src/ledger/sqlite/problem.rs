//! What failures of `SQLite` mean.

use rusqlite::ErrorCode;

use crate::{Error, ErrorKind};

/// The error of a statement. Texts of `SQLite` name tables and columns, never values.
pub(super) fn storage(error: &rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let (kind, text) = match code {
        Some(ErrorCode::DiskFull) => (
            ErrorKind::Full,
            "the ledger's disk is full; make room, then run again".to_owned(),
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => (
            ErrorKind::ReadOnly,
            "the ledger cannot be written; check the permissions of the file and its folder"
                .to_owned(),
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            ErrorKind::Busy,
            "another process holds the ledger for too long; try again".to_owned(),
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
            ErrorKind::NotALedger,
            "the file is no ledger, or it is corrupt; name another file, or put a copy back"
                .to_owned(),
        ),
        _ => (
            ErrorKind::Storage,
            format!("the ledger cannot be read or written: {error}"),
        ),
    };
    Error::new(kind, text)
}

/// `?` on results of `SQLite`.
pub(super) trait Stored<T> {
    fn stored(self) -> Result<T, Error>;
}

impl<T> Stored<T> for rusqlite::Result<T> {
    fn stored(self) -> Result<T, Error> {
        self.map_err(|error| storage(&error))
    }
}
