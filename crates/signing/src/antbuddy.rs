//! The `AntBuddy` scheme: SHA-256 over parameter values in documented order, then the secret.

use alloc::string::String;

use crate::block_buffer::{BlockBuffer, Compression};
use crate::canonical;
pub use crate::field::AppId;
use crate::{AntBuddySignature, Mismatch, Secret};

/// SHA-256 for a [`BlockBuffer`] message.
pub(crate) struct Sha256;

impl Compression for Sha256 {
    type State = [u32; 8];
    const INIT: Self::State = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    const BIG_ENDIAN: bool = true;

    #[inline(always)]
    fn compress(state: &mut Self::State, blocks: &[[u8; 64]]) {
        sha2::block_api::compress256(state, blocks);
    }
}

/// Signs and verifies `AntBuddy` requests for one account.
///
/// `values` are the values (before percent-encoding) of the sent parameters, in the documented order of the operation, including the app id
/// if the operation lists it. Leave out parameters that are not sent. Leaving out a value and passing an empty string result in the same
/// hash.
#[derive(Clone, Debug)]
pub struct Signer {
    app_id: AppId,
    secret: Secret,
}

impl Signer {
    /// A signer for one account.
    #[must_use]
    pub const fn new(app_id: AppId, secret: Secret) -> Self {
        Self { app_id, secret }
    }

    /// The app id, for the `x-auth-app-id` header or the `appId` parameter.
    #[must_use]
    pub const fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// The secret, to pass the account on.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The hash of the values, for the `hash` parameter. It does not allocate on the heap.
    #[must_use]
    pub fn sign(&self, values: &[&str]) -> AntBuddySignature {
        let mut message = BlockBuffer::<Sha256>::new();
        canonical::antbuddy(&mut message, values, self.secret.as_bytes());
        AntBuddySignature::from_words(message.finish().map(u32::swap_bytes))
    }

    /// The hash of the app id alone, for the `x-auth-app-hash` header.
    ///
    /// It is the same for every request of an account, and covers neither the path nor the body.
    #[must_use]
    pub fn sign_app_id(&self) -> AntBuddySignature {
        self.sign(&[self.app_id.as_str()])
    }

    /// Checks a claimed hash in constant time. It does not allocate on the heap.
    ///
    /// # Errors
    /// [`Mismatch`] if the claim is not exactly what [`sign`](Self::sign) returns.
    pub fn verify(&self, values: &[&str], claimed: &str) -> Result<(), Mismatch> {
        self.sign(values).check(claimed)
    }

    /// The hashed string with `***` in place of the secret, for debugging rejected hashes.
    #[must_use]
    pub fn masked_string_to_sign(&self, values: &[&str]) -> String {
        masked_string_to_sign(values)
    }
}

/// The hashed string of these values with `***` in place of the secret. Like [`Signer::masked_string_to_sign`], without a signer.
#[must_use]
pub fn masked_string_to_sign(values: &[&str]) -> String {
    let mut text = String::new();
    canonical::antbuddy(&mut text, values, canonical::MASK);
    text
}
