//! Errors of the record file.

use std::io;
use std::path::{Path, PathBuf};

/// The file cannot be used for recording. It was not changed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RecordError {
    path: PathBuf,
    message: String,
    source: Option<io::Error>,
}

impl RecordError {
    /// A problem of a file. The text follows its path.
    pub(super) fn new(path: &Path, problem: &str) -> Self {
        Self::with(path, format!("{} {problem}", path.display()), None)
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let message = format!("{} cannot be opened", path.display());
        Self::with(path, message, Some(source))
    }

    pub(super) fn damaged(path: &Path, line: usize) -> Self {
        let path_shown = path.display();
        let message =
            format!("line {line} of {path_shown} cannot be read; remove it or choose another file");
        Self::with(path, message, None)
    }

    fn with(path: &Path, message: String, source: Option<io::Error>) -> Self {
        Self {
            path: path.to_owned(),
            message,
            source,
        }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
