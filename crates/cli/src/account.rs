//! Chooses the account and the base URL. Secrets come from the environment, a profile, a file descriptor or a prompt, never from
//! an argument.

use std::io::{self, Read};
use std::time::Duration;

use clap::{Args, value_parser};
use nxcloud::signing::Secret;
use nxcloud::{Credentials, Session, SessionBuilder, env};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output;

/// The default port of `nxcloud sandbox`.
pub(crate) const SANDBOX_PORT: u16 = 4010;

// The flags that choose the account and the base URL.
#[derive(Args)]
pub(crate) struct AccountArgs {
    /// Use this profile from the profiles file
    #[arg(long, value_name = "NAME", global = true, conflicts_with_all = ["access_key", "app_id", "sandbox"])]
    pub(crate) profile: Option<String>,
    /// NXCLOUD access key; its secret comes from --secret-fd, NXCLOUD_ACCESS_SECRET or a prompt
    #[arg(long, value_name = "KEY", global = true, conflicts_with = "sandbox")]
    access_key: Option<String>,
    /// AntBuddy app id; its secret comes from --secret-fd, ANTBUDDY_APP_SECRET or a prompt
    #[arg(long, value_name = "ID", global = true, conflicts_with_all = ["access_key", "sandbox"])]
    pub(crate) app_id: Option<String>,
    /// File descriptor to read the secret from, for example 3 with `3< secret.txt`
    #[arg(long, value_name = "N", global = true, value_parser = descriptor)]
    secret_fd: Option<u32>,
    /// Base URL of all services [default: the documented URL of each service]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) base_url: Option<String>,
    /// Use the sandbox on this machine with its built-in accounts (port 4010, or --base-url)
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// Time limit of a call, including retries and pauses
    #[arg(long, value_name = "SECONDS", global = true, value_parser = value_parser!(u64).range(1..=86_400))]
    timeout: Option<u64>,
}

/// Builds the session from the flags, the environment or a profile.
pub(crate) fn session(args: &AccountArgs) -> Result<Session, Failure> {
    build(args, builder(args)?)
}

/// Builds the session. Environment and profiles are read in this step.
pub(crate) fn build(args: &AccountArgs, builder: SessionBuilder) -> Result<Session, Failure> {
    let session = builder.build().map_err(|error| {
        let failure = Failure::from(error);
        if is_any(args) || args.sandbox {
            return failure;
        }
        let hint = "Or use --profile, --access-key, or --sandbox with `nxcloud sandbox` running.";
        failure.hint(hint)
    })?;
    check_secrets(session.credentials())?;
    Ok(session)
}

/// The session builder with account, base URL and time limit set.
pub(crate) fn builder(args: &AccountArgs) -> Result<SessionBuilder, Failure> {
    let mut builder = source(args)?;
    if let Some(url) = base_url(args) {
        builder = builder.base_url(url);
    }
    if let Some(seconds) = args.timeout {
        let limit = Duration::from_secs(seconds);
        builder = builder.timeout(limit).total_timeout(limit);
    }
    Ok(builder)
}

/// The base URL from the flags.
pub(crate) fn base_url(args: &AccountArgs) -> Option<String> {
    match &args.base_url {
        Some(url) => Some(url.clone()),
        None if args.sandbox => Some(sandbox_url(args)),
        None => None,
    }
}

/// Builds the session of a command that works without an account. Returns `None` if no source names an account. A broken source is
/// still an error.
pub(crate) fn session_if_any(args: &AccountArgs) -> Result<Option<Session>, Failure> {
    match session(args) {
        Ok(session) => Ok(Some(session)),
        Err(_) if !is_any(args) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether flags, environment or a profiles file name an account.
fn is_any(args: &AccountArgs) -> bool {
    let has_flag = args.access_key.is_some()
        || args.app_id.is_some()
        || args.profile.is_some()
        || args.secret_fd.is_some();
    let variables = [
        env::ACCESS_KEY,
        env::ACCESS_SECRET,
        env::APP_ID,
        env::APP_SECRET,
        env::PROFILE,
    ];
    // A variable that is not UTF-8 counts as set.
    let is_set = |name: &str| !matches!(variable(name), Ok(None));
    has_flag
        || variables.into_iter().any(is_set)
        || nxcloud::profiles::path().is_ok_and(|path| path.exists())
}

/// The URL of the sandbox on this machine, without a trailing slash.
pub(crate) fn sandbox_url(args: &AccountArgs) -> String {
    match &args.base_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://127.0.0.1:{SANDBOX_PORT}"),
    }
}

/// A session builder with the account from the flags, and no other setting.
pub(crate) fn source(args: &AccountArgs) -> Result<SessionBuilder, Failure> {
    let builder = Session::builder();
    if args.sandbox {
        let credentials = Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET)?;
        return Ok(builder.credentials(credentials.with_antbuddy(APP_ID, APP_SECRET)?));
    }
    let builder = builder.discover();
    if let Some(key) = args.access_key.as_deref() {
        let secret = secret(args, env::ACCESS_SECRET, key)?;
        return Ok(builder.credentials(Credentials::nxcloud(key, secret)?));
    }
    if let Some(id) = args.app_id.as_deref() {
        let secret = secret(args, env::APP_SECRET, id)?;
        return Ok(builder.credentials(Credentials::antbuddy(id, secret)?));
    }
    if args.secret_fd.is_some() {
        let problem = "--secret-fd needs --access-key or --app-id";
        return Err(Failure::usage(problem));
    }
    Ok(match &args.profile {
        Some(profile) => builder.profile(profile),
        None => builder,
    })
}

/// Reads the secret of an access key or app id that a flag names.
fn secret(args: &AccountArgs, variable: &str, key: &str) -> Result<String, Failure> {
    if let Some(descriptor) = args.secret_fd {
        return read_descriptor(descriptor);
    }
    if let Some(secret) = self::variable(variable)? {
        return Ok(secret);
    }
    if let Some(answer) = output::ask(&format!("Secret of {key}: ")) {
        return answer.map_err(|error| Failure::io("cannot read the secret", &error));
    }
    Err(Failure::usage(format!(
        "no secret for {key}; set {variable} or use --secret-fd"
    )))
}

/// Reads an environment variable. An empty variable counts as not set.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!(
            "the environment variable {name} is not UTF-8; set it again"
        ))),
    }
}

/// Refuses secrets that were copied incorrectly, whatever their source. The platform would only report a wrong signature.
fn check_secrets(credentials: &Credentials) -> Result<(), Failure> {
    if let Some(signer) = credentials.nxcloud_signer() {
        check_secret(
            &format!("access key {}", signer.access_key().as_str()),
            signer.secret(),
        )?;
    }
    if let Some(signer) = credentials.antbuddy_signer() {
        check_secret(
            &format!("app id {}", signer.app_id().as_str()),
            signer.secret(),
        )?;
    }
    Ok(())
}

/// Refuses a secret that contains a line break, or that begins or ends with white space or an invisible character. A space inside
/// only causes a warning.
pub(crate) fn check_secret(owner: &str, secret: &Secret) -> Result<(), Failure> {
    let Some(problem) = Credentials::secret_problem(secret) else {
        if secret.expose().contains(char::is_whitespace) {
            output::eprint(&format!(
                "warning: the secret of {owner} contains a space; if the signature is refused, copy the secret again"
            ));
        }
        return Ok(());
    };
    Err(Failure::usage(format!("the secret of {owner} {problem}"))
        .hint("Nothing was sent. Copy it again, without surrounding characters."))
}

/// The maximum length of a secret in bytes.
const LONGEST_SECRET: usize = 16 * 1024;

/// Parses the number of a file descriptor. The error does not repeat the text, which may be the secret itself.
fn descriptor(text: &str) -> Result<u32, &'static str> {
    text.parse()
        .map_err(|_| "expected the number of a file descriptor, such as 3")
}

/// Reads a secret from a file descriptor, without trailing line breaks and without a byte order mark.
fn read_descriptor(descriptor: u32) -> Result<String, Failure> {
    let secret = if descriptor == 0 {
        read_secret(io::stdin().lock())
    } else {
        // Opening the descriptor by its path needs no unsafe code.
        std::fs::File::open(format!("/dev/fd/{descriptor}")).and_then(read_secret)
    };
    secret.map_err(|error| Failure::io(&format!("file descriptor {descriptor}"), &error))
}

/// Reads into a buffer of fixed capacity. A buffer that grows would leave copies of the secret in memory.
pub(crate) fn read_secret(source: impl Read) -> io::Result<String> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_SECRET + 64));
    source
        .take(LONGEST_SECRET as u64 + 1)
        .read_to_string(&mut text)?;
    if text.len() > LONGEST_SECRET {
        return Err(io::Error::other(
            "longer than 16 KiB, the limit of a secret",
        ));
    }
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(std::mem::take(&mut *text))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SECRET, read_secret};

    #[test]
    fn a_secret_is_read_into_a_buffer_that_does_not_grow() {
        for (bytes, secret) in [
            ("\u{feff}hush\r\n", "hush"),
            (" a b \n\n", " a b "),
            ("", ""),
        ] {
            let read = read_secret(bytes.as_bytes()).expect("text");
            assert_eq!(read, secret);
            assert_eq!(read.capacity(), LONGEST_SECRET + 64);
        }
        let longest = "x".repeat(LONGEST_SECRET);
        let read = read_secret(longest.as_bytes()).expect("text");
        assert_eq!(
            (read.len(), read.capacity()),
            (LONGEST_SECRET, LONGEST_SECRET + 64)
        );
        assert!(read_secret(format!("{longest}x").as_bytes()).is_err());
        assert!(read_secret(&b"hush\xff"[..]).is_err());
    }
}
