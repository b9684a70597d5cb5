//! Why the content of an upload cannot be read or sent.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

use crate::Error;

/// The name of the content and the reason, in words that are the same on every system. The path and the words of the system
/// stay out of it; the latter are in the source.
#[derive(Debug)]
pub(crate) struct ContentProblem {
    name: String,
    reason: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ContentProblem {
    pub(crate) fn new(name: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            reason: reason.into(),
            source: None,
        }
    }

    pub(crate) fn of(path: &Path, reason: impl Into<Cow<'static, str>>) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::new(name.to_string_lossy(), reason)
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let reason: Cow<_> = match error.kind() {
            Kind::NotFound => "no such file".into(),
            Kind::PermissionDenied => "permission denied".into(),
            Kind::NotADirectory => "a part of its path is not a directory".into(),
            other => other.to_string().into(),
        };
        Self::of(path, reason).with_source(error)
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The problem among an error's causes: it ended the body of a request.
    pub(super) fn among_the_causes(error: &dyn StdError) -> Option<&Self> {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(problem) = error.downcast_ref() {
                return Some(problem);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for ContentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot read {}: {}",
            self.name.escape_debug(),
            self.reason
        )
    }
}

impl StdError for ContentProblem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<ContentProblem> for Error {
    fn from(problem: ContentProblem) -> Self {
        Self::invalid_request(problem)
    }
}
