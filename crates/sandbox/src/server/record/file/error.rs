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
    Link,
    NoFile,
    OtherOwner,
    OpenToOthers,
    InUse,
    Foreign,
    Sqlite,
    AnotherVersion(u32),
    Damaged(usize),
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
            Kind::Link => write!(f, "{path} is a symbolic link; name the file itself"),
            Kind::NoFile => write!(f, "{path} is not a regular file"),
            Kind::OtherOwner => write!(f, "{path} belongs to another user; choose another file"),
            Kind::OpenToOthers => write!(
                f,
                "{path} holds phone numbers and other users have access to it; run: chmod 600 {path}"
            ),
            Kind::InUse => write!(f, "{path} is in use by another sandbox"),
            Kind::Foreign => write!(f, "{path} was not made by the sandbox; choose another file"),
            Kind::Sqlite => write!(
                f,
                "{path} is an SQLite file, as an older sandbox made it; choose another file"
            ),
            Kind::AnotherVersion(version) => write!(
                f,
                "{path} is of another version of the sandbox (format {version}); choose another file"
            ),
            Kind::Damaged(line) => write!(
                f,
                "line {line} of {path} cannot be read; remove it or choose another file"
            ),
        }
    }
}

impl error::Error for RecordError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.kind {
            Kind::Io(source) => Some(source),
            _ => None,
        }
    }
}

impl From<io::Error> for Kind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
