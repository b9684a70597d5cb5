//! Opening a file, or making one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::error::Kind;

/// Opens a file to read and append, or makes one that only its owner can read. It is opened once; all that is checked is
/// checked on what was opened.
pub(super) fn open(path: &Path) -> Result<File, Kind> {
    checked(options().create(true).open(path))
}

/// Opens a file that is there; `None` if there is none.
pub(super) fn existing(path: &Path) -> Result<Option<File>, Kind> {
    match options().open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => checked(opened).map(Some),
    }
}

/// Makes a file where there is none.
pub(super) fn create(path: &Path) -> Result<File, Kind> {
    checked(options().create_new(true).open(path))
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

fn checked(opened: io::Result<File>) -> Result<File, Kind> {
    let file = opened.map_err(|error| {
        if is_link(&error) {
            Kind::Link
        } else {
            Kind::Io(error)
        }
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Kind::NoFile);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(Kind::OtherOwner);
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(Kind::OpenToOthers);
        }
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Kind::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
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
