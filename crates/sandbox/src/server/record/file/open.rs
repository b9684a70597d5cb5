//! Opens or creates a record file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::error::RecordError;

/// Opens a file to read and append, or creates one that only its owner can read. The file is opened once; all checks
/// are made on the open file.
pub(super) fn open(path: &Path) -> Result<File, RecordError> {
    checked(path, options().create(true).open(path))
}

/// Opens an existing file; `None` if there is none.
pub(super) fn existing(path: &Path) -> Result<Option<File>, RecordError> {
    match options().open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => checked(path, opened).map(Some),
    }
}

/// Creates a new file.
pub(super) fn create(path: &Path) -> Result<File, RecordError> {
    checked(path, options().create_new(true).open(path))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW;
        options.mode(0o600);
        options.custom_flags(flags.bits().cast_signed());
    }
    options
}

fn checked(path: &Path, opened: io::Result<File>) -> Result<File, RecordError> {
    let refused = |problem: &str| Err(RecordError::new(path, problem));
    let failed = |error| RecordError::io(path, error);
    let file = match opened {
        Err(error) if is_link(&error) => {
            return refused("is a symbolic link; name the file itself");
        }
        opened => opened.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return refused("is not a regular file");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return refused("belongs to another user; choose another file");
        }
        if metadata.mode() & 0o077 != 0 {
            let others = "contains phone numbers and other users have access to it; run: chmod 600";
            return refused(&format!("{others} {}", path.display()));
        }
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            refused("is in use by another sandbox; stop it or choose another file")
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_link(_: &io::Error) -> bool {
    false
}
