//! Which ledger a command works on: a file, or a database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use etcetera::BaseStrategy as _;
use nxcloud::campaign::{AnyLedger, Campaign, Error, ErrorKind, Ledger as _, Postgres, Sqlite};
use nxcloud::signing::Secret;
use tokio::runtime::Handle;

use super::password;
use crate::account;
use crate::failure::Failure;
use crate::text::duration;

const VARIABLE: &str = "NXCLOUD_LEDGER";
/// How long the connections of a ledger have to end.
const END: Duration = Duration::from_secs(2);

/// An open ledger.
pub(super) type Store = AnyLedger;

// Which ledger.
#[derive(Args)]
pub(super) struct LedgerArgs {
    /// Ledger with the campaigns: a file, or postgres://USER@HOST/DATABASE [default: the environment variable NXCLOUD_LEDGER]
    #[arg(long, value_name = "FILE|URL", global = true)]
    ledger: Option<String>,
    /// File with the password of the database [default: the environment variable NXCLOUD_LEDGER_PASSWORD, or a prompt]
    #[arg(long, value_name = "FILE", global = true)]
    ledger_password_file: Option<PathBuf>,
}

/// Where a ledger is.
pub(super) enum Place {
    File(String),
    /// The URL can hold secrets, so it is never shown.
    Database {
        url: String,
        password: Option<Secret>,
    },
}

/// Whether a ledger is made where there is none.
#[derive(Clone, Copy)]
enum IfMissing {
    Create,
    Fail,
}

impl Place {
    /// The place that the flags name, or else the environment.
    pub(super) fn of(args: LedgerArgs) -> Result<Self, Failure> {
        let flag = args.ledger.filter(|name| !name.is_empty());
        let name = match flag {
            Some(name) => Some(name),
            None => account::variable(VARIABLE)?,
        };
        let name = name.ok_or_else(|| {
            Failure::usage(format!(
                "no ledger is named; add --ledger FILE, --ledger postgres://USER@HOST/DATABASE, or set {VARIABLE}"
            ))
        })?;
        let file = args.ledger_password_file.as_deref();
        if is_database(&name)? {
            let password = password::named(file)?;
            return Ok(Self::Database {
                url: name,
                password,
            });
        }
        if file.is_some() {
            return Err(only_database("--ledger-password-file"));
        }
        Ok(Self::File(name))
    }

    /// Opens a ledger that exists.
    pub(super) async fn open(&self) -> Result<Store, Failure> {
        self.with(IfMissing::Fail).await
    }

    /// Opens a ledger, or makes one.
    pub(super) async fn create(&self) -> Result<Store, Failure> {
        self.with(IfMissing::Create).await
    }

    /// Opens a ledger and finds a campaign in it.
    pub(super) async fn campaign(&self, name: &str) -> Result<(Store, Campaign), Failure> {
        let store = self.open().await?;
        let campaign = store.campaign(name).await?;
        Ok((store, campaign))
    }

    async fn with(&self, missing: IfMissing) -> Result<Store, Failure> {
        match (self, missing) {
            (Self::File(path), IfMissing::Fail) => Ok(Sqlite::open(path)?.into()),
            (Self::File(path), IfMissing::Create) => Ok(Sqlite::create(path)?.into()),
            (Self::Database { url, password }, missing) => {
                let store = match connect(url, password.clone(), missing).await {
                    Err(error) if password.is_none() && asks_for_password(&error) => {
                        match password::ask()? {
                            Some(answer) => connect(url, Some(answer), missing).await,
                            None => Err(error),
                        }
                    }
                    result => result,
                };
                Ok(store.map_err(refused)?.into())
            }
        }
    }
}

async fn connect(
    url: &str,
    password: Option<Secret>,
    missing: IfMissing,
) -> Result<Postgres, Error> {
    match missing {
        IfMissing::Create => Postgres::connect(url, password).await,
        IfMissing::Fail => Postgres::open(url, password).await,
    }
}

/// Whether the server asks for a password and none is known.
fn asks_for_password(error: &Error) -> bool {
    error.kind() == ErrorKind::Argument && error.to_string().contains("asks for a password")
}

/// The failure of a connection.
fn refused(error: Error) -> Failure {
    let is_argument = error.kind() == ErrorKind::Argument;
    let failure = Failure::from(error);
    if !is_argument {
        return failure;
    }
    failure.hint(format!(
        "The password comes from --ledger-password-file, {} or a prompt.",
        password::VARIABLE
    ))
}

/// Whether a ledger is named by a URL. A URL can hold a password, so no error repeats it.
fn is_database(name: &str) -> Result<bool, Failure> {
    let scheme = name.split_once(':').map(|(scheme, _)| scheme);
    let is_postgres =
        |scheme: &str| ["postgres", "postgresql"].contains(&scheme.to_lowercase().as_str());
    if scheme.is_some_and(is_postgres) {
        return Ok(true);
    }
    // What other programs of PostgreSQL take: `host=db dbname=campaigns`.
    let has_keys = ["host=", "hostaddr=", "dbname="]
        .iter()
        .any(|key| name.split_whitespace().any(|part| part.starts_with(key)));
    if name.contains("://") || has_keys {
        return Err(Failure::usage(
            "a ledger is a file or a database in PostgreSQL; name a file, or write postgres://USER@HOST/DATABASE",
        ));
    }
    Ok(false)
}

fn only_database(flag: &str) -> Failure {
    Failure::usage(format!(
        "{flag} is for a ledger in PostgreSQL, and the ledger is a file; leave it out"
    ))
}

// What only the worker of a ledger in a database has.
#[derive(Args)]
#[command(next_help_heading = "Ledger in PostgreSQL")]
pub(super) struct WorkerArgs {
    /// Time without contact after which other runs count this one as ended and its rows in flight as unknown, from 1s to 24h [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = silence)]
    silent_after: Option<Duration>,
    /// Folder for results that could not be stored because the database was away; the next run that uses it stores them [default:
    /// nxcloud/outcomes in the user's state folder, ~/.local/state]
    #[arg(long, value_name = "DIR")]
    outcomes: Option<PathBuf>,
}

fn silence(text: &str) -> Result<Duration, &'static str> {
    let allowed = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
    duration(text)
        .ok()
        .filter(|time| allowed.contains(time))
        .ok_or("expected a time from 1s to 24h, such as 90s or 2m")
}

impl WorkerArgs {
    /// The ledger as a run uses it, and the folder where it keeps results that it could not store.
    pub(super) fn apply(&self, store: Store) -> Result<(Store, Option<PathBuf>), Failure> {
        let Store::Postgres(mut ledger) = store else {
            return match self {
                Self {
                    silent_after: Some(_),
                    ..
                } => Err(only_database("--silent-after")),
                Self {
                    outcomes: Some(_), ..
                } => Err(only_database("--outcomes")),
                _ => Ok((store, None)),
            };
        };
        if let Some(silence) = self.silent_after {
            ledger = ledger.silent_after(silence);
        }
        let folder = self.folder()?;
        Ok((ledger.outcomes_in(&folder).into(), Some(folder)))
    }

    /// The folder of outcomes, which exists and can be written.
    fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = match &self.outcomes {
            Some(folder) => folder.clone(),
            None => state_folder()?.join("nxcloud").join("outcomes"),
        };
        usable(&folder).map_err(|error| {
            let problem = format!("the folder {} cannot be written", folder.display());
            Failure::io(&problem, &error).hint("Name another one with --outcomes.")
        })?;
        Ok(folder)
    }
}

/// The folder for what a program has to remember on this machine.
fn state_folder() -> Result<PathBuf, Failure> {
    let folders = etcetera::choose_base_strategy().map_err(|_| {
        Failure::usage(
            "the user's home directory is unknown; set HOME, or name a folder with --outcomes",
        )
    })?;
    Ok(folders.state_dir().unwrap_or_else(|| folders.data_dir()))
}

fn usable(folder: &Path) -> std::io::Result<()> {
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
    private.create(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

/// Waits until what a dropped ledger has begun is done, such as the notice to the database that this worker has ended.
pub(super) async fn ended() {
    let metrics = Handle::current().metrics();
    let idle = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Without the database, the worker counts as silent after a while.
    let _ = tokio::time::timeout(END, idle).await;
}

#[cfg(test)]
mod tests {
    use super::is_database;

    #[test]
    fn a_ledger_is_a_file_or_a_url() {
        for name in [
            "postgres://ann@db/c",
            "postgresql:///c?host=/run",
            "POSTGRES://db/c",
            "postgres:/ann:hush@db/c",
        ] {
            assert_eq!(is_database(name).ok(), Some(true), "{name}");
        }
        for name in [
            "my.ledger",
            "C:\\my.ledger",
            "a:b",
            "a=b",
            "postgres",
            "/x/host=1",
        ] {
            assert_eq!(is_database(name).ok(), Some(false), "{name}");
        }
        for name in [
            "mysql://ann:hush@db/c",
            "host=db user=ann password=hush",
            "password=hush dbname=c",
        ] {
            let failure = is_database(name).unwrap_err();
            assert!(!failure.message.contains("hush"), "{}", failure.message);
        }
    }
}
