//! Fields on the wire.

use nxcloud_client::codegen::Value;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::TestRequest;
use crate::push::Content;

/// What a form leaves as it is, besides letters and digits.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

pub(super) fn request(fields: &Value, content: Content) -> TestRequest {
    let (kind, query, body) = match content {
        Content::Json => (Some("application/json"), None, fields.to_string()),
        Content::Form => (
            Some("application/x-www-form-urlencoded"),
            None,
            form(fields),
        ),
        Content::Query => (None, Some(form(fields)), String::new()),
    };
    let kind = kind.map(|kind| ("content-type".to_owned(), kind.to_owned()));
    TestRequest {
        headers: kind.into_iter().collect(),
        path: "/".to_owned(),
        query,
        body: body.into_bytes(),
        peer: None,
    }
}

/// Texts as they are, everything else as its JSON.
fn form(fields: &Value) -> String {
    let fields = fields.as_object().into_iter().flatten();
    let pairs = fields.map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{}={}", encode(name), encode(&value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, FORM)
        .to_string()
        .replace("%20", "+")
}
