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
