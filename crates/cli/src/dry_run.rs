//! Prints a signed request instead of sending it. Credentials are masked.

use std::path::Path;

use nxcloud::SignedRequest;
use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::mask;
use crate::output::{self, Format};

/// A signed request.
pub(crate) struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    /// Absent for a form: its file is not read in a dry run.
    body: Option<String>,
    string_to_sign: String,
}

impl From<&SignedRequest> for Request {
    fn from(signed: &SignedRequest) -> Self {
        let headers = signed.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let masked = mask::header(name.as_str(), &value).to_owned();
            (name.as_str().to_owned(), masked)
        });
        let body = signed.body();
        Self {
            method: signed.method().to_string(),
            url: Url::parse(signed.url())
                .map_or_else(|_| mask::MASK.to_owned(), |url| mask::url(&url)),
            headers: headers.collect(),
            body: body.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            string_to_sign: signed.string_to_sign(),
        }
    }
}

impl Request {
    pub(crate) fn print(&self, format: Format, file: Option<&Path>) -> Result<(), Failure> {
        if format == Format::Json {
            let headers: Map<String, Value> = self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect();
            return output::reply(
                format,
                &json!({
                    "method": self.method,
                    "url": self.url,
                    "headers": headers,
                    "body": self.body,
                    "file": file.map(|file| file.display().to_string()),
                    "string_to_sign": self.string_to_sign,
                }),
            );
        }
        output::eprint(&format!("string to sign: {}", self.string_to_sign));
        let mut text = format!("{} {}\n", self.method, self.url);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        match (&self.body, file) {
            (Some(body), _) => text.push_str(body),
            (None, Some(file)) => text.push_str(&format!("(form with {})", file.display())),
            (None, None) => {}
        }
        output::print(&text)
    }
}
