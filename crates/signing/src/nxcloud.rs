//! The NXCLOUD scheme: MD5 over the header parameters, the body and the secret.

use alloc::string::String;

use crate::block_buffer::BlockBuffer;
use crate::canonical::{self, Sink};
use crate::md5::Md5;
use crate::{AccessKey, Mismatch, Request, Secret, Signature};

/// Signs and verifies NXCLOUD requests for one account.
#[derive(Clone, Debug)]
pub struct Signer {
    access_key: AccessKey,
    secret: Secret,
}

impl Signer {
    /// A signer for one account.
    #[must_use]
    pub const fn new(access_key: AccessKey, secret: Secret) -> Self {
        Self { access_key, secret }
    }

    /// The access key, for the `accessKey` header.
    #[must_use]
    pub const fn access_key(&self) -> &AccessKey {
        &self.access_key
    }

    /// The secret, to pass the account on.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The signature of a request, for the `sign` header. It does not allocate on the heap.
    #[must_use]
    pub fn sign(&self, request: &Request<'_>) -> Signature {
        let mut message = BlockBuffer::<Md5>::new();
        self.write(&mut message, request);
        Signature::from_words(message.finish())
    }

    /// Checks a claimed signature in constant time. It does not allocate on the heap.
    ///
    /// The platform documents lowercase signatures, so an uppercase claim is a mismatch.
    ///
    /// # Errors
    /// [`Mismatch`] if the claim is not exactly what [`sign`](Self::sign) returns.
    pub fn verify(&self, request: &Request<'_>, claimed: &str) -> Result<(), Mismatch> {
        self.sign(request).check(claimed)
    }

    /// The string to sign with `***` in place of the secret, for debugging rejected signatures.
    ///
    /// It contains the body, so treat it as confidential. Bytes of the body that are not UTF-8 appear as U+FFFD.
    #[must_use]
    pub fn masked_string_to_sign(&self, request: &Request<'_>) -> String {
        request.masked_string_to_sign(&self.access_key)
    }

    #[inline(always)]
    pub(crate) fn write<'a, S: Sink<'a>>(&'a self, sink: &mut S, request: &'a Request<'_>) {
        canonical::nxcloud(sink, &self.access_key, request, self.secret.as_bytes());
    }
}

impl Request<'_> {
    /// The string to sign with `***` in place of the secret. Like [`Signer::masked_string_to_sign`], without a signer. It contains the body.
    #[must_use]
    pub fn masked_string_to_sign(&self, access_key: &AccessKey) -> String {
        let mut text = String::new();
        canonical::nxcloud(&mut text, access_key, self, canonical::MASK);
        text
    }
}
