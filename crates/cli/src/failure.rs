//! How the command fails: one line, what to do, and the exit code.

use std::process::ExitCode;

use nxcloud::{Error, ErrorKind, Outcome};
use nxcloud_client::codegen::incoming::Body;
use serde_json::Value;

/// What went wrong, told in one line.
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
