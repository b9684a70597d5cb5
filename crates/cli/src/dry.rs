//! A request that is shown instead of sent, its credentials masked.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nxcloud::Signed;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::mask;
use crate::output::{self, Format};

/// What a dry run has seen so far.
#[derive(Default)]
pub(crate) struct Shown {
    string_to_sign: Option<String>,
    request: Option<Request>,
}

/// A signed request.
pub(crate) struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    /// Absent for a form, whose file would be read only now.
    body: Option<String>,
    string_to_sign: String,
}

impl Shown {
    pub(crate) fn sign(&mut self, signed: &Signed) {
        self.string_to_sign = Some(signed.string_to_sign.clone());
    }

    pub(crate) fn see(&mut self, request: &reqwest::Request) {
        let headers = request.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let shown = mask::header(name.as_str(), &value).to_owned();
            (name.as_str().to_owned(), shown)
        });
        let body = match request.body() {
            None => Some(String::new()),
            Some(body) => body
                .as_bytes()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        };
        self.request = Some(Request {
            method: request.method().to_string(),
            url: mask::url(request.url()),
            headers: headers.collect(),
            body,
            string_to_sign: self.string_to_sign.take().unwrap_or_default(),
        });
    }

    pub(crate) fn take(&mut self) -> Option<Request> {
        self.request.take()
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
        output::note(&format!("string to sign: {}", self.string_to_sign));
        let mut text = format!("{} {}\n", self.method, self.url);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        match (&self.body, file) {
            (Some(body), _) => text.push_str(body),
            (None, Some(file)) => text.push_str(&format!("(a form with {})", file.display())),
            (None, None) => {}
        }
        output::data(&text)
    }
}

pub(crate) fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    // Every change is a whole assignment, so a poisoned lock guards a sound value.
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}
