//! From a typed request to an HTTP request, unsigned: the generated code builds it, and the hook keeps it.

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

/// The most headers that a signature adds.
const SIGNATURE_HEADERS: usize = 5;

/// A request before it is signed. Every attempt is made from it.
pub(crate) struct Prepared {
    pub(crate) operation: &'static Operation,
    pub(crate) url: Url,
    /// `None` where there is a form instead.
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
                let problem = "a streamed body cannot be signed; this operation needs it whole";
                return Err(Error::configuration(problem));
            }
        };
        // A fragment says in the spec which operation it is, and is never sent.
        request.url_mut().set_fragment(None);
        Ok(Self {
            operation,
            method: request.method().clone(),
            url: request.url().clone(),
            // The only header of the generated code that is the platform's.
            content_type: request.headers_mut().remove(CONTENT_TYPE),
            body: Some(body),
            #[cfg(feature = "uploads")]
            form: None,
        })
    }

    /// With a multipart body in the place of the generated code's.
    #[cfg(feature = "uploads")]
    fn with_form(mut self, form: super::upload::Form) -> Self {
        // The octet-stream type of the empty body would win over that of the form.
        self.content_type = None;
        self.body = None;
        self.form = Some(form);
        self
    }

    /// A copy that the signature is put on.
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
    /// Checks a request and builds it. `place` is written before the paths of broken limits.
    pub(crate) fn prepare<R: Request>(&self, request: &R, place: &str) -> Result<Prepared, Error> {
        self.check(request, place)?;
        let call = Call::new(self, R::OPERATION)?;
        // The generated code waits for nothing but the hook, which keeps the request and does not answer.
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
            (None, _) => Err(Error::configuration("the request was not built")),
        }
    }

    /// Checks the documented limits; with local checks off only what would change the URL.
    fn check<R: Request>(&self, request: &R, place: &str) -> Result<(), Error> {
        let checked = if self.local_checks() {
            Validator::run_at(place, request)
        } else {
            Validator::run_urls(request)
        };
        checked.map_err(Error::invalid_request)
    }
}

/// One call as the generated code sees it: the inner value of the generated client, whose hook calls [`exec`](Self::exec).
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

    /// Gives the call its multipart body, which takes the place of the generated client's.
    #[cfg(feature = "uploads")]
    #[must_use]
    pub fn with_form(self, form: super::upload::Form) -> Self {
        // Set once a call, so there is nothing to lose.
        let _ = self.0.form.set(form);
        self
    }

    /// The hook of the generated client. It keeps the request and never answers: the session signs and sends it, which the generated
    /// code cannot do.
    ///
    /// # Errors
    ///
    /// None; the type is the hook's.
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
