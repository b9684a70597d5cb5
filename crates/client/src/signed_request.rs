//! A signed request, exactly as it is sent.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method};
use nxcloud_signing::Timestamp;
use reqwest::Url;

use crate::{Error, Operation};

/// How long the platform accepts a `ts`.
const LIFETIME: Duration = Duration::from_secs(60);

/// A signed request: exactly what a call sends.
///
/// [`Session::presign`](crate::Session::presign) returns one without sending it.
/// [`CallOptions::on_signed`](crate::CallOptions::on_signed) observes the one of each attempt. Convert it into an [`http::Request`] to
/// send it with another HTTP client. Do not change its body, headers or URL. The platform accepts it until
/// [`expires_at`](Self::expires_at).
///
/// ```
/// use bytes::Bytes;
/// use nxcloud_client::{Error, Request, Session};
///
/// # fn send(request: http::Request<Bytes>) -> (u16, Bytes) { (200, request.into_body()) }
/// fn send_by_other_means<R: Request>(session: &Session, request: &R) -> Result<R::Reply, Error> {
///     let signed = session.presign(request)?;
///     let (status, body) = send(http::Request::try_from(signed)?); // your HTTP client
///     R::read_reply(status, body)
/// }
/// ```
///
/// `Debug` does not show the body, the query or the signature.
#[derive(Clone)]
pub struct SignedRequest {
    pub(crate) operation: &'static Operation,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) ts: Option<Timestamp>,
}

impl SignedRequest {
    /// The operation that the request calls.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The complete URL. Its query may contain phone numbers.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The headers, including those of the signature. The account and the signature are marked as sensitive.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The bytes of the body; empty for a request without a body. `None` for a multipart body: it is streamed, and the signature does
    /// not cover it.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// When the platform stops accepting the request: 60 s after its `ts`. `None` for `AntBuddy` requests, which carry no timestamp.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        let millis = self.ts?.millis()?;
        let signed_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))?;
        signed_at.checked_add(LIFETIME)
    }

    /// Converts it for the session's HTTP client.
    pub(crate) fn into_reqwest(self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        *request.body_mut() = self.body.map(reqwest::Body::from);
        request
    }
}

impl TryFrom<SignedRequest> for http::Request<Bytes> {
    type Error = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) for a multipart body: it has no bytes until it is sent.
    fn try_from(signed: SignedRequest) -> Result<Self, Error> {
        let Some(body) = signed.body else {
            let problem = "a multipart body is streamed and cannot be converted; send the request with the session";
            return Err(Error::invalid_request(std::io::Error::other(problem))
                .with_operation(signed.operation));
        };
        let mut request = http::Request::builder()
            .method(signed.method)
            .uri(signed.url.as_str())
            .body(body)
            .map_err(|error| {
                Error::configuration("the URL cannot be sent over HTTP; check the base URL")
                    .with_source(error)
                    .with_operation(signed.operation)
            })?;
        *request.headers_mut() = signed.headers;
        Ok(request)
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("operation", &self.operation.id)
            .field("method", &self.method)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}
