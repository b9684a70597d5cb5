//! Turns a typed request into an unsigned HTTP request: the generated code builds it, and the hook captures it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Url;

use crate::call::request::Request;
use crate::types::validate::Validator;
use crate::{Error, Operation, Session, SignedRequest};

/// The largest number of headers that a signature adds.
const SIGNATURE_HEADERS: usize = 5;

/// An unsigned request. Every attempt signs a copy of it.
pub(crate) struct Prepared {
    pub(crate) operation: &'static Operation,
    pub(crate) url: Url,
    /// `None` if the body is a form.
    pub(crate) body: Option<Bytes>,
    method: Method,
    content_type: Option<HeaderValue>,
    #[cfg(feature = "uploads")]
    pub(crate) form: Option<super::upload::Form>,
}

impl Prepared {
    fn new(operation: &'static Operation, mut request: reqwest::Request) -> Result<Self, Error> {
        let body = match request.body().map(reqwest::Body::as_bytes) {
            None => Bytes::new(),
            Some(Some(bytes)) => Bytes::copy_from_slice(bytes),
            Some(None) => {
                let problem = "a streamed body cannot be signed; pass the body as bytes";
                return Err(Error::configuration(problem));
            }
        };
        // In the specs, a fragment distinguishes operations that share a URL. It is never sent.
        request.url_mut().set_fragment(None);
        Ok(Self {
            operation,
            method: request.method().clone(),
            url: request.url().clone(),
            // The only header that the generated code sets for the platform.
            content_type: request.headers_mut().remove(CONTENT_TYPE),
            body: Some(body),
            #[cfg(feature = "uploads")]
            form: None,
        })
    }

    /// Replaces the generated body with a multipart form.
    #[cfg(feature = "uploads")]
    fn with_form(mut self, form: super::upload::Form) -> Self {
        // The octet-stream type of the generated body would take precedence over that of the form.
        self.content_type = None;
        self.body = None;
        self.form = Some(form);
        self
    }

    /// A copy to which the signature is added.
    pub(crate) fn copy(&self) -> SignedRequest {
        let mut headers = HeaderMap::with_capacity(2 + SIGNATURE_HEADERS);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(content_type) = &self.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        SignedRequest {
            operation: self.operation,
            method: self.method.clone(),
            url: self.url.clone(),
            headers,
            body: self.body.clone(),
            ts: None,
        }
    }
}

impl Session {
    /// Checks and builds a request. `place` is the prefix of paths in violations.
    pub(crate) fn prepare<R: Request>(&self, request: &R, place: &str) -> Result<Prepared, Error> {
        self.check(request, place)?;
        let call = Call::new(self, R::OPERATION)?;
        // The generated code awaits only the hook, which captures the request and never completes.
        let result = request.build(call.clone()).now_or_never();
        match (call.built(), result) {
            (Some(built), _) => {
                let prepared = Prepared::new(R::OPERATION, built)?;
                #[cfg(feature = "uploads")]
                if let Some(form) = call.0.form.get() {
                    return Ok(prepared.with_form(form.clone()));
                }
                Ok(prepared)
            }
            (None, Some(Err(progenitor_client::Error::CommunicationError(error)))) => {
                Err(Error::transport(error, false))
            }
            (None, Some(Err(error))) => Err(Error::configuration(error.to_string())),
            (None, _) => Err(Error::configuration(
                "the generated code did not build the request; report this as a bug",
            )),
        }
    }

    /// Checks the documented limits. With local checks off, checks only values that would change the URL.
    fn check<R: Request>(&self, request: &R, place: &str) -> Result<(), Error> {
        let checked = if self.local_checks() {
            Validator::run_at(place, request)
        } else {
            Validator::run_urls(request)
        };
        checked.map_err(Error::invalid_request)
    }
}

/// One call, from the generated code's point of view: the inner value of the generated client. Its hook calls [`exec`](Self::exec).
#[derive(Clone)]
pub struct Call(Arc<Inner>);

struct Inner {
    operation: &'static Operation,
    base_url: String,
    http: reqwest::Client,
    built: Mutex<Option<reqwest::Request>>,
    #[cfg(feature = "uploads")]
    form: std::sync::OnceLock<super::upload::Form>,
}

impl Call {
    fn new(session: &Session, operation: &'static Operation) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            operation,
            base_url: session.base_url_for(operation.base_url)?,
            http: session.http().clone(),
            built: Mutex::default(),
            #[cfg(feature = "uploads")]
            form: std::sync::OnceLock::new(),
        })))
    }

    fn built(&self) -> Option<reqwest::Request> {
        let mut built = self.0.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.take()
    }

    /// The base URL of the generated client.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.0.base_url.clone()
    }

    /// The HTTP client of the generated client.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        self.0.http.clone()
    }

    /// Sets the multipart body of the call. It replaces the generated client's body.
    #[cfg(feature = "uploads")]
    #[must_use]
    pub fn with_form(self, form: super::upload::Form) -> Self {
        // Called once per call, so no earlier form is lost.
        let _ = self.0.form.set(form);
        self
    }

    /// The hook of the generated client. It captures the request and never completes, so the generated code cannot send anything; the
    /// session signs and sends the request.
    ///
    /// # Errors
    ///
    /// None. The hook's signature requires the return type.
    pub async fn exec(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        *self.0.built.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        std::future::pending().await
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.0.operation.id)
            .finish_non_exhaustive()
    }
}
