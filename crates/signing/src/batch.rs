//! Batches of requests.

use core::fmt;

use crate::canonical::Sink;
use crate::md5::batch::{Batch, digest};
use crate::md5::lanes::{LaneChoice, Lanes};
use crate::{Mismatch, Request, Signature, Signer};

/// A batch cannot be processed. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchError {
    /// The buffer for the results is shorter than the batch.
    ResultsTooShort {
        /// The number of requests.
        needed: usize,
        /// The length of the buffer.
        provided: usize,
    },
    /// The numbers of requests and claimed signatures differ.
    ClaimsDiffer {
        /// The number of requests.
        requests: usize,
        /// The number of claimed signatures.
        claims: usize,
    },
    /// This CPU does not have the instructions of these lanes.
    LanesUnavailable(Lanes),
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResultsTooShort { needed, provided } => {
                write!(
                    f,
                    "the buffer has room for {provided} results, but the batch has {needed} requests; make it longer"
                )
            }
            Self::ClaimsDiffer { requests, claims } => {
                write!(
                    f,
                    "there are {claims} claimed signatures for {requests} requests; pass one per request"
                )
            }
            Self::LanesUnavailable(lanes) => {
                write!(f, "this CPU does not support {lanes}; use other lanes")
            }
        }
    }
}

impl core::error::Error for BatchError {}

/// Requests to sign.
struct Signing<'a> {
    signer: &'a Signer,
    requests: &'a [Request<'a>],
    signatures: &'a mut [Signature],
}

impl Batch for Signing<'_> {
    #[inline(always)]
    fn write<'m, S: Sink<'m>>(&'m self, index: usize, sink: &mut S) {
        self.signer.write(sink, &self.requests[index]);
    }

    #[inline(always)]
    fn take(&mut self, index: usize, signature: Signature) {
        self.signatures[index] = signature;
    }
}

/// Requests to verify.
struct Verifying<'a> {
    signer: &'a Signer,
    requests: &'a [Request<'a>],
    claims: &'a [&'a str],
    verdicts: &'a mut [Result<(), Mismatch>],
}

impl Batch for Verifying<'_> {
    #[inline(always)]
    fn write<'m, S: Sink<'m>>(&'m self, index: usize, sink: &mut S) {
        self.signer.write(sink, &self.requests[index]);
    }

    #[inline(always)]
    fn take(&mut self, index: usize, signature: Signature) {
        self.verdicts[index] = signature.check(self.claims[index]);
    }
}

/// Batches have the same results as [`sign`](Signer::sign) and [`verify`](Signer::verify), but hash several requests in parallel with SIMD
/// instructions. They do not allocate on the heap.
impl Signer {
    /// Signs a batch: writes the signature of `requests[i]` to `signatures[i]`. Further elements of `signatures` stay unchanged.
    ///
    /// It is faster than single signatures from two requests on, and fastest from 16 or 32 on. Requests may have different lengths.
    ///
    /// # Errors
    /// [`BatchError::ResultsTooShort`] if `signatures` is shorter than `requests`.
    pub fn sign_batch(
        &self,
        requests: &[Request<'_>],
        signatures: &mut [Signature],
    ) -> Result<(), BatchError> {
        self.sign_chosen(LaneChoice::best(), requests, signatures)
    }

    /// Like [`sign_batch`](Self::sign_batch), with explicit lanes, for benchmarks and tests.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch), and [`BatchError::LanesUnavailable`] if the CPU does not support the lanes.
    pub fn sign_batch_in(
        &self,
        lanes: Lanes,
        requests: &[Request<'_>],
        signatures: &mut [Signature],
    ) -> Result<(), BatchError> {
        if !lanes.is_available() {
            return Err(BatchError::LanesUnavailable(lanes));
        }
        self.sign_chosen(LaneChoice::Forced(lanes), requests, signatures)
    }

    fn sign_chosen(
        &self,
        choice: LaneChoice,
        requests: &[Request<'_>],
        signatures: &mut [Signature],
    ) -> Result<(), BatchError> {
        let (needed, provided) = (requests.len(), signatures.len());
        let Some(signatures) = signatures.get_mut(..needed) else {
            return Err(BatchError::ResultsTooShort { needed, provided });
        };
        let mut batch = Signing {
            signer: self,
            requests,
            signatures,
        };
        digest(&mut batch, needed, choice);
        Ok(())
    }

    /// Verifies a batch: writes to `verdicts[i]` whether `claims[i]` is the signature of `requests[i]`. Further elements of `verdicts` stay
    /// unchanged. Each comparison takes constant time.
    ///
    /// # Errors
    /// [`BatchError::ClaimsDiffer`] if `claims` and `requests` differ in length, [`BatchError::ResultsTooShort`] if `verdicts` is shorter than
    /// `requests`.
    pub fn verify_batch(
        &self,
        requests: &[Request<'_>],
        claims: &[&str],
        verdicts: &mut [Result<(), Mismatch>],
    ) -> Result<(), BatchError> {
        let (needed, provided) = (requests.len(), verdicts.len());
        if claims.len() != needed {
            return Err(BatchError::ClaimsDiffer {
                requests: needed,
                claims: claims.len(),
            });
        }
        let Some(verdicts) = verdicts.get_mut(..needed) else {
            return Err(BatchError::ResultsTooShort { needed, provided });
        };
        let mut batch = Verifying {
            signer: self,
            requests,
            claims,
            verdicts,
        };
        digest(&mut batch, needed, LaneChoice::best());
        Ok(())
    }

    /// Like [`sign_batch`](Self::sign_batch), on all cores, for batches of many thousands of requests.
    ///
    /// It uses the threads of the current `rayon` pool. Batches of fewer than 8,192 requests are signed on the calling thread, because other
    /// threads would cost more than they save.
    ///
    /// # Errors
    /// [`BatchError::ResultsTooShort`] if `signatures` is shorter than `requests`.
    #[cfg(feature = "rayon")]
    pub fn par_sign_batch(
        &self,
        requests: &[Request<'_>],
        signatures: &mut [Signature],
    ) -> Result<(), BatchError> {
        use rayon::prelude::*;

        let (needed, provided) = (requests.len(), signatures.len());
        if needed < 2 * PARALLEL_CHUNK || provided < needed {
            return self.sign_batch(requests, signatures);
        }
        let requests = requests.par_chunks(PARALLEL_CHUNK);
        let signatures = signatures.par_chunks_mut(PARALLEL_CHUNK);
        requests
            .zip(signatures)
            .try_for_each(|(requests, signatures)| self.sign_batch(requests, signatures))
    }
}

/// The number of requests per thread: enough to keep it busy for some 200 microseconds.
#[cfg(feature = "rayon")]
const PARALLEL_CHUNK: usize = 4_096;
