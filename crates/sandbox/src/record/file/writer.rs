//! The thread that writes.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::rows;
use crate::record::{ReceivedRequest, Room};

/// Most requests of one transaction.
const MAX_BATCH: usize = 1000;
/// The pause before a batch is tried again.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) enum Message {
    Request(ReceivedRequest, Room),
    Clear,
}

/// Writes what comes until the other end is gone and everything is written.
pub(super) fn write(mut connection: Connection, messages: &Receiver<Message>) {
    let mut batch = Vec::new();
    let mut gone = false;
    while !gone {
        match messages.recv() {
            Ok(message) => batch.push(message),
            Err(_) => break,
        }
        // What came in the meantime goes with it.
        while batch.len() < MAX_BATCH && matches!(batch.last(), Some(Message::Request(..))) {
            match messages.try_recv() {
                Ok(message) => batch.push(message),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    gone = true;
                    break;
                }
            }
        }
        // The room of the batch is not free before it is written, so a full disk makes requests wait, until somebody
        // makes room there or gives up and stops the sandbox.
        while let Err(error) = write_batch(&mut connection, &mut batch) {
            let reason = error.sqlite_error_code();
            tracing::error!(?reason, requests = batch.len(), "cannot record");
            gone = gone || is_closed(messages, &mut batch);
            if gone {
                break;
            }
            thread::sleep(PAUSE);
        }
        for message in batch.drain(..) {
            if let Message::Request(_, room) = message {
                drop(room);
            }
        }
    }
    if let Err((_, error)) = connection.close() {
        let reason = error.sqlite_error_code();
        tracing::error!(?reason, "cannot close the record");
    }
}

/// Whether the other end is gone. What came before joins the batch.
fn is_closed(messages: &Receiver<Message>, batch: &mut Vec<Message>) -> bool {
    loop {
        match messages.try_recv() {
            Ok(message) => batch.push(message),
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => return true,
        }
    }
}

/// Writes all or nothing. A request that is too large for a row is left out.
fn write_batch(connection: &mut Connection, batch: &mut [Message]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut insertion = rows::insertion(&transaction)?;
    let mut cleared = false;
    for message in batch.iter() {
        match message {
            Message::Request(request, _) => match rows::insert(&mut insertion, request) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) => {
                    tracing::error!(id = request.id(), "too large to be recorded");
                }
                done => done?,
            },
            Message::Clear => {
                transaction.execute("DELETE FROM requests", [])?;
                cleared = true;
            }
        }
    }
    drop(insertion);
    transaction.commit()?;
    if cleared {
        // The log holds what was deleted until it is written into the file and cut off.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use axum::http::Method;
    use bytes::Bytes;
    use tokio::sync::Semaphore;

    use super::super::open::TABLES;
    use super::*;
    use crate::record::{Headers, Parts, Verdict};

    /// How often the writer found the file locked.
    static REFUSED: AtomicUsize = AtomicUsize::new(0);

    struct Case {
        path: PathBuf,
        /// Holds the lock.
        other: Connection,
        room: Arc<Semaphore>,
    }

    impl Case {
        /// A file that another connection has locked.
        fn new(name: &str) -> Self {
            let name = format!("nxcloud-sandbox-writer-{}-{name}.db", std::process::id());
            let path = std::env::temp_dir().join(name);
            let other = Connection::open(&path).unwrap();
            other.execute_batch(TABLES).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            let room = Arc::new(Semaphore::new(1));
            Self { path, other, room }
        }

        fn connect(&self) -> Connection {
            let mut connection = Connection::open(&self.path).unwrap();
            let refuse = |_| {
                REFUSED.fetch_add(1, Ordering::SeqCst);
                false
            };
            connection.busy_handler(Some(refuse)).unwrap();
            connection
        }

        fn request(&self) -> Message {
            let parts = Parts {
                received_at: 0,
                took: Duration::ZERO,
                service: None,
                operation: None,
                method: Method::POST,
                path: String::new(),
                query: None,
                headers: Headers::default(),
                body: Bytes::new(),
                verdict: Verdict::accepted(),
                status: 200,
                reply: Bytes::new(),
            };
            let room = Arc::clone(&self.room).try_acquire_owned().unwrap();
            Message::Request(ReceivedRequest::new(1, parts), Some(room))
        }

        fn rows(&self) -> i64 {
            let count = "SELECT count(*) FROM requests";
            self.other.query_row(count, [], |row| row.get(0)).unwrap()
        }
    }

    impl Drop for Case {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// Both in one test, since they count the same refusals.
    #[test]
    fn what_cannot_be_written_keeps_its_room_until_it_is_or_the_sandbox_stops() {
        let wait_for_refusals = |count: usize| {
            let wanted = REFUSED.load(Ordering::SeqCst) + count;
            while REFUSED.load(Ordering::SeqCst) < wanted {
                thread::yield_now();
            }
        };
        for stops in [false, true] {
            let case = Case::new(if stops { "stops" } else { "waits" });
            let connection = case.connect();
            let (sender, messages) = channel();
            sender.send(case.request()).unwrap();
            let writer = thread::spawn(move || write(connection, &messages));
            wait_for_refusals(2);
            assert_eq!(case.room.available_permits(), 0);
            if stops {
                drop(sender);
                writer.join().unwrap();
                assert_eq!(case.rows(), 0);
            } else {
                case.other.execute_batch("COMMIT").unwrap();
                while case.room.available_permits() == 0 {
                    thread::yield_now();
                }
                assert_eq!(case.rows(), 1);
                drop(sender);
                writer.join().unwrap();
            }
            assert_eq!(case.room.available_permits(), 1);
        }
    }
}
