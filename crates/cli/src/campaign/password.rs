//! The password of a ledger's database: from a file, the environment or a prompt, never from an argument.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use nxcloud::signing::Secret;

use crate::account;
use crate::failure::Failure;
use crate::output;

/// The environment variable with the password.
pub(super) const VARIABLE: &str = "NXCLOUD_LEDGER_PASSWORD";

/// The password in the file that a flag names, or else in the environment.
pub(super) fn named(file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    if let Some(path) = file {
        return of_file(path).map(Some);
    }
    let value = account::variable(VARIABLE)?;
    value.map(|value| secret(VARIABLE, value)).transpose()
}

/// Asks for the password on the terminal. Returns `None` without a terminal.
pub(super) fn ask() -> Result<Option<Secret>, Failure> {
    let Some(answer) = output::ask("Password of the database: ") else {
        return Ok(None);
    };
    let answer = answer.map_err(|error| Failure::io("cannot read the password", &error))?;
    secret("the password", answer).map(Some)
}

fn of_file(path: &Path) -> Result<Secret, Failure> {
    let name = format!("the password file {}", path.display());
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::InvalidData => Failure::usage(format!("{name} is not UTF-8; write it again")),
        _ => Failure::io(&name, &error).hint("Name a file with the password in one line."),
    };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(Failure::usage(format!("{name} is a folder; name a file")));
    }
    if let Some(mode) = open_to_others(&about) {
        return Err(Failure::usage(format!(
            "other users can access {name} (mode {mode:o}); run: chmod 600 {}; or set {VARIABLE}",
            path.display()
        )));
    }
    secret(&name, account::read_secret(file).map_err(failed)?)
}

/// The mode of a file that others than its owner can access.
#[cfg(unix)]
fn open_to_others(about: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = about.mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// On other systems, the standard library cannot check it.
#[cfg(not(unix))]
fn open_to_others(_: &Metadata) -> Option<u32> {
    None
}

/// A password that is one line.
fn secret(source: &str, text: String) -> Result<Secret, Failure> {
    // The check keeps the text in the type that wipes it.
    let secret = Secret::new(text)
        .map_err(|_| Failure::usage(format!("{source} is empty; write the password into it")))?;
    let problem = match secret.expose() {
        text if text.contains(['\n', '\r']) => "has several lines",
        text if text.contains('\0') => "contains a zero byte",
        _ => return Ok(secret),
    };
    Err(Failure::usage(format!(
        "{source} {problem}; write the password alone, in one line"
    )))
}
