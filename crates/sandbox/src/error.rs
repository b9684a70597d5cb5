//! Why a sandbox does not start.

use std::{error, fmt, io};

use nxcloud_signing::InvalidField;

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An embedded spec cannot be read. That is a fault of the crate.
    Spec(SpecError),
    /// The credentials of an account cannot be used.
    Account(InvalidField),
    /// The port cannot be listened on. Choose another one, or 0 for any free one.
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is no tokio runtime to run in.
    NoRuntime,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(_) => f.write_str("an embedded spec cannot be read"),
            Self::Account(_) => f.write_str("the credentials of an account cannot be used"),
            Self::Listen { port, .. } => write!(f, "cannot listen on port {port}"),
            Self::NoRuntime => f.write_str("a sandbox is started within a tokio runtime"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Spec(source) => Some(source),
            Self::Account(source) => Some(source),
            Self::Listen { source, .. } => Some(source),
            Self::NoRuntime => None,
        }
    }
}

impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Self {
        Self::Account(error)
    }
}

/// A spec that cannot be read: which one, where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    service: String,
    place: String,
    reason: String,
}

impl SpecError {
    pub(crate) fn new(service: &str, place: &str, reason: String) -> Self {
        Self {
            service: service.to_owned(),
            place: place.to_owned(),
            reason,
        }
    }

    /// The name of the spec.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The operation, or `document`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec {}, {}: {}", self.service, self.place, self.reason)
    }
}

impl error::Error for SpecError {}
