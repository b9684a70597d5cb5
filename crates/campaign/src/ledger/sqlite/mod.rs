//! A ledger in one `SQLite` file.
//!
//! One thread writes. What is asked of it meanwhile is done in one transaction, and so with one write to the disk (WAL,
//! `synchronous=FULL`). Another thread reads beside it. Other processes may open the same file: they read, note receipts, pause and
//! decide; an OS lock on a file beside the ledger lets one of them be the worker.

mod claim;
mod control;
mod lists;
mod lock;
mod open;
mod problem;
mod rate;
mod receipts;
mod rows;
mod sort;
mod sql;
mod tally;
mod thread;
mod worker;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use lock::Lock;
pub(crate) use open::private;
use rusqlite::{Connection, TransactionBehavior};

use super::{
    Batch, Campaign, CampaignId, ClaimReply, ClaimRequest, Counts, Decision, DecisionRecord, Guard,
    Ledger, Limits, NewCampaign, RowFilter, RowRecord, Worker, WorkerId,
};
use crate::clock::Clock;
use crate::key::{LedgerKey, RowId};
use crate::ledger::rules::{corrupt, no_campaign};
use crate::receipt::{Receipt, Recorded};
use crate::{Error, ErrorKind, Rate};
use lock::try_lock;
use open::IfMissing;
use problem::Stored as _;
use thread::{Access, Thread};

/// A ledger in one `SQLite` file, which is made for its owner alone (mode 600). Cheap to clone; the file is closed with the last clone.
#[derive(Clone)]
pub struct Sqlite(Arc<Inner>);

struct Inner {
    writer: Thread,
    reader: Thread,
    key: LedgerKey,
    clock: Arc<Clock>,
    path: PathBuf,
}

impl Sqlite {
    /// Opens a ledger, or makes one where there is no file or an empty one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotALedger`] for a file of another program and a ledger of a newer version; [`ErrorKind::ReadOnly`] and
    /// [`ErrorKind::Full`] of the file system.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::with(path.as_ref(), IfMissing::Create, Clock::new())
    }

    /// Opens a ledger that exists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoLedger`], and as [`create`](Self::create).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::with(path.as_ref(), IfMissing::Fail, Clock::new())
    }

    fn with(path: &Path, missing: IfMissing, clock: Clock) -> Result<Self, Error> {
        let connection = open::writer(path, missing)?;
        let secret: Vec<u8> = connection
            .query_row(sql::SECRET, [], |row| row.get(0))
            .stored()?;
        // Whoever has the lock knows that no worker lives.
        if let Some(_lock) = try_lock(path)? {
            // It waits for other writers here: a transaction that first reads and then writes fails without waiting.
            let transaction =
                rusqlite::Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)
                    .stored()?;
            worker::reap(&transaction, clock.now())?;
            transaction.commit().stored()?;
        }
        Ok(Self(Arc::new(Inner {
            writer: Thread::start(connection, Access::Write)?,
            reader: Thread::start(open::reader(path)?, Access::Read)?,
            key: LedgerKey::new(&secret).ok_or_else(corrupt)?,
            clock: Arc::new(clock),
            path: path.to_owned(),
        })))
    }

    /// Work that changes something, with the time and the secret.
    fn write<
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    >(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, W> {
        let (key, clock) = (self.0.key.clone(), Arc::clone(&self.0.clock));
        self.0.writer.call(move |connection| {
            let now = clock.now();
            work(&Transaction {
                connection,
                key: &key,
                now,
            })
        })
    }

    /// Work that only reads.
    fn read<T: Send + 'static, W: FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, W> {
        let (key, clock) = (self.0.key.clone(), Arc::clone(&self.0.clock));
        self.0.reader.call(move |connection| {
            let now = clock.now();
            work(&Transaction {
                connection,
                key: &key,
                now,
            })
        })
    }

    /// The worker's lock. Another process has it for a moment while it opens the ledger.
    async fn lock(&self) -> Result<Lock, Error> {
        for _ in 0..40 {
            if let Some(lock) = try_lock(&self.0.path)? {
                return Ok(lock);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Error::new(
            ErrorKind::InUse,
            "another process runs a campaign of this ledger; wait for it, or stop it",
        ))
    }
}

/// What a piece of work has.
struct Transaction<'w> {
    connection: &'w Connection,
    key: &'w LedgerKey,
    now: crate::clock::Nanos,
}

impl Ledger for Sqlite {
    async fn create(&self, new: NewCampaign) -> Result<CampaignId, Error> {
        self.write(move |tx| lists::create(tx, &new)).await
    }

    async fn campaign(&self, name: &str) -> Result<Campaign, Error> {
        let name = name.to_owned();
        let found = self
            .read(move |tx| control::campaigns(tx, Some(&name)))
            .await?;
        found.into_iter().next().ok_or_else(no_campaign)
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, Error> {
        self.read(|tx| control::campaigns(tx, None)).await
    }

    async fn import(&self, campaign: CampaignId, batch: Batch) -> Result<(), Error> {
        self.write(move |tx| lists::import(tx, campaign, batch))
            .await
    }

    async fn finish_import(&self, campaign: CampaignId) -> Result<Counts, Error> {
        self.skip_equal_numbers(campaign).await?;
        self.write(move |tx| lists::sealed(tx, campaign)).await
    }

    async fn discard(&self, campaign: CampaignId) -> Result<(), Error> {
        while self.write(move |tx| lists::discard(tx, campaign)).await? {}
        Ok(())
    }

    async fn rows(
        &self,
        campaign: CampaignId,
        which: RowFilter,
        after: u32,
        limit: u32,
    ) -> Result<Vec<RowRecord>, Error> {
        self.read(move |tx| rows::rows(tx, campaign, which, after, limit))
            .await
    }

    async fn invalidate(
        &self,
        campaign: CampaignId,
        invalid: Vec<(u32, String)>,
    ) -> Result<(), Error> {
        self.write(move |tx| lists::invalidate(tx, campaign, &invalid))
            .await
    }

    async fn checked(&self, campaign: CampaignId) -> Result<(), Error> {
        self.write(move |tx| {
            tx.connection
                .execute(sql::SET_CHECKED, [campaign.get()])
                .stored()?;
            Ok(())
        })
        .await
    }

    async fn start(&self, campaign: CampaignId) -> Result<Worker, Error> {
        let mut lock = self.lock().await?;
        let last = self.read(|tx| worker::last(tx.connection)).await?;
        if !lock.allows(last) {
            self.write(|tx| worker::pause_older_copy(tx.connection))
                .await?;
            // Who resumes a campaign has read the reason.
            lock.remember(&[last])?;
            return Err(worker::older_copy());
        }
        let next = worker::random()?;
        lock.remember(&[last, next])?;
        let mut worker = self
            .write(move |tx| worker::start(tx, campaign, next))
            .await?;
        lock.remember(&[next])?;
        worker.guard = Some(Guard::Lock(lock));
        Ok(worker)
    }

    async fn settle_and_claim(&self, request: ClaimRequest) -> Result<ClaimReply, Error> {
        self.write(move |tx| claim::settle_and_claim(tx, request))
            .await
    }

    async fn finish(&self, campaign: CampaignId, worker: WorkerId) -> Result<Counts, Error> {
        self.write(move |tx| worker::finish(tx, campaign, worker))
            .await
    }

    async fn record(&self, receipts: Vec<Receipt>) -> Result<Vec<Recorded>, Error> {
        self.write(move |tx| receipts::record(tx, &receipts)).await
    }

    async fn pause(&self, campaign: CampaignId, reason: &str) -> Result<(), Error> {
        let reason = reason.to_owned();
        self.write(move |tx| control::pause(tx, campaign, &reason))
            .await
    }

    async fn resume(&self, campaign: CampaignId) -> Result<(), Error> {
        self.write(move |tx| control::resume(tx, campaign)).await
    }

    async fn cancel(&self, campaign: CampaignId) -> Result<Counts, Error> {
        self.write(move |tx| control::cancel(tx, campaign)).await?;
        while self
            .write(move |tx| claim::skip_ready(tx, campaign, crate::Skip::Cancelled))
            .await?
        {}
        self.counts(campaign).await
    }

    async fn counts(&self, campaign: CampaignId) -> Result<Counts, Error> {
        self.read(move |tx| tally::counts(tx.connection, campaign))
            .await
    }

    async fn decide(&self, campaign: CampaignId, decision: Decision) -> Result<u64, Error> {
        self.write(move |tx| control::decide(tx, campaign, &decision))
            .await
    }

    async fn decisions(&self, campaign: CampaignId) -> Result<Vec<DecisionRecord>, Error> {
        self.read(move |tx| control::decisions(tx, campaign)).await
    }

    async fn suppress(&self, phones: Vec<String>, reason: &str) -> Result<u64, Error> {
        let reason = reason.to_owned();
        self.write(move |tx| control::suppress(tx, &phones, &reason))
            .await
    }

    async fn set_limits(&self, campaign: CampaignId, limits: Limits) -> Result<(), Error> {
        self.write(move |tx| control::set_limits(tx, campaign, &limits))
            .await
    }

    async fn set_rate(&self, campaign: CampaignId, rate: Option<Rate>) -> Result<(), Error> {
        self.write(move |tx| control::set_rate(tx, campaign, rate))
            .await
    }

    fn row_of_key(&self, key: &str) -> Option<RowId> {
        self.0.key.read(key)
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
