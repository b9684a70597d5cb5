//! The canonical form of both schemes. Each is defined once, generic over its destination.

use alloc::string::String;

use crate::{AccessKey, Request};

/// The destination of a canonical string.
pub(crate) trait Sink<'a> {
    /// Receives the next piece.
    fn put(&mut self, piece: &'a [u8]);
}

/// `accessKey=…&action=…&bizType=…&ts=…[&body=…]&accessSecret=…`
#[inline(always)]
pub(crate) fn nxcloud<'a, S: Sink<'a>>(
    sink: &mut S,
    access_key: &'a AccessKey,
    request: &'a Request<'_>,
    secret: &'a [u8],
) {
    sink.put(b"accessKey=");
    sink.put(access_key.as_str().as_bytes());
    sink.put(b"&action=");
    sink.put(request.action.as_str().as_bytes());
    sink.put(b"&bizType=");
    sink.put(request.biz_type.as_str().as_bytes());
    sink.put(b"&ts=");
    sink.put(request.ts.as_bytes());
    let body = request.body.signed_bytes();
    if !body.is_empty() {
        sink.put(b"&body=");
        sink.put(body);
    }
    sink.put(b"&accessSecret=");
    sink.put(secret);
}

/// The values one after another without a separator, then the secret.
#[inline(always)]
pub(crate) fn antbuddy<'a, S: Sink<'a>>(sink: &mut S, values: &[&'a str], secret: &'a [u8]) {
    for value in values {
        sink.put(value.as_bytes());
    }
    sink.put(secret);
}

/// Replaces the secret in readable strings.
pub(crate) const MASK: &[u8] = b"***";

/// A readable string: bytes that are not UTF-8 become U+FFFD.
impl Sink<'_> for String {
    fn put(&mut self, piece: &[u8]) {
        self.push_str(&String::from_utf8_lossy(piece));
    }
}
