//! Whose account is used, and where it is sent. Secrets come from the environment, a profile, a file descriptor or a prompt,
//! never from an argument.

use std::io::{self, Read};
use std::time::Duration;

use clap::{Args, value_parser};
use nxcloud::signing::Secret;
use nxcloud::{Credentials, Session, SessionBuilder, env};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output;

/// Where `nxcloud sandbox` listens by default.
pub(crate) const SANDBOX_PORT: u16 = 4010;

// The flags that say whose account is used, and where it is sent.
#[derive(Args)]
pub(crate) struct AccountArgs {
    /// Profile in the user's profiles file
    #[arg(long, value_name = "NAME", global = true, conflicts_with_all = ["access_key", "app_id", "sandbox"])]
    pub(crate) profile: Option<String>,
    /// NXCLOUD access key; its secret comes from --secret-fd, NXCLOUD_ACCESS_SECRET or a prompt
    #[arg(long, value_name = "KEY", global = true, conflicts_with = "sandbox")]
    access_key: Option<String>,
    /// AntBuddy app id; its secret comes from --secret-fd, ANTBUDDY_APP_SECRET or a prompt
    #[arg(long, value_name = "ID", global = true, conflicts_with_all = ["access_key", "sandbox"])]
    pub(crate) app_id: Option<String>,
    /// File descriptor to read the secret from, such as 3 with `3< secret.txt`
    #[arg(long, value_name = "N", global = true, value_parser = descriptor)]
    secret_fd: Option<u32>,
    /// Base URL of every service, instead of the documented ones
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) base_url: Option<String>,
    /// Use the sandbox on this machine (port 4010, or --base-url) with its built-in accounts
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// Time limit of a call, with its attempts and waits
    #[arg(long, value_name = "SECONDS", global = true, value_parser = value_parser!(u64).range(1..=86_400))]
    timeout: Option<u64>,
}

/// The session that the flags, the environment or a profile ask for.
pub(crate) fn session(args: &AccountArgs) -> Result<Session, Failure> {
    build(args, builder(args)?)
}

/// Makes the session, whose account may be found only now.
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

/// The same before it is made, with everything set.
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

/// The base URL that the flags ask for.
pub(crate) fn base_url(args: &AccountArgs) -> Option<String> {
    match &args.base_url {
        Some(url) => Some(url.clone()),
        None if args.sandbox => Some(sandbox_url(args)),
        None => None,
    }
}

/// The session where an account is welcome but not needed; a source that is there but broken is still an error.
pub(crate) fn session_if_any(args: &AccountArgs) -> Result<Option<Session>, Failure> {
    match session(args) {
        Ok(session) => Ok(Some(session)),
        Err(_) if !is_any(args) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether flags, environment or a file of profiles name an account.
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
    // One that is not UTF-8 is set as well.
    let is_set = |name: &str| !matches!(variable(name), Ok(None));
    has_flag
        || variables.into_iter().any(is_set)
        || nxcloud::profiles::path().is_ok_and(|path| path.exists())
}

/// Where the sandbox of this machine is, without a slash at its end.
pub(crate) fn sandbox_url(args: &AccountArgs) -> String {
    match &args.base_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://127.0.0.1:{SANDBOX_PORT}"),
    }
}

/// The builder with the account that the flags ask for, and nothing else.
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
        let problem = "--secret-fd says nothing without --access-key or --app-id";
        return Err(Failure::usage(problem));
    }
    Ok(match &args.profile {
        Some(profile) => builder.profile(profile),
        None => builder,
    })
}

/// The secret that belongs to a key on the command line.
fn secret(args: &AccountArgs, variable: &str, key: &str) -> Result<String, Failure> {
    if let Some(descriptor) = args.secret_fd {
        return read_descriptor(descriptor);
    }
    if let Some(secret) = self::variable(variable)? {
        return Ok(secret);
    }
    if let Some(read) = output::ask(&format!("Secret of {key}: ")) {
        return read.map_err(|error| Failure::io("the prompt", &error));
    }
    Err(Failure::usage(format!(
        "no secret for {key}; set {variable} or use --secret-fd"
    )))
}

/// An environment variable; one that is empty counts as not set.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{name} is not UTF-8")))
        }
    }
}

/// Refuses accounts with a secret that was not copied well, wherever they come from: the platform would only say that the
/// signature is wrong.
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

/// Refuses a secret with a line end in it, or with white space or an invisible character around it; a space within is worth a
/// warning only.
pub(crate) fn check_secret(of: &str, secret: &Secret) -> Result<(), Failure> {
    let Some(problem) = Credentials::secret_problem(secret) else {
        if secret.expose().contains(char::is_whitespace) {
            output::note(&format!(
                "warning: the secret of {of} holds a space; if the signature is refused, copy it again"
            ));
        }
        return Ok(());
    };
    Err(Failure::usage(format!("the secret of {of} {problem}"))
        .hint("Copy it again, without anything around it; nothing was sent."))
}

/// Bytes that a descriptor with a secret may hold.
const LONGEST_SECRET: usize = 16 * 1024;

/// The number of a descriptor. What is none may be the secret itself, and is not repeated.
fn descriptor(text: &str) -> Result<u32, &'static str> {
    text.parse()
        .map_err(|_| "it takes the number of a file descriptor, such as 3")
}

/// All that a descriptor holds, without line ends behind it and without a byte order mark.
fn read_descriptor(descriptor: u32) -> Result<String, Failure> {
    let name = format!("file descriptor {descriptor}");
    let read = if descriptor == 0 {
        read_secret(io::stdin().lock())
    } else {
        // The system's own name of a descriptor, so that no number has to be taken for an open file.
        std::fs::File::open(format!("/dev/fd/{descriptor}")).and_then(read_secret)
    };
    read.map_err(|error| Failure::io(&name, &error))
}

/// Reads into one buffer, which never grows: a growing one would leave copies of the secret behind.
fn read_secret(from: impl Read) -> io::Result<String> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_SECRET + 64));
    from.take(LONGEST_SECRET as u64 + 1)
        .read_to_string(&mut text)?;
    if text.len() > LONGEST_SECRET {
        return Err(io::Error::other("more than 16 KiB, which no secret has"));
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
