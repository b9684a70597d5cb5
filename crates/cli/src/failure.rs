//! How the command fails: one line, what to do, and the exit code.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind as Misuse};
use nxcloud::{Error, ErrorKind, Outcome};
use nxcloud_client::codegen::incoming::Body;
use serde_json::Value;

/// What went wrong, in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Of a call, what sort of failure it was.
    pub(crate) kind: Option<ErrorKind>,
    /// What the platform answered, which is data.
    pub(crate) reply: Option<Box<Value>>,
}

/// The documented exit codes; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The platform refused, a signature is not the right one, or a check of `doctor` failed.
    Refused = 1,
    /// The arguments, the settings or the body are wrong; nothing was sent.
    Usage = 2,
    /// The transport failed, or stdout, and repeating does no harm.
    Transport = 3,
    /// The platform has acted and its reply cannot be printed, or it may have acted.
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

    /// Data that cannot be written.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        Self::new(Exit::Transport, format!("stdout: {error}"))
    }
}

/// A reply that is JSON, of equal keys the first.
fn shown(body: &[u8]) -> Option<Value> {
    let body = Body::new(body, None, None, body.len()).ok()?;
    Some(body.json().ok()?.value)
}

/// Takes the place of what may be a text, a phone number or a secret in an error of the arguments.
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

/// Takes values out of an error, and gives a hint where the rest does not say what to do.
fn hide_values(error: &mut clap::Error) -> Option<&'static str> {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.clone(),
        _ => String::new(),
    };
    let hidden = ContextValue::String(HIDDEN.to_owned());
    if error.kind() == Misuse::UnknownArgument && !argument.starts_with('-') {
        error.insert(ContextKind::InvalidArg, hidden);
        return Some("Put its flag before a value, and quotes around a text with spaces.");
    }
    if error.kind() == Misuse::TooManyValues || argument.starts_with("--secret-fd") {
        error.insert(ContextKind::InvalidValue, hidden);
    }
    None
}

/// The help of the command in a line such as `Usage: nxcloud sms send-sms [OPTIONS]`.
fn help_of(usage: &str) -> String {
    let words = usage
        .split_whitespace()
        .skip_while(|word| *word == "Usage:");
    let command = words.take_while(|word| !word.starts_with(['[', '<', '-']));
    let help: Vec<&str> = command.chain(["--help"]).collect();
    help.join(" ")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match (error.kind(), error.outcome()) {
            _ if error.sent().is_some() => Exit::Unknown,
            (ErrorKind::Configuration | ErrorKind::InvalidRequest, _) => Exit::Usage,
            (ErrorKind::ResultCode(_), _) => Exit::Refused,
            // Without an envelope `AntBuddy` refuses with a status.
            (ErrorKind::HttpStatus, Outcome::Rejected) => Exit::Refused,
            _ => Exit::Transport,
        };
        let mut message = error.to_string();
        // Causes are named by the libraries below: addresses and reasons, never a body.
        let mut source = std::error::Error::source(&error);
        if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Transport) {
            while let Some(cause) = source.filter(|cause| cause.source().is_some()) {
                source = cause.source();
            }
            if let Some(cause) = source {
                message.push_str(&format!(": {cause}"));
            }
        }
        // What the library calls the function that helps is of no use on a command line.
        let message = message.replace("see `phone::normalize`", "write digits only");
        Self {
            exit,
            message: message.replace('\n', " "),
            hint: Some(error.hint().to_owned()),
            kind: Some(error.kind()),
            reply: error.body().and_then(shown).map(Box::new),
        }
    }
}
