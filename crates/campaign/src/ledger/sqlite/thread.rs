//! A connection on its own thread. Jobs that wait together share one transaction and one sync.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::problem::storage;
use crate::{Error, ErrorKind};

/// The most jobs of one transaction.
const MAX_BATCH: usize = 256;

/// A thread that works on a connection.
pub(super) struct Thread {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// Whether jobs change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

impl Thread {
    pub(super) fn start(connection: Connection, access: Access) -> Result<Self, Error> {
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new().name("nxcloud-ledger".to_owned());
        let thread = thread.spawn(move || match access {
            Access::Write => write(&connection, &receiver),
            Access::Read => read(&connection, &receiver),
        });
        Ok(Self {
            jobs: Some(sender),
            thread: Some(thread.map_err(|error| Error::io("no thread could be started", error))?),
        })
    }

    /// Queues a job; the future waits for its end. A job that fails changes nothing.
    pub(super) fn call<
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    >(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, W> {
        let receiver = self.ask(work);
        async move { receiver.await.unwrap_or_else(|_| Err(ended())) }
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, Error>> {
        let (reply, receiver) = oneshot::channel();
        let job = Task {
            work: Some(work),
            result: None,
            reply,
        };
        if let Some(jobs) = &self.jobs {
            // Without a thread the reply is dropped, which the receiver notices.
            let _ = jobs.send(Box::new(job));
        }
        receiver
    }
}

fn ended() -> Error {
    Error::new(
        ErrorKind::Storage,
        "the thread of the ledger ended; open the ledger again",
    )
}

/// Queued jobs are still done.
impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

trait Job: Send {
    /// Does the work; whether it succeeded.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Answers, when it is durable or has failed.
    fn finish(self: Box<Self>, problem: Option<&rusqlite::Error>);
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, Error> + Send> Job for Task<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn finish(self: Box<Self>, problem: Option<&rusqlite::Error>) {
        let result = match (problem, self.result) {
            // The job's own error says more.
            (_, Some(Err(error))) => Err(error),
            (Some(problem), _) => Err(storage(problem)),
            (None, Some(result)) => result,
            (None, None) => return,
        };
        let _ = self.reply.send(result);
    }
}

/// Each job sees the ledger as it was at one moment.
fn read(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    for mut job in jobs {
        let problem = connection.execute_batch("BEGIN").err();
        if problem.is_none() {
            job.run(connection);
            // There is nothing to lose.
            let _ = connection.execute_batch("ROLLBACK");
        }
        job.finish(problem.as_ref());
    }
}

fn write(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        if let Err(problem) = connection.execute_batch("BEGIN IMMEDIATE") {
            first.finish(Some(&problem));
            continue;
        }
        let (done, problem) = transaction(connection, first, jobs);
        let problem = problem.or_else(|| connection.execute_batch("COMMIT").err());
        if problem.is_some() && !connection.is_autocommit() {
            // It fails only if the transaction has ended already.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for job in done {
            job.finish(problem.as_ref());
        }
    }
}

/// Runs a job and those that wait behind it.
fn transaction(
    connection: &Connection,
    first: Box<dyn Job>,
    jobs: &Receiver<Box<dyn Job>>,
) -> (Vec<Box<dyn Job>>, Option<rusqlite::Error>) {
    let mut done = Vec::new();
    let mut next = Some(first);
    while let Some(mut job) = next {
        let problem = one(connection, job.as_mut()).err();
        done.push(job);
        if problem.is_some() {
            return (done, problem);
        }
        next = if done.len() < MAX_BATCH {
            jobs.try_recv().ok()
        } else {
            None
        };
    }
    (done, None)
}

/// One job, of which nothing is left if it fails.
fn one(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    if !job.run(connection) {
        // A full disk ends the transaction by itself.
        if connection.is_autocommit() {
            let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
            return Err(rusqlite::Error::SqliteFailure(full, None));
        }
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread() -> Thread {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t(x INTEGER PRIMARY KEY)")
            .unwrap();
        Thread::start(connection, Access::Write).unwrap()
    }

    fn insert(x: i64) -> impl FnOnce(&Connection) -> Result<(), Error> + Send + 'static {
        move |connection| {
            connection
                .execute("INSERT INTO t VALUES(?1)", [x])
                .map_err(|error| storage(&error))?;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_nothing_and_harms_no_other() {
        let thread = thread();
        let first = thread.call(insert(1));
        let second = thread.call(|connection| {
            insert(2)(connection)?;
            insert(1)(connection)
        });
        let third = thread.call(insert(3));
        first.await.unwrap();
        assert_eq!(second.await.unwrap_err().kind(), ErrorKind::Storage);
        third.await.unwrap();
        let sum = thread.call(|connection| {
            connection
                .query_row("SELECT sum(x) FROM t", [], |row| row.get::<_, i64>(0))
                .map_err(|error| storage(&error))
        });
        assert_eq!(sum.await.unwrap(), 4);
    }

    #[tokio::test]
    async fn what_was_asked_for_is_done_when_the_future_is_dropped() {
        let thread = thread();
        drop(thread.call(insert(1)));
        let count = thread.call(|connection| {
            connection
                .query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))
                .map_err(|error| storage(&error))
        });
        assert_eq!(count.await.unwrap(), 1);
    }
}
