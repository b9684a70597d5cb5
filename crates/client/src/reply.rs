//! Reading a reply: to its end, and its envelope.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use crate::envelope::Envelope;
use crate::{Code, Error, Operation, Scheme};

/// A reply larger than this is refused: no documented one comes near.
const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// The body of a reply that says success.
///
/// # Errors
///
/// Everything else that a reply can say or be.
pub(crate) async fn read(
    operation: &'static Operation,
    mut response: Response,
) -> Result<Bytes, Error> {
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_REPLY_BYTES => {
                return Err(
                    Error::unreadable("it is larger than 16 MiB").with_reply(status, body.freeze())
                );
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                return Err(Error::transport(error, true).with_reply(status, body.freeze()));
            }
        }
    }
    judge(operation, status, body.freeze())
}

/// What a complete reply says.
fn judge(operation: &'static Operation, status: u16, body: Bytes) -> Result<Bytes, Error> {
    let by_status = matches!(operation.scheme, Scheme::AntBuddySha256 { .. });
    if status == 200 && !by_status && Envelope::is_success(&body) {
        return Ok(body);
    }
    let envelope = Envelope::read(&body);
    let blank = body.iter().all(u8::is_ascii_whitespace);
    let failed = |error: Error, words: Envelope| {
        Err(error
            .with_words(words.message, words.request_id)
            .with_reply(status, body.clone()))
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
        _ if by_status && blank => Ok(Bytes::from_static(b"{}")),
        Err(error) => Err(Error::unreadable("it is not JSON")
            .with_source(error)
            .with_reply(status, body)),
        Ok(envelope) if envelope.code.is_none() && !by_status => {
            failed(Error::unreadable("it has no result code"), envelope)
        }
        Ok(_) => Ok(body),
    }
}
