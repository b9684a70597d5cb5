//! How the command fails: one line that says what is wrong and what to do, and an exit code.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind as Misuse};
use nxcloud::{Error, ErrorKind, Outcome};
use nxcloud_client::codegen::incoming::Body;
use serde_json::Value;

/// A failure of the command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What is wrong, in one line.
    pub(crate) message: String,
    /// What to do, in one line.
    pub(crate) hint: Option<String>,
    /// The kind of the client's error, if a call failed.
    pub(crate) kind: Option<ErrorKind>,
    /// The platform's reply. It is data and goes to stdout.
    pub(crate) reply: Option<Box<Value>>,
}

/// The documented exit codes; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The platform refused, a signature is invalid, or a check of `doctor` failed.
    Refused = 1,
    /// The arguments, the settings or the body are invalid; nothing was sent.
    Usage = 2,
    /// The transport failed, or stdout cannot be written. It is safe to repeat the command.
    Transport = 3,
    /// The platform may have acted, or it has acted and its reply cannot be printed.
    Unknown = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            kind: None,
            reply: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A file or stream that cannot be read or written.
    pub(crate) fn io(what: &str, error: &std::io::Error) -> Self {
        Self::usage(format!("{what}: {error}"))
    }

    /// Stdout cannot be written.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        Self::new(Exit::Transport, format!("cannot write to stdout: {error}"))
    }
}

/// Reads a reply as JSON. If a key occurs twice, the first value is kept.
fn reply_value(body: &[u8]) -> Option<Value> {
    let body = Body::new(body, None, None, body.len()).ok()?;
    Some(body.json().ok()?.value)
}

/// Replaces argument values that may be message texts, phone numbers or secrets.
const HIDDEN: &str = "…";

impl From<clap::Error> for Failure {
    fn from(mut error: clap::Error) -> Self {
        let usage = error.remove(ContextKind::Usage);
        let hint = hide_values(&mut error);
        let text = error.render().to_string();
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more"));
        let text = lines.collect::<Vec<_>>().join("; ");
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let help = match usage {
            Some(ContextValue::StyledStr(usage)) => help_of(&usage.to_string()),
            _ => "--help".to_owned(),
        };
        let failure = Self::usage(format!("{text}; see {help}"));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Hides values in an error. Returns a hint if the remaining text does not say what to do.
fn hide_values(error: &mut clap::Error) -> Option<&'static str> {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.clone(),
        _ => String::new(),
    };
    let hidden = ContextValue::String(HIDDEN.to_owned());
    if error.kind() == Misuse::UnknownArgument && !argument.starts_with('-') {
        error.insert(ContextKind::InvalidArg, hidden);
        return Some("Write the flag before its value, and put a text with spaces in quotes.");
    }
    if error.kind() == Misuse::TooManyValues || argument.starts_with("--secret-fd") {
        error.insert(ContextKind::InvalidValue, hidden);
    }
    None
}

/// Turns a usage line such as `Usage: nxcloud sms send-sms [OPTIONS]` into the command that prints the help.
fn help_of(usage: &str) -> String {
    let command = usage
        .split_whitespace()
        .skip_while(|part| *part == "Usage:")
        .take_while(|part| !part.starts_with(['[', '<', '-']));
    let help: Vec<&str> = command.chain(["--help"]).collect();
    help.join(" ")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match (error.kind(), error.outcome()) {
            _ if error.sent().is_some() => Exit::Unknown,
            (ErrorKind::Configuration | ErrorKind::InvalidRequest, _) => Exit::Usage,
            (ErrorKind::ResultCode(_), _) => Exit::Refused,
            // `AntBuddy` has no result codes. It refuses with an HTTP status.
            (ErrorKind::HttpStatus, Outcome::Rejected) => Exit::Refused,
            _ => Exit::Transport,
        };
        let mut message = error.to_string();
        // The libraries below name the cause: an address and a reason, never a body.
        let mut source = std::error::Error::source(&error);
        if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Transport) {
            while let Some(cause) = source.filter(|cause| cause.source().is_some()) {
                source = cause.source();
            }
            if let Some(cause) = source {
                message.push_str(&format!(": {cause}"));
            }
        }
        // The client's advice names a Rust function, which does not help on a command line.
        let message = message.replace("see `phone::normalize`", "write digits only");
        Self {
            exit,
            message: message.replace('\n', " "),
            hint: Some(error.hint().to_owned()),
            kind: Some(error.kind()),
            reply: error.body().and_then(reply_value).map(Box::new),
        }
    }
}
