//! Outcomes of sends that could not be settled before the end of a process: files in a folder, read at the next start.

use std::fs::{File, read_dir, remove_file, rename};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Postgres;
use super::connection::TransactionKind;
use super::settle::settle_late;
use crate::Error;
use crate::key::{LedgerKey, RowId};
use crate::ledger::sqlite::private;
use crate::ledger::{CampaignId, Settle, WorkerId};
use crate::state::{Attempt, AttemptResult};

const SUFFIX: &str = ".outcomes";

/// A line of a file: an outcome, without the number or the text.
#[derive(Serialize, Deserialize)]
struct Line {
    /// The key of the row: it shows to which ledger it belongs.
    key: String,
    worker: i64,
    claim: u32,
    attempt: Attempt,
}

/// Writes a new file, which is on the disk when this returns.
pub(super) fn write(
    folder: &Path,
    key: &LedgerKey,
    campaign: CampaignId,
    worker: WorkerId,
    unsettled: &[Settle],
) -> std::io::Result<()> {
    let name = format!("{:016x}-{:016x}", worker.0, fastrand::u64(..));
    let (part, path) = (
        folder.join(format!("{name}.part")),
        folder.join(format!("{name}{SUFFIX}")),
    );
    let mut lines = Vec::new();
    for settled in unsettled {
        let row = RowId {
            campaign,
            row: settled.row,
        };
        let mut attempt = settled.attempt.clone();
        if attempt.result == AttemptResult::Invalid {
            // The text of a program's closure, which may hold values of the row.
            attempt.reason = "the row could not become a request".to_owned();
        }
        let line = Line {
            key: key.row(row),
            worker: worker.0,
            claim: settled.claim,
            attempt,
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    let mut file = private().create_new(true).open(&part)?;
    file.write_all(&lines)?;
    file.sync_all()?;
    rename(&part, &path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Settles what the files hold of this ledger, and removes them. Those of other ledgers stay.
pub(super) async fn settle(ledger: &Postgres, folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(unreadable)?;
    for path in files(folder)? {
        let Some(outcomes) = read(&path, &ledger.inner.key)? else {
            continue;
        };
        ledger
            .call(TransactionKind::Short, move |tx| {
                Box::pin(async move {
                    for (campaign, worker, outcomes) in &outcomes {
                        settle_late(tx, *campaign, *worker, outcomes).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        // Another process may have settled the same, which changes nothing.
        let _ = remove_file(path);
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.to_string_lossy().ends_with(SUFFIX) {
            files.push(path);
        }
    }
    Ok(files)
}

fn unreadable(error: std::io::Error) -> Error {
    Error::io("the folder of outcomes cannot be read", error)
}

type Outcomes = Vec<(CampaignId, WorkerId, Arc<Vec<Settle>>)>;

/// What a file holds, which one worker wrote; `None` if it is of another ledger.
fn read(path: &Path, key: &LedgerKey) -> Result<Option<Outcomes>, Error> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(unreadable)?,
    };
    let mut outcomes: Vec<(CampaignId, WorkerId, Vec<Settle>)> = Vec::new();
    for line in text.lines() {
        let line: Option<Line> = serde_json::from_str(line).ok();
        let Some((line, row)) = line.and_then(|line| key.read(&line.key).map(|row| (line, row)))
        else {
            return Ok(None);
        };
        let settle = Settle {
            row: row.row,
            claim: line.claim,
            attempt: line.attempt,
        };
        let of = (row.campaign, WorkerId(line.worker));
        match outcomes.last_mut() {
            Some((campaign, worker, settles)) if (*campaign, *worker) == of => settles.push(settle),
            _ => outcomes.push((of.0, of.1, vec![settle])),
        }
    }
    let outcomes = outcomes
        .into_iter()
        .map(|(campaign, worker, settles)| (campaign, worker, Arc::new(settles)));
    Ok(Some(outcomes.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_no_text_of_a_closure() {
        let folder = tempfile::tempdir().unwrap();
        let key = LedgerKey::new(&[7; LedgerKey::LENGTH]).unwrap();
        let settle = |row, result, reason: &str| Settle {
            row,
            claim: 1,
            attempt: Attempt::new(result).with_reason(reason),
        };
        let unsettled = [
            settle(1, AttemptResult::Invalid, "8615012345678 has no name"),
            settle(2, AttemptResult::Rejected, "code 4"),
        ];
        let campaign = CampaignId::new(1).unwrap();
        write(folder.path(), &key, campaign, WorkerId(3), &unsettled).unwrap();
        let files = files(folder.path()).unwrap();
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(!text.contains("86150") && !text.contains("name"), "{text}");
        let outcomes = read(&files[0], &key).unwrap().unwrap();
        let reasons = outcomes[0].2.iter().map(|settle| &settle.attempt.reason);
        let expected = ["the row could not become a request", "code 4"];
        assert_eq!(reasons.collect::<Vec<_>>(), expected);
    }
}
