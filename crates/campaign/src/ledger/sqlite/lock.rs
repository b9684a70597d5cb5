//! The lock of the worker, a file beside the ledger. It also remembers the last worker, which shows that an older copy of the ledger was
//! put back.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::open::{private, unwritable};
use crate::Error;
use crate::ledger::WorkerId;

/// Held by the one worker of a ledger. The system releases it when the process ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

/// The lock; `None` if another worker has it.
pub(super) fn try_lock(path: &Path) -> Result<Option<Lock>, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = private()
        .create(true)
        .truncate(false)
        .open(PathBuf::from(name))
        .map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("the ledger cannot be locked", error)),
    }
}

impl Lock {
    /// Whether this worker can be the last one that the ledger had. Two are possible if the process ended at its start. A new file, or
    /// one that cannot be read, allows every worker.
    pub(super) fn allows(&mut self, last: WorkerId) -> bool {
        let mut text = String::new();
        let read = self
            .0
            .rewind()
            .and_then(|()| self.0.read_to_string(&mut text));
        let workers: Option<Vec<i64>> = text.split_whitespace().map(|id| id.parse().ok()).collect();
        match (read, workers) {
            (Ok(_), Some(workers)) => workers.is_empty() || workers.contains(&last.0),
            _ => true,
        }
    }

    /// Remembers the last worker, or the two that it can be.
    pub(super) fn remember(&mut self, workers: &[WorkerId]) -> Result<(), Error> {
        let text: String = workers.iter().map(|id| format!("{}\n", id.0)).collect();
        let written = self
            .0
            .set_len(0)
            .and_then(|()| self.0.rewind())
            .and_then(|()| self.0.write_all(text.as_bytes()));
        written.map_err(|error| Error::io("the ledger's lock file cannot be written", error))
    }
}
