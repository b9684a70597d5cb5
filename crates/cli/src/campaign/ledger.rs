//! Which ledger a command works on.

use nxcloud::campaign::{Ledger as _, Sqlite};

use crate::account;
use crate::failure::Failure;

const VARIABLE: &str = "NXCLOUD_LEDGER";

/// What ledgers are kept in.
pub(super) type Store = Sqlite;

/// The ledger that the flag names, or else the environment.
pub(super) fn name(flag: Option<String>) -> Result<String, Failure> {
    let flag = flag.filter(|name| !name.is_empty());
    let name = match flag {
        Some(name) => Some(name),
        None => account::variable(VARIABLE)?,
    };
    let name = name.ok_or_else(|| {
        Failure::usage(format!(
            "no ledger is named; add --ledger FILE or set {VARIABLE}"
        ))
    })?;
    // A URL can hold a password, so it is not repeated.
    match name.split_once("://") {
        Some(("postgres" | "postgresql", _)) => Err(Failure::usage(
            "a ledger in PostgreSQL is not supported by this version; name a file",
        )),
        Some(_) => Err(Failure::usage("a ledger is a file, not a URL; name a file")),
        None => Ok(name),
    }
}

/// Opens a ledger that exists.
pub(super) fn open(name: &str) -> Result<Store, Failure> {
    Ok(Sqlite::open(name)?)
}

/// Opens a ledger, or makes one.
pub(super) fn create(name: &str) -> Result<Store, Failure> {
    Ok(Sqlite::create(name)?)
}

/// Opens a ledger and finds a campaign in it.
pub(super) async fn campaign(
    ledger: &str,
    name: &str,
) -> Result<(Store, nxcloud::campaign::Campaign), Failure> {
    let store = open(ledger)?;
    let campaign = store.campaign(name).await?;
    Ok((store, campaign))
}
