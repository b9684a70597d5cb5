//! Encodes fields for the wire.

use nxcloud_client::codegen::Value;

use super::TestRequest;
use crate::push::Transport;

pub(super) fn request(fields: &Value, transport: Transport) -> TestRequest {
    let (content_type, query, body) = match transport {
        Transport::Json => (Some("application/json"), None, fields.to_string()),
        Transport::Form => (
            Some("application/x-www-form-urlencoded"),
            None,
            form(fields),
        ),
        Transport::Query => (None, Some(form(fields)), String::new()),
    };
    let header = content_type.map(|value| ("content-type".to_owned(), value.to_owned()));
    TestRequest {
        headers: header.into_iter().collect(),
        path: "/".to_owned(),
        query,
        body: body.into_bytes(),
        peer: None,
    }
}

/// Encodes a form. Strings are written without quotes, other values as JSON.
fn form(fields: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => form.append_pair(name, text),
            other => form.append_pair(name, &other.to_string()),
        };
    }
    form.finish()
}
