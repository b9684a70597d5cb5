#![doc = include_str!("../../../POSTGRES.md")]

// Each call is one transaction in its own task, so that it is carried out although its future is dropped.

mod campaign;
mod claim;
mod connection;
mod control;
mod cursor;
mod lists;
mod open;
mod outcomes;
mod params;
mod problem;
mod receipts;
mod rows;
mod settle;
mod sql;
mod tally;
mod url;
mod worker;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nxcloud_client::signing::Secret;

use super::rules::no_campaign;
use super::{
    Batch, Campaign, CampaignId, ClaimReply, ClaimRequest, Counts, Decision, DecisionRecord,
    Ledger, Limits, NewCampaign, RowFilter, RowRecord, Settle, Worker, WorkerId,
};
use crate::key::{LedgerKey, RowId};
use crate::receipt::{Receipt, Recorded};
use crate::{Error, ErrorKind, Rate};
use connection::{Pool, Transaction, TransactionKind};
use cursor::Cursors;
use open::IfMissing;
pub(crate) use worker::Heartbeat;

/// A ledger in a PostgreSQL database (15 or newer), for several workers at once. Cheap to clone.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
    silence: Duration,
    outcomes: Option<Arc<PathBuf>>,
}

struct Inner {
    pool: Pool,
    key: LedgerKey,
    cursors: Cursors,
}

impl Postgres {
    /// Connects to a ledger, or makes one in a database without tables: `postgres://user@host:5432/database`, several hosts separated by
    /// commas. It needs a Tokio runtime.
    ///
    /// The URL holds no password, because arguments and logs show it. TLS with a certificate that the system trusts is the rule; a socket and
    /// `localhost` need none. `?sslmode=disable` does without, `?sslmode=require` asks for it everywhere, `?sslrootcert=PATH` names a PEM file
    /// with the roots to trust.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] for a URL that cannot be used, a password in it, and a password that the server refuses;
    /// [`ErrorKind::PasswordMissing`] if the server asks for one and there is none;
    /// [`ErrorKind::Unreachable`]; [`ErrorKind::NoLedger`] for a database that does not exist; [`ErrorKind::NotALedger`] for a server older than
    /// 15, a database of another program and a ledger of a newer version; [`ErrorKind::ReadOnly`] for a user without rights and a standby.
    pub async fn connect(url: &str, password: Option<Secret>) -> Result<Self, Error> {
        Self::with(url, password, IfMissing::Create).await
    }

    /// Connects to a ledger that exists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoLedger`], and as [`connect`](Self::connect).
    pub async fn open(url: &str, password: Option<Secret>) -> Result<Self, Error> {
        Self::with(url, password, IfMissing::Fail).await
    }

    async fn with(url: &str, password: Option<Secret>, missing: IfMissing) -> Result<Self, Error> {
        let pool = Pool::new(url::read(url, password.as_ref())?);
        let key = open::open(&pool, missing).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                key,
                cursors: Cursors::default(),
            }),
            silence: Duration::from_secs(120),
            outcomes: None,
        })
    }

    /// After how long without a sign of life the rows of a worker of this ledger are unknown; 120 seconds, and at least 1. It should be
    /// longer than a request takes at most. A worker does not begin a send later than a quarter of it after the claim was asked for.
    #[must_use]
    pub fn silent_after(mut self, silence: Duration) -> Self {
        self.silence = silence.max(Duration::from_secs(1));
        self
    }

    /// The folder where a run that ends without the database keeps the outcomes that it could not settle. The next run that is started with
    /// the same folder settles them. The files hold ids and outcomes, no numbers and no texts, and have mode 600.
    #[must_use]
    pub fn outcomes_in(mut self, folder: impl AsRef<Path>) -> Self {
        self.outcomes = Some(Arc::new(folder.as_ref().to_owned()));
        self
    }

    /// One transaction.
    async fn call<T, W>(&self, kind: TransactionKind, statements: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t Transaction<'t>) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        task(async move { inner.pool.transaction(&inner.key, kind, statements).await }).await
    }

    /// A short transaction whose statements begin and commit it themselves.
    async fn pipelined<T, W>(&self, statements: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t Transaction<'t>) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
    {
        let (inner, kind) = (Arc::clone(&self.inner), TransactionKind::Short);
        task(async move { inner.pool.pipelined(&inner.key, kind, statements).await }).await
    }
}

/// Does something in a task, which goes on when its caller stops waiting.
async fn task<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| {
        Error::new(
            ErrorKind::Argument,
            "a ledger in PostgreSQL needs a Tokio runtime; call it within one",
        )
    })?;
    runtime.spawn(work).await.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Storage,
            "the runtime ended during a call of the ledger; call it again",
        ))
    })
}

/// `transaction!(self, TransactionKind::Short, |tx| lists::create(tx, &new))`: the arguments move into the transaction.
macro_rules! transaction {
    ($self:ident, $length:ident, |$tx:ident| $call:expr) => {
        $self
            .call(TransactionKind::$length, move |$tx| {
                Box::pin(async move { $call.await })
            })
            .await
    };
}

impl Ledger for Postgres {
    async fn create(&self, new: NewCampaign) -> Result<CampaignId, Error> {
        transaction!(self, Short, |tx| lists::create(tx, &new))
    }

    async fn campaign(&self, name: &str) -> Result<Campaign, Error> {
        let name = name.to_owned();
        let found = transaction!(self, Short, |tx| control::campaigns(tx, Some(&name)))?;
        found.into_iter().next().ok_or_else(no_campaign)
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, Error> {
        transaction!(self, Short, |tx| control::campaigns(tx, None))
    }

    async fn import(&self, campaign: CampaignId, batch: Batch) -> Result<(), Error> {
        transaction!(self, Bulk, |tx| lists::import(tx, campaign, batch))
    }

    async fn finish_import(&self, campaign: CampaignId) -> Result<Counts, Error> {
        let counts = transaction!(self, Bulk, |tx| lists::finish(tx, campaign))?;
        // The user may not own the table.
        let _ = transaction!(self, Bulk, |tx| lists::analyze(tx));
        Ok(counts)
    }

    async fn discard(&self, campaign: CampaignId) -> Result<(), Error> {
        transaction!(self, Bulk, |tx| lists::discard(tx, campaign))
    }

    async fn rows(
        &self,
        campaign: CampaignId,
        which: RowFilter,
        after: u32,
        limit: u32,
    ) -> Result<Vec<RowRecord>, Error> {
        transaction!(self, Short, |tx| rows::rows(
            tx, campaign, which, after, limit
        ))
    }

    async fn invalidate(
        &self,
        campaign: CampaignId,
        rows: Vec<(u32, String)>,
    ) -> Result<(), Error> {
        transaction!(self, Bulk, |tx| lists::invalidate(tx, campaign, &rows))
    }

    async fn checked(&self, campaign: CampaignId) -> Result<(), Error> {
        transaction!(self, Short, |tx| control::set_checked(tx, campaign))
    }

    async fn start(&self, campaign: CampaignId) -> Result<Worker, Error> {
        worker::start(self, campaign).await
    }

    async fn settle_and_claim(&self, request: ClaimRequest) -> Result<ClaimReply, Error> {
        let (campaign, worker) = (request.campaign, request.worker);
        let cursor = self.inner.cursors.of(worker);
        let claim::Reply {
            claim: mut reply,
            at_cap,
            search,
        } = self
            .pipelined(move |tx| Box::pin(claim::settle_and_claim(tx, request, cursor.after())))
            .await?;
        let (cursor, again) = cursor.moved(search);
        self.inner.cursors.set(worker, cursor);
        if again {
            reply.wait = Some(Duration::ZERO);
        }
        if at_cap {
            (reply.state, reply.reason) =
                transaction!(self, Short, |tx| claim::pause_at_cap(tx, campaign))?;
        }
        Ok(reply)
    }

    async fn finish(&self, campaign: CampaignId, worker: WorkerId) -> Result<Counts, Error> {
        transaction!(self, Short, |tx| worker::finish(tx, campaign, worker))
    }

    async fn record(&self, receipts: Vec<Receipt>) -> Result<Vec<Recorded>, Error> {
        transaction!(self, Short, |tx| receipts::record(tx, &receipts))
    }

    async fn pause(&self, campaign: CampaignId, reason: &str) -> Result<(), Error> {
        let reason = reason.to_owned();
        transaction!(self, Short, |tx| control::pause(tx, campaign, &reason))
    }

    async fn resume(&self, campaign: CampaignId) -> Result<(), Error> {
        transaction!(self, Short, |tx| control::resume(tx, campaign))
    }

    async fn cancel(&self, campaign: CampaignId) -> Result<Counts, Error> {
        let mut more = transaction!(self, Short, |tx| control::cancel(tx, campaign))?;
        while more {
            more = transaction!(self, Short, |tx| control::skip_cancelled(tx, campaign))?;
        }
        self.counts(campaign).await
    }

    async fn counts(&self, campaign: CampaignId) -> Result<Counts, Error> {
        transaction!(self, Short, |tx| tally::counts(tx, campaign))
    }

    async fn decide(&self, campaign: CampaignId, decision: Decision) -> Result<u64, Error> {
        transaction!(self, Bulk, |tx| control::decide(tx, campaign, &decision))
    }

    async fn decisions(&self, campaign: CampaignId) -> Result<Vec<DecisionRecord>, Error> {
        transaction!(self, Short, |tx| control::decisions(tx, campaign))
    }

    async fn suppress(&self, phones: Vec<String>, reason: &str) -> Result<u64, Error> {
        let reason = reason.to_owned();
        transaction!(self, Short, |tx| control::suppress(tx, &phones, &reason))
    }

    async fn set_limits(&self, campaign: CampaignId, limits: Limits) -> Result<(), Error> {
        transaction!(self, Short, |tx| control::set_limits(tx, campaign, &limits))
    }

    async fn set_rate(&self, campaign: CampaignId, rate: Option<Rate>) -> Result<(), Error> {
        transaction!(self, Short, |tx| control::set_rate(tx, campaign, rate))
    }

    fn save_unsettled(&self, campaign: CampaignId, worker: WorkerId, unsettled: &[Settle]) {
        if let Some(folder) = &self.outcomes {
            // No caller waits for an error. What is not kept is unknown.
            let _ = outcomes::write(folder, &self.inner.key, campaign, worker, unsettled);
        }
    }

    fn row_of_key(&self, key: &str) -> Option<RowId> {
        self.inner.key.read(key)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("silent_after", &self.silence)
            .field("outcomes_in", &self.outcomes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
