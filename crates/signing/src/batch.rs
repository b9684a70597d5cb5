//! Many requests at once.

use core::fmt;

use crate::canonical::Sink;
use crate::md5::batch::{Batch, digest};
use crate::md5::lanes::{LaneChoice, Lanes};
use crate::{Mismatch, Request, Signature, Signer};

/// A batch whose buffers do not fit together. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchError {
    /// The buffer for the results is shorter than the batch.
    ResultsTooShort {
        /// Requests in the batch.
        needed: usize,
        /// Places in the buffer.
        provided: usize,
    },
    /// There are not as many claimed signatures as requests.
    ClaimsDiffer {
        /// Requests in the batch.
        requests: usize,
        /// Claimed signatures.
        claims: usize,
    },
    /// This CPU does not have the instructions of the wanted lanes.
    LanesUnavailable(Lanes),
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResultsTooShort { needed, provided } => {
                write!(
                    f,
                    "a batch of {needed} needs as many results, the buffer holds {provided}"
                )
            }
            Self::ClaimsDiffer { requests, claims } => {
                write!(
                    f,
                    "a batch of {requests} came with {claims} claimed signatures"
                )
            }
            Self::LanesUnavailable(lanes) => write!(f, "this CPU cannot do {lanes}"),
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

/// Batches sign and verify exactly as [`sign`](Signer::sign) and [`verify`](Signer::verify) do, several requests side by
/// side in vector registers. They do not allocate on the heap.
impl Signer {
    /// Signs a batch: the signature of `requests[i]` goes to `signatures[i]`; further places stay as they are.
    ///
    /// It pays from two requests on, and most from 16 or 32 on; the requests may be of different lengths.
    ///
    /// # Errors
    /// [`BatchError::ResultsTooShort`] if there are more requests than places for signatures.
    pub fn sign_batch(
        &self,
        requests: &[Request<'_>],
        signatures: &mut [Signature],
    ) -> Result<(), BatchError> {
        self.sign_chosen(LaneChoice::best(), requests, signatures)
    }

    /// [`sign_batch`](Self::sign_batch) with the lanes named: for measurements and tests.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch), and [`BatchError::LanesUnavailable`] if the CPU cannot do it.
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

    /// Verifies a batch: `verdicts[i]` says whether `claims[i]` is the signature of `requests[i]`; further places stay as
    /// they are. Each comparison takes constant time.
    ///
    /// # Errors
    /// [`BatchError::ClaimsDiffer`] if there are not as many claims as requests, [`BatchError::ResultsTooShort`] if there are
    /// more requests than places for verdicts.
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

    /// [`sign_batch`](Self::sign_batch) on all cores, for batches of many thousands.
    ///
    /// A batch of fewer than 8,192 requests stays on the calling thread: handing it out would cost more than it saves. The
    /// threads are those of the current `rayon` pool.
    ///
    /// # Errors
    /// [`BatchError::ResultsTooShort`] if there are more requests than places for signatures.
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

/// Requests that keep a thread busy for long enough to be worth its while: some 200 microseconds of short ones.
#[cfg(feature = "rayon")]
const PARALLEL_CHUNK: usize = 4_096;
