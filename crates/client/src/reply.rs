//! Reading a reply: to its end, and its envelope.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use crate::envelope::Envelope;
use crate::verdict::{ReplyCode, Verdict, verdict};
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

/// What a complete reply says: its body if it says success.
fn judge(operation: &'static Operation, status: u16, body: Bytes) -> Result<Bytes, Error> {
    let by_status = matches!(operation.scheme, Scheme::AntBuddySha256 { .. });
    if !by_status && (200..300).contains(&status) && Envelope::is_success(&body) {
        return Ok(body);
    }
    let envelope = Envelope::read(&body);
    let code = envelope
        .as_ref()
        .map_or(ReplyCode::None, |envelope| envelope.code);
    let is_blank = body.iter().all(u8::is_ascii_whitespace);
    let verdict = if by_status {
        let message = envelope
            .as_ref()
            .ok()
            .and_then(|envelope| envelope.message.as_ref());
        let readable = envelope.is_ok() || is_blank;
        antbuddy(operation, status, code, readable, message.is_some())
    } else {
        verdict(status, code)
    };
    let error = match verdict {
        // Operations of AntBuddy may answer success without a body.
        Verdict::Success if is_blank => return Ok(Bytes::from_static(b"{}")),
        Verdict::Success => return Ok(body),
        Verdict::Code(code) => Error::refused(operation, code),
        Verdict::Failed { outcome, temporary } => {
            let error = Error::reply(status, outcome, temporary);
            match (code, &envelope) {
                (ReplyCode::One(_), _) => {
                    error.with_detail("its result code says success, its HTTP status does not")
                }
                (ReplyCode::Conflicting, _) => {
                    error.with_detail("it has several different result codes")
                }
                (ReplyCode::None, _) if status != 200 => error,
                (ReplyCode::None, Ok(_)) => error.with_detail("it has no result code"),
                (ReplyCode::None, Err(_)) => error.with_detail("it is not JSON"),
            }
        }
    };
    let error = match envelope {
        Ok(envelope) => error.with_words(envelope.message, envelope.request_id),
        Err(source) if status == 200 => error.with_source(source),
        Err(_) => error,
    };
    Err(error.with_reply(status, body))
}

/// The verdict on a reply of `AntBuddy`, which answers by HTTP status and documents neither an envelope nor codes.
fn antbuddy(
    operation: &Operation,
    status: u16,
    code: ReplyCode,
    readable: bool,
    has_message: bool,
) -> Verdict {
    if status == 200 && readable && code != ReplyCode::Conflicting {
        return Verdict::Success;
    }
    // A page or an empty body may come from something in between, and then nobody knows what happened behind it.
    let contradicts = matches!(code, ReplyCode::One(Code::SUCCESS) | ReplyCode::Conflicting);
    let documented = Code::new(i64::from(status));
    if has_message && !contradicts && operation.code_info(documented).is_some() {
        return Verdict::Code(documented);
    }
    verdict(status, code)
}
