//! Files in `multipart/form-data` bodies: from memory, from a path or from a stream.

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
/// From memory and from a path it can be sent again by another attempt; a stream can be sent once. The content is read while it
/// is sent, so memory use does not grow with the size of a file or stream. No constructor is async, so the blocking clients take
/// uploads too. `Debug` shows MIME type and size.
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

    /// A file on disk, under the last part of its path as its name, and with the MIME type that belongs to the extension of the
    /// name (`application/octet-stream` if none is known); [`with_mime`](Self::with_mime) sets another one.
    ///
    /// Looks at the file and waits for the disk, not more; the content is read while it is sent. If the file has another size by
    /// then, the upload fails.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when there is no such file, it cannot be opened, is a
    /// directory or another thing that is no file, is empty, or has no name in UTF-8.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let size = content::size(path)?;
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| ContentProblem::of(path, "its name is not UTF-8"))?;
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
        let of = name.clone();
        let content: Content = Box::pin(content.map_err(move |error| {
            ContentProblem::new(of.as_str(), "its stream failed").with_source(error)
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

    /// The same with this MIME type.
    #[must_use]
    pub fn with_mime(mut self, mime: impl Into<String>) -> Self {
        self.mime = trimmed(mime.into());
        self
    }

    /// Calls this with the number of bytes handed to the connection so far and with the size.
    ///
    /// Each attempt begins with a call with 0, so the number goes back to 0 when an attempt is repeated. The attempts stay
    /// those of the policy. The size is reached before the platform answers: only the reply says that it has the file. The
    /// closure runs between two writes to the connection and should return soon.
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

    /// Checks MIME type and size against what the reference allows; generated code calls it.
    pub fn check(&self, field: &str, at: &mut Validator, rules: &[Rule]) {
        // A parameter such as `; codecs=opus` does not make it another type.
        let plain = self.mime.split(';').next().unwrap_or_default().trim();
        let is_plain = |mime: &&str| mime.eq_ignore_ascii_case(plain);
        let rule = rules.iter().find(|rule| rule.mime.iter().any(is_plain));
        match rule {
            None => {
                let allowed: Vec<&str> = rules.iter().flat_map(|rule| rule.mime).copied().collect();
                at.problem(
                    field,
                    format!(
                        "is of the MIME type `{plain}`; allowed are {}",
                        allowed.join(", ")
                    ),
                );
            }
            Some(rule) => {
                if let Some(most) = rule.max_bytes.filter(|most| self.size > *most) {
                    at.problem(
                        field,
                        format!(
                            "has {} bytes, at most {most} are allowed for the kind `{}`",
                            self.size, rule.kind
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

/// A MIME type without white space around it, which no header takes.
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

/// Files of one kind that the reference allows.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    kind: &'static str,
    mime: &'static [&'static str],
    max_bytes: Option<u64>,
}

impl Rule {
    /// A kind, its MIME types, and its greatest size in bytes; generated code calls it.
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

/// The parts of a multipart body; generated code fills it.
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

    /// Adds a file part; files go after all texts, as in the platform's samples.
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
    fn a_mime_type_has_no_case_and_may_have_parameters() {
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
