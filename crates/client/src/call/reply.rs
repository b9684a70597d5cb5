//! Receives and judges replies.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use reqwest::Response;

use crate::call::envelope;
use crate::call::verdict::{ReplyCode, Verdict, verdict};
use crate::incoming::{Body, Document, Repairs, Unreadable};
use crate::types::lenient::{Lenient as _, LenientObject, Map, Value};
use crate::{Code, Error, Operation, Scheme};

/// Larger replies are refused. Every documented reply is far smaller.
const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// A successful reply.
#[derive(Debug)]
pub(crate) struct Accepted {
    value: Value,
    repairs: Repairs,
    status: u16,
    /// The JSON text of `value`.
    body: Bytes,
}

impl Accepted {
    /// The platform's id of the request.
    pub(crate) fn request_id(&self) -> Option<String> {
        envelope::request_id(&self.value)
    }

    /// Decodes the typed reply.
    ///
    /// # Errors
    ///
    /// If it is neither an object nor a documented list.
    pub(crate) fn decode<T: LenientObject>(self) -> Result<T, Error> {
        match T::convert(self.value) {
            Some(mut reply) => {
                reply.repairs_mut().extend(self.repairs);
                Ok(reply)
            }
            None => Err(
                Error::unreadable("it is neither an object nor a documented list")
                    .with_repairs(self.repairs)
                    .with_reply(self.status, self.body),
            ),
        }
    }
}

/// Receives a reply completely and judges it.
///
/// # Errors
///
/// If the reply cannot be received, is not readable, or does not mean success.
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
        bytes.freeze(),
        content_type.as_deref(),
        content_encoding.as_deref(),
    )
}

/// The values of a header, joined by commas.
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .reduce(|all, next| Cow::Owned(format!("{all},{next}")))
}

/// Judges a complete reply.
///
/// # Errors
///
/// If the reply is not readable or does not mean success.
pub(crate) fn judge(
    operation: &'static Operation,
    status: u16,
    bytes: Bytes,
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<Accepted, Error> {
    let by_status = matches!(operation.scheme, Scheme::AntBuddySha256 { .. });
    let body = Body::new(&bytes, content_type, content_encoding, MAX_REPLY_BYTES);
    let is_blank = body.as_ref().is_ok_and(Body::is_blank);
    let mut repairs = body.as_ref().map_or(Repairs::NONE, Body::repairs);
    let mut text = match &body {
        Ok(body) if !body.is_as_received() => Bytes::copy_from_slice(body.bytes()),
        _ => bytes.clone(),
    };
    let mut document = body.and_then(|body| body.json());
    if let Ok(document) = &mut document {
        repairs = document.repairs;
        text = document.text.take().map_or(text, Bytes::from);
    }
    let mut code = document.as_ref().map(envelope::code).unwrap_or_default();
    let verdict = if by_status {
        // AntBuddy documents no codes. A success code counts anyway; any other code comes from a gateway.
        if code != ReplyCode::One(Code::SUCCESS) && code != ReplyCode::Conflicting {
            code = ReplyCode::None;
        }
        let readable = document.is_ok() || is_blank;
        let from_antbuddy = document.as_ref().is_ok_and(is_from_antbuddy);
        antbuddy(operation, status, code, readable, from_antbuddy)
    } else {
        verdict(status, code)
    };
    let reported = |error: Error, document: &Result<Document, Unreadable>| {
        let reply = document.as_ref().map(|document| &document.value);
        let (message, request_id) = reply
            .map(|reply| (envelope::message(reply), envelope::request_id(reply)))
            .unwrap_or_default();
        error
            .with_platform_message(message, request_id)
            .with_repairs(repairs)
            .with_reply(status, text.clone())
    };
    match verdict {
        Verdict::Success => Ok(Accepted {
            // AntBuddy may answer success without a body.
            value: document.map_or_else(|_| Map::new().into(), |document| document.value),
            repairs,
            status,
            body: text,
        }),
        Verdict::Code(code) => Err(reported(Error::result_code(operation, code), &document)),
        Verdict::Failed { outcome, temporary } => {
            let error = reported(Error::reply(status, outcome, temporary), &document);
            Err(match (code, document) {
                (ReplyCode::One(_), _) => {
                    error.with_detail("its result code means success, but its HTTP status does not")
                }
                (ReplyCode::Conflicting, _) => {
                    error.with_detail("it has several different result codes")
                }
                (ReplyCode::None, Err(Unreadable::Json(_)) | Ok(_)) if status != 200 => error,
                (ReplyCode::None, Ok(_)) => error.with_detail("it has no result code"),
                (ReplyCode::None, Err(unreadable)) => error.unreadable_because(unreadable),
            })
        }
    }
}

/// Whether a reply may come from `AntBuddy` itself: it has a non-blank `message` and no `code`.
fn is_from_antbuddy(document: &Document) -> bool {
    let message = document.value.get("message").and_then(Value::as_str);
    message.is_some_and(|text| !text.trim().is_empty()) && document.value.get("code").is_none()
}

/// The verdict on a reply of `AntBuddy`, which answers with the HTTP status and documents neither an envelope nor codes.
fn antbuddy(
    operation: &Operation,
    status: u16,
    code: ReplyCode,
    readable: bool,
    from_antbuddy: bool,
) -> Verdict {
    if status == 200 && readable && code != ReplyCode::Conflicting {
        return Verdict::Success;
    }
    // Any other reply comes from a proxy or gateway, and what happened behind it is unknown.
    let documented = Code::new(i64::from(status));
    if from_antbuddy && operation.code_info(documented).is_some() {
        return Verdict::Code(documented);
    }
    verdict(status, code)
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
