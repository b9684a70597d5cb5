//! Why a file cannot be recorded into.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

/// Why a file cannot be recorded into. It was left as it is.
#[derive(Debug)]
pub struct RecordError {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Io(io::Error),
    NoDatabase,
    AnotherProgram,
    AnotherVersion(u32),
    Damaged(&'static str),
    Sqlite(rusqlite::Error),
}

impl RecordError {
    pub(super) fn new(path: &Path, kind: Kind) -> Self {
        let path = path.to_owned();
        Self { path, kind }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            Kind::Io(_) => write!(f, "{path} cannot be opened"),
            Kind::NoDatabase => write!(f, "{path} is no SQLite database"),
            Kind::AnotherProgram => write!(f, "{path} is the database of another program"),
            Kind::AnotherVersion(version) => {
                write!(
                    f,
                    "{path} is of another version of the sandbox (format {version})"
                )
            }
            Kind::Damaged(what) => write!(f, "{path} is damaged: {what} cannot be read"),
            Kind::Sqlite(error) if is_locked(error) => {
                write!(f, "{path} is in use, maybe by another sandbox")
            }
            Kind::Sqlite(_) => write!(f, "{path} cannot be read as a database"),
        }
    }
}

fn is_locked(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    code == Some(rusqlite::ErrorCode::DatabaseBusy)
        || code == Some(rusqlite::ErrorCode::DatabaseLocked)
}

impl error::Error for RecordError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.kind {
            Kind::Io(source) => Some(source),
            Kind::Sqlite(source) => Some(source),
            _ => None,
        }
    }
}

impl From<io::Error> for Kind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Kind {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
