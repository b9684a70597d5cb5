//! Problems with the content of an upload.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

use crate::Error;

/// Why the content of an upload cannot be read or sent. The text is the same on every operating system and holds the file name, not
/// the path. The operating system's message is in the source.
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
            Kind::NotFound => "the file does not exist".into(),
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

    /// Finds a content problem among the causes of an error. It ended the body of the request.
    pub(super) fn find_in_causes(error: &dyn StdError) -> Option<&Self> {
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
