//! The way of one call: check, sign per attempt, send the very bytes that were signed, read the envelope once.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nxcloud_signing::{Body, Request as SignedParts};
use progenitor_client::ResponseValue;
use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use crate::check::{Check, Checker};
use crate::envelope::Envelope;
use crate::{Code, Error, HashIn, Operation, Scheme, Session};

/// A reply larger than this is refused: no documented one comes near.
const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

const ACCESS_KEY: HeaderName = HeaderName::from_static("accesskey");
const ACTION: HeaderName = HeaderName::from_static("action");
const APP_HASH: HeaderName = HeaderName::from_static("x-auth-app-hash");
const APP_ID: HeaderName = HeaderName::from_static("x-auth-app-id");
const BIZ_TYPE: HeaderName = HeaderName::from_static("biztype");
const SIGN: HeaderName = HeaderName::from_static("sign");
const TS: HeaderName = HeaderName::from_static("ts");

/// Settings for the calls of one client, on top of its session's; see the `with_options` of every service client.
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    timeout: Option<Duration>,
    biz_type: Option<String>,
    action: Option<String>,
    on_signed: Option<Arc<Observer>>,
}

type Observer = dyn Fn(&Signed) + Send + Sync;

/// One attempt as it was signed, to find out why a signature is rejected.
///
/// The string to sign has the secret masked, but it holds the body: mind who reads it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Signed {
    /// The operation.
    pub operation: &'static Operation,
    /// The exact string that was digested, with `***` for the secret.
    pub string_to_sign: String,
    /// The signature that was sent.
    pub signature: String,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("operation", &self.operation.id)
            .finish_non_exhaustive()
    }
}

impl CallOptions {
    /// The session's settings, unchanged.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long one attempt may take, instead of the session's time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends another `bizType` header than the documented one; the reference contradicts itself on some.
    pub fn biz_type(mut self, biz_type: impl Into<String>) -> Self {
        self.biz_type = Some(biz_type.into());
        self
    }

    /// Sends another `action` header than the documented one.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Calls this with every attempt as it was signed.
    pub fn on_signed(mut self, observer: impl Fn(&Signed) + Send + Sync + 'static) -> Self {
        self.on_signed = Some(Arc::new(observer));
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("biz_type", &self.biz_type)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// What a service client holds: the session and the options of its calls. Generated code keeps it.
#[derive(Clone, Debug)]
pub struct Service {
    session: Session,
    options: CallOptions,
}

impl Service {
    /// The service's part of a session.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self {
            session: session.clone(),
            options: CallOptions::new(),
        }
    }

    /// The same with options.
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self {
            session: self.session.clone(),
            options,
        }
    }

    /// Runs one operation: `send` gets the base URL, the HTTP client and the call, hands them to the generated client and
    /// calls its method. A failure that the hook met takes precedence over what the generated code made of it.
    ///
    /// # Errors
    ///
    /// Every failure of the call, as the one error type.
    pub async fn call<T, S, F>(
        &self,
        operation: &'static Operation,
        request: &impl Check,
        send: S,
    ) -> Result<T, Error>
    where
        T: DeserializeOwned,
        S: FnOnce(String, reqwest::Client, Call) -> F,
        F: Future<Output = Result<ResponseValue<T>, progenitor_client::Error<()>>>,
    {
        let named = |error: Error| error.with_operation(operation);
        if self.session.local_checks() {
            Checker::run(request).map_err(|broken| named(Error::invalid_request(broken)))?;
        }
        let base_url = self.session.base_url(operation.base_url).map_err(named)?;
        let call = Call(Arc::new(Inner {
            service: self.clone(),
            operation,
            failure: Mutex::new(None),
            #[cfg(feature = "uploads")]
            form: std::sync::OnceLock::new(),
        }));
        let result = send(base_url, self.session.http().clone(), call.clone()).await;
        match (call.take_failure(), result) {
            (Some(failure), _) => Err(named(failure)),
            (None, Ok(reply)) => Ok(reply.into_inner()),
            (None, Err(error)) => Err(named(from_generated::<T>(error))),
        }
    }
}

/// What is left for the generated code to fail at: building the request, and decoding the reply.
fn from_generated<T: DeserializeOwned>(error: progenitor_client::Error<()>) -> Error {
    use progenitor_client::Error as Generated;
    match error {
        Generated::InvalidRequest(detail) => Error::configuration(detail),
        Generated::CommunicationError(error) => Error::transport(error),
        Generated::InvalidResponsePayload(body, error) => {
            // Decoded once more for the path of the field, which serde_json does not tell.
            let mut deserializer = serde_json::Deserializer::from_slice(&body);
            let detail = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
                Err(error) => format!("at {}", error.path()),
                Ok(_) => "it cannot be decoded".to_owned(),
            };
            Error::unreadable(detail)
                .with_source(error)
                .with_reply(200, body)
        }
        _ => Error::unreadable("the generated client could not read it"),
    }
}

/// One call on its way. It is the inner value of the generated client, whose hook calls [`exec`](Self::exec).
#[derive(Clone)]
pub struct Call(Arc<Inner>);

struct Inner {
    service: Service,
    operation: &'static Operation,
    failure: Mutex<Option<Error>>,
    #[cfg(feature = "uploads")]
    form: std::sync::OnceLock<crate::upload::Form>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.0.operation.id)
            .finish_non_exhaustive()
    }
}

impl Call {
    fn take_failure(&self) -> Option<Error> {
        self.failure().take()
    }

    fn failure(&self) -> std::sync::MutexGuard<'_, Option<Error>> {
        self.0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the call its multipart body, which takes the place of the generated client's; generated code calls it.
    #[cfg(feature = "uploads")]
    #[must_use]
    pub fn with_form(self, form: crate::upload::Form) -> Self {
        // Set once a call, so there is nothing to lose.
        let _ = self.0.form.set(form);
        self
    }

    /// The hook of the generated client.
    ///
    /// The hook's error type is reqwest's, which nobody else can make; so a failure is kept in the call, where
    /// [`Service::call`] finds it, and the generated code gets an empty reply.
    ///
    /// # Errors
    ///
    /// None; the type is the hook's.
    pub async fn exec(&self, request: Request) -> reqwest::Result<reqwest::Response> {
        Ok(match self.run(request).await {
            Ok(body) => http::Response::new(body).into(),
            Err(error) => {
                *self.failure() = Some(error);
                http::Response::new(Bytes::new()).into()
            }
        })
    }

    /// All attempts of the call; there is one for now, and each signs anew.
    async fn run(&self, mut request: Request) -> Result<Bytes, Error> {
        // The generator adds the spec's version to every request; it is no header of the platform's.
        request.headers_mut().remove("api-version");
        self.attempt(request).await
    }

    async fn attempt(&self, mut request: Request) -> Result<Bytes, Error> {
        let session = &self.0.service.session;
        #[cfg(feature = "uploads")]
        if let Some(form) = self.0.form.get() {
            // The octet-stream type of the empty body would win over that of the form.
            request.headers_mut().remove(reqwest::header::CONTENT_TYPE);
            request = reqwest::RequestBuilder::from_parts(session.http().clone(), request)
                .multipart(form.encode().await?)
                .build()
                .map_err(Error::transport)?;
        }
        self.sign(&mut request)?;
        *request.timeout_mut() = self.0.service.options.timeout.or(session.timeout());
        let response = session
            .http()
            .execute(request)
            .await
            .map_err(Error::transport)?;
        self.read(response).await
    }

    /// Puts the signature on the request. What is signed is the body that the request holds, to the byte.
    fn sign(&self, request: &mut Request) -> Result<(), Error> {
        match self.0.operation.scheme {
            Scheme::NxcloudMd5 { .. } => self.sign_nxcloud(request),
            Scheme::AntBuddySha256 { hash_in, order } => {
                self.sign_antbuddy(request, hash_in, order)
            }
        }
    }

    fn sign_nxcloud(&self, request: &mut Request) -> Result<(), Error> {
        let Scheme::NxcloudMd5 {
            biz_type,
            action,
            body_signed,
        } = self.0.operation.scheme
        else {
            return Ok(());
        };
        let service = &self.0.service;
        let signer = service
            .session
            .credentials()
            .nxcloud
            .as_ref()
            .ok_or_else(|| {
                Error::configuration(
                    "the session has no NXCLOUD account; give it an access key and secret",
                )
            })?;
        let wrong = |error: nxcloud_signing::InvalidField| Error::configuration(error.to_string());
        let biz_type = match &service.options.biz_type {
            Some(other) => nxcloud_signing::BizType::new(other).map_err(wrong)?,
            None => biz_type,
        };
        let action = match &service.options.action {
            Some(other) => nxcloud_signing::Action::new(other).map_err(wrong)?,
            None => action,
        };
        let body = match request.body() {
            _ if !body_signed => Body::Unsigned,
            None => Body::Signed(&[]),
            Some(body) => Body::Signed(body.as_bytes().ok_or_else(|| {
                Error::configuration(
                    "a streamed body cannot be signed; this operation needs it whole",
                )
            })?),
        };
        let ts = service.session.now();
        let parts = SignedParts {
            action,
            biz_type,
            ts,
            body,
        };
        let signature = signer.sign(&parts);
        self.report(signature.as_str(), || signer.explain(&parts));
        let access_key = signer.access_key().as_str().to_owned();
        let headers = [
            (ACCESS_KEY, access_key.as_str(), true),
            (TS, ts.as_str(), false),
            (BIZ_TYPE, biz_type.as_str(), false),
            (ACTION, action.as_str(), false),
            (SIGN, signature.as_str(), true),
        ];
        put(request, headers)
    }

    fn sign_antbuddy(
        &self,
        request: &mut Request,
        hash_in: HashIn,
        order: &[&str],
    ) -> Result<(), Error> {
        let signer = self
            .0
            .service
            .session
            .credentials()
            .antbuddy
            .as_ref()
            .ok_or_else(|| {
                Error::configuration(
                    "the session has no AntBuddy account; give it an app id and secret",
                )
            })?;
        let app_id = signer.app_id().as_str();
        match hash_in {
            HashIn::Header => {
                let hash = signer.sign_app_id();
                self.report(hash.as_str(), || signer.explain(&[app_id]));
                put(
                    request,
                    [(APP_ID, app_id, true), (APP_HASH, hash.as_str(), true)],
                )
            }
            HashIn::Query => {
                let mut pairs: Vec<(String, String)> =
                    vec![("appId".to_owned(), app_id.to_owned())];
                pairs.extend(request.url().query_pairs().into_owned());
                // Values as plain text in the documented order; what is not sent contributes nothing.
                let values: Vec<&str> = order
                    .iter()
                    .filter_map(|name| pairs.iter().find(|(key, _)| key == name))
                    .map(|(_, value)| value.as_str())
                    .collect();
                let hash = signer.sign(&values);
                self.report(hash.as_str(), || signer.explain(&values));
                request
                    .url_mut()
                    .query_pairs_mut()
                    .clear()
                    .extend_pairs(&pairs)
                    .append_pair("hash", hash.as_str());
                Ok(())
            }
        }
    }

    fn report(&self, signature: &str, explain: impl FnOnce() -> String) {
        if let Some(observer) = &self.0.service.options.on_signed {
            observer(&Signed {
                operation: self.0.operation,
                string_to_sign: explain(),
                signature: signature.to_owned(),
            });
        }
    }

    /// Reads the reply to its end and its envelope.
    async fn read(&self, mut response: reqwest::Response) -> Result<Bytes, Error> {
        let operation = self.0.operation;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > MAX_REPLY_BYTES => {
                    return Err(Error::unreadable("it is larger than 16 MiB")
                        .with_reply(status, body.freeze()));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(Error::transport(error).with_reply(status, body.freeze())),
            }
        }
        let body = body.freeze();
        let envelope = Envelope::read(&body);
        let by_status = matches!(operation.scheme, Scheme::AntBuddySha256 { .. });
        let failed = |error: Error, words: Envelope| {
            Err(error
                .with_words(words.message, words.request_id)
                .with_reply(status, body.clone()))
        };
        match envelope {
            // A code of the platform says more than the HTTP status that carries it.
            Ok(Envelope {
                code: Some(code),
                message,
                request_id,
            }) if code != Code::SUCCESS && !by_status => {
                let words = Envelope {
                    message,
                    request_id,
                    code: None,
                };
                failed(Error::refused(operation, code), words)
            }
            envelope if status != 200 => {
                let code = Code::new(i64::from(status));
                let error = if by_status && operation.code_info(code).is_some() {
                    Error::refused(operation, code)
                } else {
                    Error::http_status(status)
                };
                failed(error, envelope.unwrap_or_default())
            }
            // AntBuddy documents operations whose success has no body.
            _ if by_status && body.iter().all(u8::is_ascii_whitespace) => {
                Ok(Bytes::from_static(b"{}"))
            }
            Err(error) => Err(Error::unreadable("it is not JSON")
                .with_source(error.into_inner())
                .with_reply(status, body)),
            Ok(envelope) if envelope.code.is_none() && !by_status => {
                failed(Error::unreadable("it has no result code"), envelope)
            }
            Ok(_) => Ok(body),
        }
    }
}

fn put<const N: usize>(
    request: &mut Request,
    headers: [(HeaderName, &str, bool); N],
) -> Result<(), Error> {
    for (name, text, sensitive) in headers {
        // The signing crate has checked every value; an error here would be a defect of that check.
        let mut value = HeaderValue::from_str(text).map_err(|error| {
            Error::configuration(format!("header {name} cannot be sent")).with_source(error)
        })?;
        value.set_sensitive(sensitive);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}
