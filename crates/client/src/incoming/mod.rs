//! Reads replies and pushes: from bytes, content type, content encoding and a size limit to fields.
//!
//! JSON is read strictly first. If that fails, or if a number may exceed 64 bits, it is repaired and read again. [`Repairs`] records what
//! was repaired. Signatures are checked earlier, over the bytes as received.

mod charset;
mod document;
mod encoding;
mod form;
mod json;
mod repairs;

use std::borrow::Cow;
use std::fmt;

pub use document::Document;
pub(crate) use document::first_counts;
pub use form::{Form, percent_decoded};
pub use repairs::{Repair, Repairs};

/// A received body, decompressed.
#[derive(Debug)]
pub struct Body<'a> {
    bytes: Cow<'a, [u8]>,
    charset: Option<&'static encoding_rs::Encoding>,
    repairs: Repairs,
}

impl<'a> Body<'a> {
    /// Decompresses a received body, to at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if the body is too large, is damaged, or has an unsupported content encoding.
    pub fn new(
        bytes: &'a [u8],
        content_type: Option<&str>,
        content_encoding: Option<&str>,
        limit: usize,
    ) -> Result<Self, Unreadable> {
        let mut repairs = Repairs::NONE;
        let bytes = encoding::undo(bytes, content_encoding, limit, &mut repairs)?;
        let bytes = charset::unmarked(bytes, &mut repairs);
        Ok(Self {
            bytes,
            charset: content_type.and_then(charset::of_content_type),
            repairs,
        })
    }

    /// The bytes, decompressed and without byte order mark. UTF-16 and UTF-32 are converted to UTF-8.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text, with U+FFFD in place of invalid bytes.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        charset::text(&self.bytes, self.charset, &mut self.repairs.clone())
    }

    /// The repairs so far.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// Whether the body is empty or white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether these are the received bytes, in UTF-8 or in what a strict reader would accept as UTF-8.
    pub(crate) fn is_as_received(&self) -> bool {
        self.repairs.is_empty()
            && matches!(self.bytes, Cow::Borrowed(_))
            && (self.charset.is_none() || charset::is_utf8(&self.bytes, self.charset).is_some())
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if its structure is broken.
    pub fn json(&self) -> Result<Document, Unreadable> {
        let utf8 = charset::is_utf8(&self.bytes, self.charset);
        if let Some(text) = utf8
            && let Ok(mut document) = Document::strict(text)
        {
            document.repairs.extend(self.repairs);
            return Ok(document);
        }
        let mut repairs = self.repairs;
        let text = charset::text(&self.bytes, self.charset, &mut repairs);
        let failure = match Document::repaired(&text, repairs) {
            Ok(document) => return Ok(document),
            Err(failure) => failure,
        };
        // The second byte of a Chinese character may be a backslash. Read as UTF-8, it would escape a quote that follows.
        if utf8.is_none()
            && self.charset.is_none()
            && let Some(text) = charset::guessed(&self.bytes)
        {
            let mut repairs = self.repairs;
            repairs.add(Repair::Charset);
            if let Ok(document) = Document::repaired(&text, repairs) {
                return Ok(document);
            }
        }
        Err(failure)
    }

    /// Reads a form. `names` are the documented fields.
    #[must_use]
    pub fn form(&self, names: &[&str]) -> Form {
        let mut form = Form::new(self.charset, self.repairs);
        form.read_body(&self.bytes, names);
        form
    }
}

/// Why a body cannot be read. It contains nothing of the body.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "not public outside `codegen`; the other crates of the workspace handle every cause"
)]
pub enum Unreadable {
    /// It is too large after decompression.
    TooLarge {
        /// The maximum number of bytes.
        limit: usize,
    },
    /// Its content encoding, named here, is not supported.
    ContentEncoding(&'static str),
    /// It cannot be decompressed with its content encoding, named here.
    Damaged(&'static str),
    /// It is not JSON.
    Json(serde_json::Error),
    /// It is JSON nested deeper than 127 levels.
    TooDeep,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(f, "it is larger than {limit} bytes after decompression")
            }
            Self::ContentEncoding(name) => write!(
                f,
                "its content encoding ({name}) is not supported; send it with gzip, deflate or no encoding"
            ),
            Self::Damaged(name) => write!(
                f,
                "its content encoding is {name}, but it cannot be decompressed"
            ),
            Self::Json(_) => f.write_str("it is not JSON"),
            Self::TooDeep => f.write_str("its JSON is nested deeper than 127 levels"),
        }
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}
