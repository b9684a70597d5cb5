//! Connections, and one transaction on one of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::types::FromSql;
use tokio_postgres::{Client, NoTls, Row as Found};

use super::params::Param;
use super::problem::{Stored as _, silent};
use super::sql;
use super::url::Target;
use crate::key::LedgerKey;
use crate::ledger::rules::corrupt;
use crate::{Error, ErrorKind};

/// How many connections a ledger has in one process, at most.
const MAX_CONNECTIONS: usize = 4;
/// How long it may take to connect, TLS and password included. The driver's own limit ends when the socket is connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a short transaction may take in all, its wait for locks included.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the answer to its end may take.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(20);
/// A connection that was idle for longer is tried before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// How much there is to do in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransactionKind {
    Short,
    /// On whole lists, without a time limit.
    Bulk,
}

pub(super) struct Pool {
    target: Target,
    idle: Mutex<Vec<(Client, Instant)>>,
    permits: Semaphore,
}

/// A transaction on a connection.
pub(super) struct Transaction<'t> {
    client: &'t Client,
    pub(super) key: &'t LedgerKey,
}

impl Pool {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            idle: Mutex::default(),
            permits: Semaphore::new(MAX_CONNECTIONS),
        }
    }

    async fn connect(&self) -> Result<Client, Error> {
        let Target { config, tls } = &self.target;
        if let Some(tls) = tls {
            let (client, connection) = config.connect(tls.clone()).await.stored()?;
            // What it ends with, the next statement reports.
            tokio::spawn(async { connection.await.ok() });
            return Ok(client);
        }
        let (client, connection) = config.connect(NoTls).await.stored()?;
        tokio::spawn(async { connection.await.ok() });
        Ok(client)
    }

    fn idle(&self) -> Option<(Client, Instant)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(client, _)| !client.is_closed());
        idle.pop()
    }

    /// A connection. One that was idle may have ended without notice.
    async fn connection(&self) -> Result<Client, Error> {
        while let Some((client, since)) = self.idle() {
            if since.elapsed() < IDLE {
                return Ok(client);
            }
            if let Ok(Ok(_)) = timeout(COMMIT_TIMEOUT, client.batch_execute("")).await {
                return Ok(client);
            }
        }
        timeout(CONNECT_TIMEOUT, self.connect())
            .await
            .map_err(|_| silent())?
    }

    /// One transaction. When it fails, nothing is changed, unless the answer to the commit is lost: then that is not known.
    pub(super) async fn transaction<T, W>(
        &self,
        key: &LedgerKey,
        kind: TransactionKind,
        statements: W,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t Transaction<'t>) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
    {
        self.pipelined(key, kind, move |tx| {
            Box::pin(async move {
                tx.begin(kind).await?;
                let result = statements(tx).await?;
                tx.commit().await?;
                Ok(result)
            })
        })
        .await
    }

    /// The same for statements that begin and commit the transaction themselves, so that they save round trips.
    pub(super) async fn pipelined<T, W>(
        &self,
        key: &LedgerKey,
        kind: TransactionKind,
        statements: W,
    ) -> Result<T, Error>
    where
        W: for<'t> FnOnce(&'t Transaction<'t>) -> BoxFuture<'t, Result<T, Error>>,
    {
        let _permit = self.permits.acquire().await.map_err(|_| silent())?;
        let client = self.connection().await?;
        let tx = Transaction {
            client: &client,
            key,
        };
        let result = match kind {
            TransactionKind::Bulk => statements(&tx).await,
            // A client that is dropped ends its connection, and so the transaction.
            TransactionKind::Short => timeout(TRANSACTION_TIMEOUT, statements(&tx))
                .await
                .map_err(|_| silent())?,
        };
        let usable = match &result {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::Unreachable => false,
            Err(_) => in_time(tx.batch(sql::ROLLBACK)).await.is_ok(),
        };
        if usable {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((client, Instant::now()));
        }
        result
    }
}

impl Transaction<'_> {
    pub(super) async fn begin(&self, kind: TransactionKind) -> Result<(), Error> {
        let begin = match kind {
            TransactionKind::Short => sql::BEGIN,
            TransactionKind::Bulk => sql::BEGIN_LONG,
        };
        in_time(self.batch(begin)).await
    }

    pub(super) async fn commit(&self) -> Result<(), Error> {
        in_time(self.batch(sql::COMMIT)).await
    }

    pub(super) async fn query(
        &self,
        statement: &str,
        params: &[&dyn Param],
    ) -> Result<Vec<Found>, Error> {
        let typed: Vec<_> = params.iter().map(|param| param.typed()).collect();
        self.client.query_typed(statement, &typed).await.stored()
    }

    /// The only row, if there is one.
    pub(super) async fn first(
        &self,
        statement: &str,
        params: &[&dyn Param],
    ) -> Result<Option<Found>, Error> {
        Ok(self.query(statement, params).await?.into_iter().next())
    }

    /// How many rows it changed.
    pub(super) async fn execute(
        &self,
        statement: &str,
        params: &[&dyn Param],
    ) -> Result<i64, Error> {
        let typed: Vec<_> = params.iter().map(|param| param.typed()).collect();
        let changed = self
            .client
            .execute_typed(statement, &typed)
            .await
            .stored()?;
        Ok(i64::try_from(changed).unwrap_or(i64::MAX))
    }

    /// Statements without parameters.
    pub(super) async fn batch(&self, statements: &str) -> Result<(), Error> {
        self.client.batch_execute(statements).await.stored()
    }
}

/// The answer, if it comes before the limit for begin and commit.
async fn in_time(answer: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    timeout(COMMIT_TIMEOUT, answer)
        .await
        .map_err(|_| silent())?
}

/// A value of a row.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Found, place: usize) -> Result<T, Error> {
    row.try_get(place).map_err(|_| corrupt())
}

/// A number that is never negative and fits.
pub(super) fn u32_at(row: &Found, place: usize) -> Result<u32, Error> {
    u32::try_from(get::<i64>(row, place)?).map_err(|_| corrupt())
}
