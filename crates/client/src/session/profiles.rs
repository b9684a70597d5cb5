//! Profiles: named accounts and settings in a file in the user's configuration directory.
//!
//! [`SessionBuilder::discover`](crate::SessionBuilder::discover) takes the accounts from the first source that has any, and never mixes
//! accounts of two sources:
//!
//! 1. the credentials or the profile set on the builder,
//! 2. environment variables: `NXCLOUD_ACCESS_KEY` with `NXCLOUD_ACCESS_SECRET`, `ANTBUDDY_APP_ID` with `ANTBUDDY_APP_SECRET`,
//! 3. the profile named by `NXCLOUD_PROFILE`, or the profile `default`.
//!
//! A malformed source (half of a pair, a file that others can read) is an error; the next source is not tried. An empty variable counts
//! as not set. `NXCLOUD_BASE_URL` and the proxy variables apply to all three sources. A profile's `base_url` and `proxy` take precedence
//! over them, and values set on the builder over both.
//!
//! The file is `nxcloud/profiles.toml` in the user's configuration directory; [`path`] returns its path. It has one table per profile:
//!
//! ```toml
//! [default]
//! access_key = "my-access-key"
//! access_secret = "my-access-secret"
//!
//! [calls]
//! app_id = "my-app-id"
//! app_secret = "my-app-secret"
//! base_url = "https://gateway.example"   # optional
//! proxy = "http://proxy.example:3128"    # optional
//! ```
//!
//! A file that other users can access is refused; run `chmod 600` on it. (On systems without Unix permissions, nothing is checked.) A
//! program that needs several accounts creates one session per account:
//!
//! ```no_run
//! use nxcloud_client::Session;
//!
//! let marketing = Session::builder().profile("marketing").build()?;
//! let logins = Session::builder().profile("logins").build()?;
//! # Ok::<(), nxcloud_client::Error>(())
//! ```

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind as IoKind, Read};
use std::mem::take;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use toml::{Table, Value};
use zeroize::{Zeroize as _, Zeroizing};

use crate::session::credentials::env;
use crate::{Credentials, Error};

/// The profile that is used when none is named.
pub const DEFAULT_PROFILE: &str = "default";

const ACCESS_KEY: &str = "access_key";
const ACCESS_SECRET: &str = "access_secret";
const APP_ID: &str = "app_id";
const APP_SECRET: &str = "app_secret";
const BASE_URL: &str = "base_url";
const PROXY: &str = "proxy";

/// The path of the user's profile file: `nxcloud/profiles.toml` in `$XDG_CONFIG_HOME`, `~/.config`, or `%APPDATA%` on Windows.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the user has no home directory.
pub fn path() -> Result<PathBuf, Error> {
    let directories = etcetera::choose_base_strategy().map_err(|error| {
        Error::configuration("the user's home directory is unknown; set HOME, or pass credentials")
            .with_source(error)
    })?;
    Ok(directories
        .config_dir()
        .join("nxcloud")
        .join("profiles.toml"))
}

/// The accounts of a profile in any file.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the file or the profile does not exist, if other users can access
/// the file, or if it is malformed.
pub fn credentials_of(path: &Path, name: &str) -> Result<Credentials, Error> {
    match Profile::of_file(path, name)? {
        Some(profile) => Ok(profile.credentials),
        None => Err(no_file(path, name)),
    }
}

/// Reads a profile of the user's file.
pub(crate) fn read(name: &str) -> Result<Profile, Error> {
    let path = path()?;
    Profile::of_file(&path, name)?.ok_or_else(|| no_file(&path, name))
}

/// Like [`read`]; `None` if the file does not exist.
pub(crate) fn read_if_any(name: &str) -> Result<Option<Profile>, Error> {
    Profile::of_file(&path()?, name)
}

fn no_file(path: &Path, name: &str) -> Error {
    Error::configuration(format!(
        "{} does not exist; create it with the profile `{name}`, or name another source of credentials",
        path.display()
    ))
}

/// The values of one profile.
pub(crate) struct Profile {
    pub(crate) credentials: Credentials,
    pub(crate) base_url: Option<String>,
    pub(crate) proxy: Option<Zeroizing<String>>,
}

impl Profile {
    /// Reads a profile of a file; `None` if the file does not exist.
    fn of_file(path: &Path, name: &str) -> Result<Option<Self>, Error> {
        let failed = |error: std::io::Error| {
            Error::configuration(format!(
                "{} cannot be read; check its permissions",
                path.display()
            ))
            .with_source(error)
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        // Check the open file: the file at the path could be replaced between check and read.
        refuse_unless_private(path, &file.metadata().map_err(failed)?)?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.read_to_end(&mut bytes).map_err(failed)?;
        let wrong = |detail: String| Error::configuration(format!("{}: {detail}", path.display()));
        let profile = utf_8(&bytes).and_then(|text| Self::of_text(text, name));
        profile.map(Some).map_err(wrong)
    }

    /// Reads a profile from the text of a file. Errors name line and key, never a value.
    fn of_text(text: &str, name: &str) -> Result<Self, String> {
        let mut profiles = Wiped::of_text(text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(0, |before| before.matches('\n').count() + 1);
            format!("line {line} is not valid TOML; correct it")
        })?;
        let Some(profile) = profiles.0.get_mut(name) else {
            let names: Vec<&str> = profiles.0.keys().map(String::as_str).collect();
            return Err(match names.join(", ") {
                names if names.is_empty() => {
                    format!("there is no profile `{name}`; the file is empty, add [{name}]")
                }
                names => format!("there is no profile `{name}`; use one of: {names}"),
            });
        };
        let Value::Table(profile) = profile else {
            return Err(format!("`{name}` is not a table; write [{name}]"));
        };
        let mut text_of = |key: &str| match profile.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(Zeroizing::new(text))),
            Some(_) => Err(format!(
                "`{key}` of `{name}` is not a string; put it in quotes"
            )),
        };
        let (access_key, access_secret) = (text_of(ACCESS_KEY)?, text_of(ACCESS_SECRET)?);
        let (app_id, app_secret) = (text_of(APP_ID)?, text_of(APP_SECRET)?);
        let (base_url, proxy) = (text_of(BASE_URL)?, text_of(PROXY)?);
        if let Some(unknown) = profile.keys().next() {
            return Err(format!(
                "`{name}` has an unknown key `{unknown}`; remove or correct it"
            ));
        }
        let mut credentials = Credentials::default();
        if let Some((key, secret)) = pair(
            name,
            (ACCESS_KEY, access_key),
            (ACCESS_SECRET, access_secret),
        )? {
            credentials = credentials
                .with_nxcloud(key, secret)
                .map_err(|error| format!("`{name}`: {error}"))?;
        }
        if let Some((id, secret)) = pair(name, (APP_ID, app_id), (APP_SECRET, app_secret))? {
            credentials = credentials
                .with_antbuddy(id, secret)
                .map_err(|error| format!("`{name}`: {error}"))?;
        }
        if credentials.is_empty() {
            return Err(format!(
                "`{name}` has no account; add {ACCESS_KEY} and {ACCESS_SECRET}, or {APP_ID} and {APP_SECRET}"
            ));
        }
        Ok(Self {
            credentials,
            base_url: base_url.map(|url| url.as_str().to_owned()),
            proxy,
        })
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("credentials", &self.credentials)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Decodes the text of a file. Some editors and shells write other encodings than UTF-8.
fn utf_8(bytes: &[u8]) -> Result<&str, String> {
    if bytes.contains(&0) || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("the file is UTF-16; save it as UTF-8".to_owned());
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8; save the file as UTF-8")
    })
}

/// All profiles of a file. Every string in them, including secrets of other profiles, is overwritten on drop.
struct Wiped(Table);

impl Wiped {
    fn of_text(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text).map(Self)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| wipe(value));
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| wipe(value)),
        _ => {}
    }
}

/// Returns both values or neither; half of a pair is an error.
fn pair(
    name: &str,
    (id_key, id): (&str, Option<Zeroizing<String>>),
    (secret_key, secret): (&str, Option<Zeroizing<String>>),
) -> Result<Option<(String, String)>, String> {
    match (id, secret) {
        // Moved, not copied, so no copy of the secret remains.
        (Some(mut id), Some(mut secret)) => Ok(Some((take(&mut id), take(&mut secret)))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(format!(
            "`{name}` has {id_key}, but no {secret_key}; add it"
        )),
        (None, Some(_)) => Err(format!(
            "`{name}` has {secret_key}, but no {id_key}; add it"
        )),
    }
}

#[cfg(unix)]
fn refuse_unless_private(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::geteuid().as_raw();
    match not_private(path, metadata.mode(), metadata.uid(), user) {
        None => Ok(()),
        Some(problem) => Err(Error::configuration(problem)),
    }
}

/// Says why a file with this mode and owner is not private, and what to do. Root may own the file: root has access to all files
/// anyway, and mounted secrets belong to root.
#[cfg(unix)]
fn not_private(path: &Path, mode: u32, owner: u32, user: u32) -> Option<String> {
    let path = path.display();
    // The mode and the owner of a mounted secret cannot be changed.
    let instead = format!(
        "if that is not possible, for example on a read-only mount, set {} and {} (or {} and {}) instead",
        env::ACCESS_KEY,
        env::ACCESS_SECRET,
        env::APP_ID,
        env::APP_SECRET
    );
    if owner != user && owner != 0 {
        return Some(format!(
            "{path} belongs to another user (uid {owner}), who could change account and base URL; replace it with your own copy; {instead}"
        ));
    }
    (mode & 0o077 != 0).then(|| {
        let mode = mode & 0o777;
        format!(
            "{path} contains secrets, and other users can access it (mode {mode:o}); run: chmod 600 {path}; {instead}"
        )
    })
}

/// On other systems, the user's directory is private by default, and the standard library cannot check it.
#[cfg(not(unix))]
fn refuse_unless_private(_: &Path, _: &std::fs::Metadata) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
#[path = "profiles_tests.rs"]
mod tests;
