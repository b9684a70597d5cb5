//! Requests that are signed and not sent: for other HTTP clients, queues and dry runs.

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use reqwest::Body;
use reqwest::header::CONTENT_TYPE;

use crate::call::request::Request;
use crate::call::sign::Signing;
use crate::call::{Call, Mode};
use crate::types::validate::Validator;
use crate::{Error, Session, SignedRequest};

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
            let mut prepared = self.prepare(request, "")?;
            let signing = Signing::new(self, R::OPERATION)?;
            let ts = self.clock().read().ts();
            let string_to_sign = signing.sign(&mut prepared, ts, true)?.unwrap_or_default();
            let ts = signing.has_ts().then_some(ts);
            Ok(SignedRequest::new(
                R::OPERATION,
                &prepared,
                ts,
                string_to_sign,
            ))
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
            let mut prepared = Vec::with_capacity(requests.len());
            for (index, request) in requests.iter().enumerate() {
                prepared.push(self.prepare(request, &format!("[{index}]"))?);
            }
            let ts = self.clock().read().ts();
            let strings = signing.sign_batch(&mut prepared, ts)?;
            let ts = signing.has_ts().then_some(ts);
            let signed = prepared.iter().zip(strings);
            Ok(signed
                .map(|(request, string)| SignedRequest::new(R::OPERATION, request, ts, string))
                .collect())
        };
        prepare().map_err(|error: Error| error.with_operation(R::OPERATION))
    }

    /// The HTTP request, unsigned. `place` is written before the paths of broken limits.
    fn prepare<R: Request>(&self, request: &R, place: &str) -> Result<reqwest::Request, Error> {
        self.check(request, place)?;
        let call = Call::new(self, R::OPERATION, Mode::Prepare)?;
        // The generated code waits for nothing but the hook, and the hook only keeps the request.
        let result = request.execute(call.clone()).now_or_never();
        let prepared = call.state().request.take();
        match (prepared, result) {
            (Some(mut request), _) if call.has_form() => {
                // A body without bytes in memory: the form is written while it is sent.
                request.headers_mut().remove(CONTENT_TYPE);
                *request.body_mut() =
                    Some(Body::wrap_stream(stream::empty::<Result<Bytes, Error>>()));
                Ok(request)
            }
            (Some(request), _) => Ok(request),
            (None, Some(Err(error))) => Err(crate::call::not_built(error)),
            (None, _) => Err(Error::configuration("the request was not built")),
        }
    }

    /// Checks the documented limits; with local checks off only what would change the URL.
    pub(crate) fn check<R: Request>(&self, request: &R, place: &str) -> Result<(), Error> {
        let checked = if self.local_checks() {
            Validator::run_at(place, request)
        } else {
            Validator::run_urls(request)
        };
        checked.map_err(Error::invalid_request)
    }
}
