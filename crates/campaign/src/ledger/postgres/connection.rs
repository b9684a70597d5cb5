//! Connections, and one transaction on one of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::types::FromSql;
use tokio_postgres::{Client, NoTls, Row as Found, SimpleQueryMessage};

use super::params::Param;
use super::problem::{Stored as _, silent};
use super::sql;
use super::url::Target;
use crate::Error;
use crate::clock::Nanos;
use crate::key::LedgerKey;
use crate::ledger::rules::corrupt;

/// The most connections of a ledger in one process.
const MAX_CONNECTIONS: usize = 4;
/// How long it may take to connect, TLS and password included. The driver's own limit ends when the socket is connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a short transaction may take in all, its wait for locks included.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the answer to its end may take.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(20);

/// How much there is to do in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransactionKind {
    Short,
    /// Work on whole lists, without a time limit.
    Bulk,
}

pub(super) struct Pool {
    target: Target,
    idle: Mutex<Vec<Client>>,
    permits: Semaphore,
}

/// What a piece of work has.
pub(super) struct Transaction<'w> {
    client: &'w Client,
    pub(super) key: &'w LedgerKey,
    pub(super) now: Nanos,
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

    fn idle(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    /// A connection within a transaction, and the database's time. A connection that was idle may have ended without notice.
    async fn begin(&self, length: TransactionKind) -> Result<(Client, Nanos), Error> {
        while let Some(client) = self.idle() {
            if let Ok(begun) = begin(client, length).await {
                return Ok(begun);
            }
        }
        let connected = timeout(CONNECT_TIMEOUT, self.connect()).await;
        begin(connected.map_err(|_| silent())??, length).await
    }

    /// Does work in one transaction. When it fails, nothing is changed, unless the answer to the commit is lost: then nobody knows.
    pub(super) async fn transaction<T, W>(
        &self,
        key: &LedgerKey,
        length: TransactionKind,
        work: W,
    ) -> Result<T, Error>
    where
        W: for<'w> FnOnce(&'w Transaction<'w>) -> BoxFuture<'w, Result<T, Error>>,
    {
        let _permit = self.permits.acquire().await.map_err(|_| silent())?;
        let (client, now) = self.begin(length).await?;
        let tx = Transaction {
            client: &client,
            key,
            now,
        };
        let result = match length {
            TransactionKind::Bulk => work(&tx).await,
            // A client that is dropped ends its connection, and so the transaction.
            TransactionKind::Short => timeout(TRANSACTION_TIMEOUT, work(&tx))
                .await
                .map_err(|_| silent())?,
        };
        let end = if result.is_ok() {
            sql::COMMIT
        } else {
            sql::ROLLBACK
        };
        let ended = match timeout(COMMIT_TIMEOUT, client.batch_execute(end)).await {
            Ok(ended) => ended.stored(),
            Err(_) => Err(silent()),
        };
        match (result, ended) {
            (Err(error), Err(_)) => Err(error),
            (Ok(_), Err(error)) => Err(error),
            (result, Ok(())) => {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.push(client);
                result
            }
        }
    }
}

async fn begin(client: Client, length: TransactionKind) -> Result<(Client, Nanos), Error> {
    let begin = match length {
        TransactionKind::Short => sql::BEGIN,
        TransactionKind::Bulk => sql::BEGIN_LONG,
    };
    let answers = timeout(COMMIT_TIMEOUT, client.simple_query(begin))
        .await
        .map_err(|_| silent())?
        .stored()?;
    let now = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get("now"),
        _ => None,
    });
    let now = now.and_then(|now| now.parse().ok()).ok_or_else(corrupt)?;
    Ok((client, now))
}

impl Transaction<'_> {
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

/// A value of a row.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Found, place: usize) -> Result<T, Error> {
    row.try_get(place).map_err(|_| corrupt())
}

/// A number that is never negative and fits.
pub(super) fn u32_at(row: &Found, place: usize) -> Result<u32, Error> {
    u32::try_from(get::<i64>(row, place)?).map_err(|_| corrupt())
}
