//! Files in `multipart/form-data` bodies, from memory, a path or a stream.

mod content;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt as _;
use reqwest::Body;
use reqwest::multipart::Part;

use crate::Error;
use crate::error::content::ContentProblem;
use crate::types::validate::Validator;
use content::{Content, Progress};

/// A file to upload, with its name, MIME type and size.
///
/// ```no_run
/// use nxcloud_client::Upload;
///
/// let picture = Upload::from_path("menu.png")?
///     .on_progress(|sent, total| eprintln!("{sent} of {total} bytes"));
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
///
/// A retry can send a file from memory or from a path again, but not a stream. The content is read while it is sent, so memory use does
/// not grow with the size of a file or stream. No constructor is async, so uploads also work with the blocking clients. `Debug` shows
/// MIME type and size.
#[derive(Clone)]
pub struct Upload {
    name: String,
    mime: String,
    size: u64,
    source: Source,
    progress: Option<Progress>,
}

#[derive(Clone)]
enum Source {
    Memory(Bytes),
    File(PathBuf),
    Stream(Arc<Mutex<Option<Content>>>),
}

impl Upload {
    /// A file in memory.
    pub fn from_bytes(
        name: impl Into<String>,
        mime: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let content = content.into();
        let size = content.len() as u64;
        Self::new(name.into(), mime.into(), size, Source::Memory(content))
    }

    /// A file on disk. Its name is the last part of the path. Its MIME type is guessed from the extension (`application/octet-stream` if
    /// that is unknown); [`with_mime`](Self::with_mime) sets another one.
    ///
    /// This only reads the file's metadata. The content is read while it is sent. If the file's size has changed by then, the upload
    /// fails.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if the file does not exist, cannot be opened, is not a regular
    /// file, is empty, or has a name that is not UTF-8.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let size = content::size(path)?;
        let name = path.file_name().and_then(|name| name.to_str());
        let name =
            name.ok_or_else(|| ContentProblem::of(path, "its name is not UTF-8; rename it"))?;
        let mime = mime_guess::from_path(path).first_or_octet_stream();
        let source = Source::File(path.to_owned());
        Ok(Self::new(name.to_owned(), mime.to_string(), size, source))
    }

    /// A stream of exactly `size` bytes. The upload fails if it has fewer or more.
    pub fn from_stream<S, E>(
        name: impl Into<String>,
        mime: impl Into<String>,
        size: u64,
        content: S,
    ) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let name = name.into();
        let file = name.clone();
        let content: Content = Box::pin(content.map_err(move |error| {
            ContentProblem::new(file.as_str(), "its stream failed").with_source(error)
        }));
        let source = Source::Stream(Arc::new(Mutex::new(Some(content))));
        Self::new(name, mime.into(), size, source)
    }

    fn new(name: String, mime: String, size: u64, source: Source) -> Self {
        Self {
            name,
            mime: trimmed(mime),
            size,
            source,
            progress: None,
        }
    }

    /// Sets the MIME type.
    #[must_use]
    pub fn with_mime(mut self, mime: impl Into<String>) -> Self {
        self.mime = trimmed(mime.into());
        self
    }

    /// Reports progress: the closure gets the number of bytes passed to the connection so far, and the size.
    ///
    /// Each attempt starts with a call with 0, so the number returns to 0 on a retry. The last call has the full size and comes before
    /// the platform's reply; only the reply confirms that the platform has the file. The closure runs between two writes to the
    /// connection, so it should return quickly.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The MIME type.
    #[must_use]
    pub fn mime(&self) -> &str {
        &self.mime
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Checks MIME type and size against the documented rules. Called by generated code.
    pub fn check(&self, field: &str, at: &mut Validator, rules: &[Rule]) {
        // Parameters such as `; codecs=opus` do not count.
        let plain = self.mime.split(';').next().unwrap_or_default().trim();
        let is_plain = |mime: &&str| mime.eq_ignore_ascii_case(plain);
        let rule = rules.iter().find(|rule| rule.mime.iter().any(is_plain));
        match rule {
            None => {
                let allowed: Vec<&str> = rules.iter().flat_map(|rule| rule.mime).copied().collect();
                at.problem(
                    field,
                    format!(
                        "has the MIME type `{plain}`; allowed are {}",
                        allowed.join(", ")
                    ),
                );
            }
            Some(rule) => {
                if let Some(most) = rule.max_bytes.filter(|most| self.size > *most) {
                    at.problem(
                        field,
                        format!(
                            "has {} bytes; the maximum for the kind `{}` is {most}",
                            self.size, rule.kind,
                        ),
                    );
                }
            }
        }
        if self.size == 0 {
            at.problem(field, "is empty");
        }
    }

    async fn part(&self) -> Result<Part, Error> {
        let content = match &self.source {
            Source::Memory(bytes) => content::of_bytes(bytes.clone()),
            Source::File(path) => content::of_file(path.clone(), self.size).await?,
            Source::Stream(stream) => content::of_stream(&self.name, stream)?,
        };
        let content =
            content::measured(content, self.name.clone(), self.size, self.progress.clone());
        Part::stream_with_length(Body::wrap_stream(content), self.size)
            .file_name(self.name.clone())
            .mime_str(&self.mime)
            .map_err(|error| Error::transport(error, false))
    }
}

/// Removes surrounding white space, which a header value cannot carry.
fn trimmed(mime: String) -> String {
    mime.trim().to_owned()
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("mime", &self.mime)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The documented rule for one kind of file.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    kind: &'static str,
    mime: &'static [&'static str],
    max_bytes: Option<u64>,
}

impl Rule {
    /// A kind of file, its MIME types and its maximum size in bytes. Called by generated code.
    #[must_use]
    pub const fn new(
        kind: &'static str,
        mime: &'static [&'static str],
        max_bytes: Option<u64>,
    ) -> Self {
        Self {
            kind,
            mime,
            max_bytes,
        }
    }
}

/// The parts of a multipart body. Filled by generated code.
#[derive(Clone, Debug, Default)]
pub struct Form {
    texts: Vec<(&'static str, String)>,
    files: Vec<(&'static str, Upload)>,
}

impl Form {
    /// Adds a text part.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.texts.push((name, value.to_owned()));
    }

    /// Adds a file part. Files are sent after all texts, as in the platform's samples.
    pub fn file(&mut self, name: &'static str, upload: &Upload) {
        self.files.push((name, upload.clone()));
    }

    /// The body of one attempt.
    pub(crate) async fn encode(&self) -> Result<reqwest::multipart::Form, Error> {
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in &self.texts {
            form = form.text(*name, value.clone());
        }
        for (name, upload) in &self.files {
            form = form.part(*name, upload.part().await?);
        }
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::validate::Validate;

    #[test]
    fn mime_types_ignore_case_and_parameters() {
        struct Request(Upload);
        impl Validate for Request {
            fn validate(&self, at: &mut Validator) {
                let rules = &[Rule::new("image", &["image/png"], None)];
                self.0.check("file", at, rules);
            }
        }
        for (mime, allowed) in [
            ("image/png", true),
            ("IMAGE/PNG", true),
            ("Image/Png ; q=1", true),
            (" image/png\n", true),
            ("image/gif", false),
            ("image/pngx", false),
        ] {
            let request = Request(Upload::from_bytes("a", mime, "x"));
            assert_eq!(Validator::run(&request).is_ok(), allowed, "{mime}");
            assert_eq!(request.0.mime(), mime.trim());
        }
    }
}
