//! What failures of PostgreSQL mean. No text of the server is shown: it may hold values.

use std::error::Error as StdError;

use rustls::CertificateError;

use crate::{Error, ErrorKind};

const READS_ONLY: &str = "the server only reads; name the primary server, or write several hosts and target_session_attrs=read-write";

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
            READS_ONLY.to_owned(),
        ),
        "28P01" => (
            ErrorKind::Argument,
            "the server refused the user or the password; check both".to_owned(),
        ),
        "28000" => (
            ErrorKind::Argument,
            "the server lets this user in neither from here nor in this way; check the user and the server's pg_hba.conf, and write sslmode=require if it asks for TLS".to_owned(),
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
        "53300" => (
            ErrorKind::Unreachable,
            "the server has no free connection; raise its limit of connections, or that of the user or the database, or try again".to_owned(),
        ),
        code if code.starts_with("08") || code.starts_with("57P") => {
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
    let own = error.to_string();
    let source = error.source();
    let text = source.map_or_else(|| own.clone(), ToString::to_string);
    let (kind, text) = if let Some(certificate) = certificate(source) {
        (ErrorKind::Unreachable, certificate)
    } else if text.contains("does not support TLS") {
        (
            ErrorKind::Unreachable,
            "the server offers no TLS; turn it on there, or write sslmode=disable if the network is safe".to_owned(),
        )
    } else if text.contains("does not allow writes") {
        (ErrorKind::ReadOnly, READS_ONLY.to_owned())
    } else if text.contains("password") {
        (
            ErrorKind::Argument,
            "the server asks for a password; name a password file".to_owned(),
        )
    } else if own.starts_with("invalid configuration") {
        (
            ErrorKind::Argument,
            format!(
                "the URL of the ledger cannot be used: {text}; write postgres://user@host:5432/database"
            ),
        )
    } else {
        unreachable(&text)
    };
    Error::new(kind, text)
}

/// What is wrong with the server's certificate, if that is it.
fn certificate(source: Option<&(dyn StdError + 'static)>) -> Option<String> {
    let error = source?.downcast_ref::<std::io::Error>()?.get_ref()?;
    let rustls::Error::InvalidCertificate(problem) = error.downcast_ref()? else {
        return None;
    };
    Some(match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host; write a host that it names".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate is not trusted; name its root with sslrootcert=PATH"
                .to_owned()
        }
        problem => format!(
            "the server's certificate cannot be used: {problem}; check it, and the clock of this machine"
        ),
    })
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
