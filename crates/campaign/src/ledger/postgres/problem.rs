//! What failures of PostgreSQL mean. No text of the server is shown: it may hold values.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::{Error, ErrorKind};

/// The error of a statement or a connection.
pub(super) fn storage(error: &tokio_postgres::Error) -> Error {
    let Some(code) = error.code() else {
        return without_code(error);
    };
    let (kind, text) = match code.code() {
        "53100" => (
            ErrorKind::Full,
            "the database's disk is full; make room, then run again".to_owned(),
        ),
        "42501" => (
            ErrorKind::ReadOnly,
            "the database user lacks a right; let it create a schema in the database, or let it read and write all tables of the schema nxcloud_campaign".to_owned(),
        ),
        "25006" => (
            ErrorKind::ReadOnly,
            "the server only reads; name the primary server, or write several hosts and target_session_attrs=read-write".to_owned(),
        ),
        "28000" | "28P01" => (
            ErrorKind::Argument,
            "the server refused the user or the password; check both".to_owned(),
        ),
        "3D000" => (
            ErrorKind::NoLedger,
            "there is no database of this name; create it first".to_owned(),
        ),
        "40001" | "40P01" | "55P03" | "57014" => (
            ErrorKind::Busy,
            "other processes hold the ledger for too long; try again".to_owned(),
        ),
        "42P01" | "42703" | "3F000" => (
            ErrorKind::NotALedger,
            "the schema nxcloud_campaign is not that of a ledger; name another database, or put a copy back".to_owned(),
        ),
        code if *error.code().unwrap_or(&SqlState::SUCCESSFUL_COMPLETION) == SqlState::TOO_MANY_CONNECTIONS
            || code.starts_with("08")
            || code.starts_with("57P") =>
        {
            unreachable(&format!("SQLSTATE {code}"))
        }
        code => (
            ErrorKind::Storage,
            format!("the database refused a statement (SQLSTATE {code}); its log says more"),
        ),
    };
    Error::new(kind, text)
}

fn without_code(error: &tokio_postgres::Error) -> Error {
    let cause = error.source().map(ToString::to_string);
    let text = cause.unwrap_or_else(|| error.to_string());
    let (kind, text) = if text.contains("certificate") {
        (
            ErrorKind::Unreachable,
            format!(
                "the server's certificate is not trusted: {text}; name its root with sslrootcert=PATH"
            ),
        )
    } else if text.contains("password") {
        (
            ErrorKind::Argument,
            "the server asks for a password; name a password file".to_owned(),
        )
    } else {
        unreachable(&text)
    };
    Error::new(kind, text)
}

fn unreachable(why: &str) -> (ErrorKind, String) {
    (
        ErrorKind::Unreachable,
        format!(
            "the database cannot be reached: {why}; check the host and that the server runs, or try again"
        ),
    )
}

/// The database did not answer in time.
pub(super) fn silent() -> Error {
    let (kind, text) = unreachable("no answer in time");
    Error::new(kind, text)
}

/// `?` on results of PostgreSQL.
pub(super) trait Stored<T> {
    fn stored(self) -> Result<T, Error>;
}

impl<T> Stored<T> for Result<T, tokio_postgres::Error> {
    fn stored(self) -> Result<T, Error> {
        self.map_err(|error| storage(&error))
    }
}
