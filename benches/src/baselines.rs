//! Other implementations of the same signature, to compare with.

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::workload::{ACCESS_KEY, ACTION, BIZ_TYPE, SECRET, TS};

/// A straightforward implementation: formats a string, digests it, and encodes the digest as a hexadecimal string.
#[must_use]
pub fn naive(
    access_key: &str,
    action: &str,
    biz_type: &str,
    ts: &str,
    body: &str,
    secret: &str,
) -> String {
    let text = format!(
        "accessKey={access_key}&action={action}&bizType={biz_type}&ts={ts}&body={body}&accessSecret={secret}"
    );
    hex::encode(Md5::digest(text))
}

/// [`naive`] for a body of the [`workload`](crate::workload).
#[must_use]
pub fn naive_of(body: &str) -> String {
    naive(ACCESS_KEY, ACTION, BIZ_TYPE, TS, body, SECRET)
}

/// An implementation without a string: adds each part to the digest and writes the hexadecimal digits into an array.
#[must_use]
pub fn streaming_of(body: &str) -> [u8; 32] {
    let mut md5 = Md5::new();
    for piece in [
        "accessKey=",
        ACCESS_KEY,
        "&action=",
        ACTION,
        "&bizType=",
        BIZ_TYPE,
        "&ts=",
        TS,
        "&body=",
        body,
        "&accessSecret=",
        SECRET,
    ] {
        md5.update(piece);
    }
    let mut hex = [0; 32];
    // Cannot fail: the output is exactly twice as long as the input.
    let _ = hex::encode_to_slice(md5.finalize(), &mut hex);
    hex
}

/// Only the digest of a prepared string.
#[must_use]
pub fn bare_md5(text: &[u8]) -> [u8; 16] {
    Md5::digest(text).into()
}

/// Only the digest of a prepared string.
#[must_use]
pub fn bare_sha256(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// A straightforward implementation of the `AntBuddy` hash.
#[must_use]
pub fn naive_antbuddy(values: &[&str], secret: &str) -> String {
    hex::encode(Sha256::digest(format!("{}{secret}", values.concat())))
}

/// OpenSSL's one-shot MD5 in hand-written assembly, below its EVP layer.
#[cfg(feature = "openssl")]
#[expect(unsafe_code, reason = "a C function")]
#[must_use]
pub fn openssl_md5(text: &[u8]) -> [u8; 16] {
    // Links libcrypto.
    use openssl_sys as _;
    unsafe extern "C" {
        fn MD5(data: *const u8, length: usize, digest: *mut u8) -> *mut u8;
    }
    let mut digest = [0; 16];
    // SAFETY: the function reads `length` bytes from `data` and writes 16 to `digest`; both point to live memory of that size.
    unsafe { MD5(text.as_ptr(), text.len(), digest.as_mut_ptr()) };
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{body, request, signer, string_to_sign};

    #[test]
    fn all_implementations_make_the_same_signature() {
        for length in [97, 172, 1_500] {
            let body = body(length);
            let text = string_to_sign(&body);
            let signature = signer().sign(&request(&body));
            assert_eq!(signature, *naive_of(&body));
            assert_eq!(signature.as_bytes(), &streaming_of(&body));
            assert_eq!(signature, *hex::encode(bare_md5(text.as_bytes())));
            #[cfg(feature = "openssl")]
            assert_eq!(signature, *hex::encode(openssl_md5(text.as_bytes())));
        }
    }
}
