//! Files in `multipart/form-data` bodies: from memory, from a path or from a stream.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::Stream;
use reqwest::Body;
use reqwest::multipart::Part;

use crate::Error;
use crate::types::validate::Validator;

/// A file to upload, with its name, MIME type and size.
///
/// From memory and from a path it can be sent again by another attempt; a stream can be sent once. Memory use does not grow with
/// the size of a file or stream. `Debug` shows MIME type and size.
#[derive(Clone)]
pub struct Upload {
    name: String,
    mime: String,
    size: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Memory(Bytes),
    File(PathBuf),
    Stream(Arc<Mutex<Option<Body>>>),
}

impl Upload {
    /// A file in memory.
    pub fn from_bytes(
        name: impl Into<String>,
        mime: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let content = content.into();
        Self {
            name: name.into(),
            mime: trimmed(mime.into()),
            size: content.len() as u64,
            source: Source::Memory(content),
        }
    }

    /// A file on disk, under the last part of its path as its name. It is read while it is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when the path leads to no file or has no name in UTF-8.
    pub async fn from_path(path: impl AsRef<Path>, mime: impl Into<String>) -> Result<Self, Error> {
        let path = path.as_ref();
        let metadata = tokio::fs::metadata(path)
            .await
            .map_err(Error::invalid_request)?;
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|_| metadata.is_file()) else {
            let problem = "the path to upload does not lead to a file with a name in UTF-8";
            return Err(Error::invalid_request(std::io::Error::other(problem)));
        };
        Ok(Self {
            name: name.to_owned(),
            mime: trimmed(mime.into()),
            size: metadata.len(),
            source: Source::File(path.to_owned()),
        })
    }

    /// A stream of exactly `size` bytes.
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
        let body = Body::wrap_stream(content);
        Self {
            name: name.into(),
            mime: trimmed(mime.into()),
            size,
            source: Source::Stream(Arc::new(Mutex::new(Some(body)))),
        }
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
        let body = match &self.source {
            Source::Memory(content) => Body::from(content.clone()),
            Source::File(path) => Body::from(
                tokio::fs::File::open(path)
                    .await
                    .map_err(Error::invalid_request)?,
            ),
            Source::Stream(stream) => stream
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .ok_or_else(|| {
                    Error::invalid_request(std::io::Error::other(
                        "a stream can be uploaded once only",
                    ))
                })?,
        };
        Part::stream_with_length(body, self.size)
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
