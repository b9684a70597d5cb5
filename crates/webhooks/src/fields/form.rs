//! Names and values in a URL.

use std::borrow::Cow;
use std::string::FromUtf8Error;

use nxcloud_client::incoming::percent_decoded;

/// Undoes the encoding of a name or value, which must be UTF-8.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, FromUtf8Error> {
    match percent_decoded(text.as_bytes()) {
        Cow::Borrowed(_) => Ok(Cow::Borrowed(text)),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned),
    }
}
