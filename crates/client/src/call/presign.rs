//! Requests that are signed and not sent: for other HTTP clients, queues and dry runs.

use crate::call::request::Request;
use crate::call::sign::Signing;
use crate::{Error, Session, SignedRequest};

/// So many requests of a batch are kept unsigned at a time. A multiple of every number of lanes.
const CHUNK: usize = 1024;

impl Session {
    /// Signs a request without sending it: to send it by other means within 60 s, or to look at it. Limits are checked as for a
    /// call.
    ///
    /// Whoever sends it decides about repeating it; see [`Request::read_reply`] for what the platform answers.
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
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when the request breaks a documented limit, and
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the session has no account for the operation.
    pub fn presign<R: Request>(&self, request: &R) -> Result<SignedRequest, Error> {
        let prepare = || {
            let prepared = self.prepare(request, "")?;
            let signing = Signing::new(self, R::OPERATION)?;
            signing.sign(&prepared, self.clock().read().ts())
        };
        prepare().map_err(|error: Error| error.with_operation(R::OPERATION))
    }

    /// Signs many requests of one operation, all for this moment, in the vector registers of the CPU. Nothing is sent.
    ///
    /// They all expire 60 s after this moment: sign as many as can be sent in that time, then the next ones.
    ///
    /// # Errors
    ///
    /// As [`presign`](Self::presign). A request that breaks a limit is named by its place: `[3].phone`.
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
