//! The error of this crate: one line, what is wrong, then what to do. It holds no phone number and no text of a message.

use std::error::Error as StdError;
use std::fmt;

use crate::check::Findings;

/// What went wrong with a ledger, a list, a template or a run.
///
/// What went wrong with single rows is no error: it is in the rows.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    text: String,
    findings: Option<Findings>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no ledger at this path, or no database of this name.
    NoLedger,
    /// The file or database is no ledger, or not of a version that this program reads.
    NotALedger,
    /// Another process is running a campaign of this ledger, or imports the same list.
    InUse,
    /// Other processes write to the ledger for too long: try again.
    Busy,
    /// The database asks for a password, and none was passed.
    PasswordMissing,
    /// The database cannot be reached: try again.
    Unreachable,
    /// The disk is full.
    Full,
    /// The ledger or its folder cannot be written; the database user lacks a right.
    ReadOnly,
    /// The ledger cannot be read or written for another reason; nothing was sent because of it.
    Storage,
    /// There is no such campaign.
    NoCampaign,
    /// There is a campaign of this name, or one with the same list, operation and template.
    Exists,
    /// The campaign is not in a state that allows it: not imported to its end, paused, cancelled.
    WrongState,
    /// An argument of the call is wrong.
    Argument,
    /// The list cannot be read: encoding, columns, size of a row.
    List,
    /// The list is not the one that the import began with.
    ListChanged,
    /// The template cannot be used.
    Template,
    /// Rows that cannot be sent: [`Error::findings`].
    BadRows,
    /// A file beside the ledger cannot be read or written.
    Io,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            text: text.into(),
            findings: None,
            source: None,
        }))
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn io(what: &str, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::StorageFull => ErrorKind::Full,
            _ => ErrorKind::Io,
        };
        Self::new(kind, format!("{what}: {source}")).because(source)
    }

    pub(crate) fn bad_rows(findings: Findings) -> Self {
        let mut error = Self::new(
            ErrorKind::BadRows,
            format!(
                "{} of the rows cannot be sent; correct the list, or skip them",
                findings.total
            ),
        );
        error.0.findings = Some(findings);
        error
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The rows that cannot be sent, of [`ErrorKind::BadRows`].
    #[must_use]
    pub fn findings(&self) -> Option<&Findings> {
        self.0.findings.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind);
        debug.field("text", &self.0.text);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
