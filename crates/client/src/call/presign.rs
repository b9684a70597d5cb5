//! Signs requests without sending them: for other HTTP clients, queues and dry runs.

use crate::call::request::Request;
use crate::call::sign::Signing;
use crate::{Error, Session, SignedRequest};

/// The number of requests of a batch that are prepared at a time. A multiple of every SIMD lane count.
const CHUNK: usize = 1024;

impl Session {
    /// Signs a request without sending it. Send it with another HTTP client within 60 s, or inspect it. Limits are checked as for a
    /// call.
    ///
    /// No retry policy applies: you decide whether to repeat it. Read the platform's reply with [`Request::read_reply`].
    ///
    /// ```
    /// # use nxcloud_client::{Request, Session, SignedRequest};
    /// # fn presigned<R: Request>(session: &Session, request: &R) -> Result<(), Box<dyn std::error::Error>> {
    /// let signed: SignedRequest = session.presign(request)?;
    /// let request = http::Request::<bytes::Bytes>::try_from(signed)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if the request breaks a documented limit, and
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the session has no account for the operation.
    pub fn presign<R: Request>(&self, request: &R) -> Result<SignedRequest, Error> {
        let prepare = || {
            let prepared = self.prepare(request, "")?;
            let signing = Signing::new(self, R::OPERATION)?;
            signing.sign(&prepared, self.clock().read().ts())
        };
        prepare().map_err(|error: Error| error.with_operation(R::OPERATION))
    }

    /// Signs many requests of one operation, all with the same timestamp, using SIMD instructions. Nothing is sent.
    ///
    /// All of them expire 60 s later. Sign only as many as you can send in that time, then sign the next ones.
    ///
    /// ```
    /// # use nxcloud_client::{Error, Request, Session, SignedRequest};
    /// # fn presign_all<R: Request>(session: &Session, requests: &[R]) -> Result<(), Error> {
    /// for requests in requests.chunks(10_000) {
    ///     let signed: Vec<SignedRequest> = session.presign_batch(requests)?;
    ///     // Send these before you sign the next ones.
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`presign`](Self::presign). The error names the index of the request that breaks a limit: `[3].phone`.
    pub fn presign_batch<R: Request>(&self, requests: &[R]) -> Result<Vec<SignedRequest>, Error> {
        let prepare = || {
            let signing = Signing::new(self, R::OPERATION)?;
            let ts = self.clock().read().ts();
            let mut signed = Vec::with_capacity(requests.len());
            while signed.len() < requests.len() {
                let rest = requests.iter().enumerate().skip(signed.len());
                let prepared: Vec<_> = rest
                    .take(CHUNK)
                    .map(|(index, request)| self.prepare(request, &format!("[{index}]")))
                    .collect::<Result<_, _>>()?;
                signed.extend(signing.sign_batch(&prepared, ts)?);
            }
            Ok(signed)
        };
        prepare().map_err(|error: Error| error.with_operation(R::OPERATION))
    }
}
