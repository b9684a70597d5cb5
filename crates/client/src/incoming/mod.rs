//! The one reader of everything that arrives: from bytes, content type, content encoding and a size limit to fields.
//!
//! Replies and pushes go through it. JSON is read strictly first; only what fails, or holds a number that 64 bits may not hold,
//! is repaired and read again. What was repaired is kept as [`Repairs`]. Signatures are checked before, over the bytes as received.

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

/// A body that arrived, with its content encoding undone.
#[derive(Debug)]
pub struct Body<'a> {
    bytes: Cow<'a, [u8]>,
    charset: Option<&'static encoding_rs::Encoding>,
    repairs: Repairs,
}

impl<'a> Body<'a> {
    /// Takes what arrived. No more than `limit` bytes may come out of the content encoding.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], for a body that is too large, damaged, or in an encoding that is not supported.
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

    /// The bytes without content encoding and byte order mark; UTF-16 and UTF-32 as UTF-8.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text, with U+FFFD for what is none.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        charset::text(&self.bytes, self.charset, &mut self.repairs.clone())
    }

    /// What was repaired to get as far as this.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// Whether there is nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether these are the bytes that arrived, in UTF-8 or in what a strict reader would take for it.
    pub(crate) fn is_as_received(&self) -> bool {
        self.repairs.is_empty()
            && matches!(self.bytes, Cow::Borrowed(_))
            && (self.charset.is_none() || charset::is_utf8(&self.bytes, self.charset).is_some())
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], when its structure is broken.
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
        // A trailing byte of a Chinese character may be a backslash: read bytewise it takes the quote after it along.
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

    /// Reads a form. `names` are the fields that the reference lists.
    #[must_use]
    pub fn form(&self, names: &[&str]) -> Form {
        let mut form = Form::new(self.charset, self.repairs);
        form.read_body(&self.bytes, names);
        form
    }
}

/// Why nothing can be read. It names nothing that was received.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "not public outside `codegen`; the other crates of the workspace handle every cause"
)]
pub enum Unreadable {
    /// There is more than allowed, after decoding.
    TooLarge {
        /// So many bytes are allowed.
        limit: usize,
    },
    /// The content encoding, which is not supported.
    ContentEncoding(&'static str),
    /// The content encoding, as which the bytes cannot be decoded.
    Damaged(&'static str),
    /// It is not JSON.
    Json(serde_json::Error),
    /// It is JSON, nested deeper than 127 levels.
    TooDeep,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "it is larger than {limit} bytes when decoded"),
            Self::ContentEncoding(name) => write!(
                f,
                "its content encoding ({name}) is not supported; have it sent as gzip, deflate or without one"
            ),
            Self::Damaged(name) => write!(f, "it is called {name} and cannot be decoded as that"),
            Self::Json(_) => f.write_str("it is not JSON"),
            Self::TooDeep => f.write_str("it is nested too deeply"),
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
