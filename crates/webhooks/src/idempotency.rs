//! Keys for deduplication.

use std::fmt;

use nxcloud_client::codegen::Value;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Identifies an event, so that repeats can be recognised: the SHA-256 of the service, the push and its identifying fields, written as 64
/// hexadecimal digits.
///
/// It is a digest because the fields can contain phone numbers, and keys end up in stores and logs. The key of the same fields is the same
/// in every version of this crate and for every transport, and whether a number is a JSON number or a string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey([u8; 32]);

impl IdempotencyKey {
    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({self})")
    }
}

/// Builds a key. Generated code uses it.
#[allow(
    dead_code,
    reason = "not every set of services has paths of every sort"
)]
pub(crate) struct KeyBuilder {
    digest: Sha256,
    complete: bool,
}

#[allow(
    dead_code,
    reason = "not every set of services has paths of every sort"
)]
impl KeyBuilder {
    /// Starts the key of a push.
    pub(crate) fn new(service: &str, push: &str) -> Self {
        let mut key = Self {
            digest: Sha256::new(),
            complete: true,
        };
        key.text(service);
        key.text(push);
        key
    }

    /// Adds a field. Without a value there is no key, because different events would share it. The same applies to a value with U+FFFD,
    /// which replaces invalid bytes.
    pub(crate) fn part(&mut self, value: &impl Serialize) {
        match serde_json::to_value(value) {
            // Surrounding spaces come from the transport and do not distinguish events.
            Ok(Value::String(text)) if !text.trim().is_empty() && !text.contains('\u{fffd}') => {
                self.text(text.trim());
            }
            Ok(Value::Number(number)) => self.text(&number.to_string()),
            Ok(Value::Bool(flag)) => self.text(if flag { "true" } else { "false" }),
            _ => self.complete = false,
        }
    }

    /// Announces the number of list elements that follow. An empty list gives no key.
    pub(crate) fn elements(&mut self, count: usize) {
        self.complete &= count > 0;
        self.text(&count.to_string());
    }

    /// Records that an object on the path to a field is absent, so there is no key.
    pub(crate) fn absent(&mut self) {
        self.complete = false;
    }

    pub(crate) fn finish(self) -> Option<IdempotencyKey> {
        self.complete
            .then(|| IdempotencyKey(self.digest.finalize().into()))
    }

    /// Adds a text with its length, so that different lists of parts never give the same input.
    fn text(&mut self, text: &str) {
        self.digest.update((text.len() as u64).to_be_bytes());
        self.digest.update(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parts: &[Option<&str>]) -> Option<IdempotencyKey> {
        let mut key = KeyBuilder::new("sms", "sms_receipt");
        parts.iter().for_each(|part| key.part(part));
        key.finish()
    }

    #[test]
    fn parts_are_separated() {
        assert_eq!(key(&[Some("a"), Some("b")]), key(&[Some("a"), Some("b")]));
        assert_ne!(key(&[Some("ab"), Some("c")]), key(&[Some("a"), Some("bc")]));
        assert_ne!(key(&[Some("a"), Some("b")]), key(&[Some("b"), Some("a")]));
    }

    #[test]
    fn a_missing_part_gives_no_key() {
        assert_eq!(key(&[Some("a"), None]), None);
        assert_eq!(key(&[Some(""), Some("b")]), None);
        assert_eq!(key(&[Some("4711\u{fffd}"), Some("b")]), None);
    }

    #[test]
    fn keys_never_change_because_stores_keep_them() {
        let key = key(&[Some("202611210001"), Some("2")]).unwrap();
        assert_eq!(key.to_string(), PINNED);
        assert_eq!(key.as_bytes().len(), 32);
    }

    // printf '\0\0\0\0\0\0\0\003sms\0\0\0\0\0\0\0\013sms_receipt\0\0\0\0\0\0\0\014202611210001\0\0\0\0\0\0\0\0012' | sha256sum
    const PINNED: &str = "e1ec3e5d52e271b08b0e3213e0a226e5e5b18fdb47d545c48b204c99dc4cc69e";
}
