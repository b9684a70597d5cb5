//! Reading a reply: to its end, and its envelope.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use reqwest::Response;

use crate::envelope::Envelope;
use crate::incoming::{Body, Document, Repairs, is_success};
use crate::{Code, Error, Operation, Scheme};

/// A reply larger than this is refused: no documented one comes near.
const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// A reply that says success.
pub(crate) struct Accepted {
    /// What is decoded: the JSON that arrived, repaired if it had to be.
    pub(crate) body: Bytes,
    pub(crate) repairs: Repairs,
}

/// Reads a reply to its end and judges it.
///
/// # Errors
///
/// Everything else than success that a reply can say or be.
pub(crate) async fn read(
    operation: &'static Operation,
    mut response: Response,
) -> Result<Accepted, Error> {
    let status = response.status().as_u16();
    let mut bytes = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > MAX_REPLY_BYTES => {
                return Err(Error::unreadable("it is larger than 16 MiB")
                    .with_reply(status, bytes.freeze()));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                return Err(Error::transport(error, true).with_reply(status, bytes.freeze()));
            }
        }
    }
    let content_type = header(response.headers(), &CONTENT_TYPE);
    let content_encoding = header(response.headers(), &CONTENT_ENCODING);
    judge(
        operation,
        status,
        &bytes.freeze(),
        content_type.as_deref(),
        content_encoding.as_deref(),
    )
}

/// The values of a header, as one.
fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// What a complete reply says.
fn judge(
    operation: &'static Operation,
    status: u16,
    bytes: &Bytes,
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<Accepted, Error> {
    let body = match Body::new(bytes, content_type, content_encoding, MAX_REPLY_BYTES) {
        Ok(body) => body,
        Err(error) => return Err(Error::reply_not_read(error).with_reply(status, bytes.clone())),
    };
    let by_status = matches!(operation.scheme, Scheme::AntBuddySha256 { .. });
    if status == 200 && !by_status && body.is_as_received() && is_success(body.bytes()) {
        return Ok(Accepted {
            body: bytes.clone(),
            repairs: Repairs::NONE,
        });
    }
    let document = body.json();
    let envelope = document.as_ref().map(Envelope::of);
    let blank = body.is_blank();
    let repairs = document
        .as_ref()
        .map_or(body.repairs(), |document| document.repairs);
    let decoded = || {
        if body.is_as_received() {
            bytes.clone()
        } else {
            Bytes::copy_from_slice(body.bytes())
        }
    };
    let failed = |error: Error, words: Envelope| {
        Err(error
            .with_words(words.message, words.request_id)
            .with_repairs(repairs)
            .with_reply(status, decoded()))
    };
    match envelope {
        // A code of the platform says more than the HTTP status that carries it.
        Ok(
            envelope @ Envelope {
                code: Some(code), ..
            },
        ) if code != Code::SUCCESS && !by_status => {
            failed(Error::refused(operation, code), envelope)
        }
        envelope if status != 200 => {
            let code = Code::new(i64::from(status));
            // A page in HTML is not AntBuddy's: something in between made it, and its status has no documented meaning.
            let own = by_status && (envelope.is_ok() || blank);
            let error = if own && operation.code_info(code).is_some() {
                Error::refused(operation, code)
            } else {
                Error::http_status(status)
            };
            failed(error, envelope.unwrap_or_default())
        }
        // AntBuddy documents operations whose success has no body.
        _ if by_status && blank => Ok(Accepted {
            body: Bytes::from_static(b"{}"),
            repairs,
        }),
        Err(_) => match document {
            Err(error) => failed(Error::reply_not_read(error), Envelope::default()),
            Ok(_) => failed(Error::unreadable("it is not JSON"), Envelope::default()),
        },
        Ok(envelope) if envelope.contradicts_itself && !by_status => failed(
            Error::unreadable("it has two result codes that differ"),
            envelope,
        ),
        Ok(envelope) if envelope.code.is_none() && !by_status => {
            failed(Error::unreadable("it has no result code"), envelope)
        }
        Ok(_) => Ok(Accepted {
            body: match document {
                Ok(Document {
                    text: Some(text), ..
                }) => text.into(),
                _ => decoded(),
            },
            repairs,
        }),
    }
}
