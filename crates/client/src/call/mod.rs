//! The way of one call: check, sign per attempt, send the very bytes that were signed, read the envelope once.

mod attempt_body;
mod attempts;
mod envelope;
mod handover;
pub mod paging;
pub(crate) mod presign;
mod reply;
#[cfg(feature = "uploads")]
pub(crate) mod upload;
mod verdict;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nxcloud_signing::{Body, Request as SignedParts, Timestamp};
use progenitor_client::ResponseValue;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, ResponseBuilderExt as _, Url};
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

use crate::error::NotDecoded;
use crate::trace::CallSpan;
use crate::types::lenient::LenientObject;
use crate::types::validate::{Validate, Validator};
use crate::{CallOptions, Error, HashIn, Operation, Repairs, Scheme, Sent, Session, Signed};

const ACCESS_KEY: HeaderName = HeaderName::from_static("accesskey");
const ACTION: HeaderName = HeaderName::from_static("action");
const APP_HASH: HeaderName = HeaderName::from_static("x-auth-app-hash");
const APP_ID: HeaderName = HeaderName::from_static("x-auth-app-id");
const BIZ_TYPE: HeaderName = HeaderName::from_static("biztype");
const SIGN: HeaderName = HeaderName::from_static("sign");
const TS: HeaderName = HeaderName::from_static("ts");

/// What a service client holds: the session and the options of its calls. Generated code keeps it.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) session: Session,
    pub(crate) options: CallOptions,
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
        request: &impl Validate,
        send: S,
    ) -> Result<T, Error>
    where
        T: DeserializeOwned + LenientObject,
        S: FnOnce(String, reqwest::Client, Call) -> F,
        F: Future<Output = Result<ResponseValue<T>, progenitor_client::Error<()>>>,
    {
        let span = CallSpan::new(self.session.name(), operation);
        let call = Call(Arc::new(Inner {
            service: self.clone(),
            operation,
            state: Mutex::new(CallState::default()),
            #[cfg(feature = "uploads")]
            form: std::sync::OnceLock::new(),
        }));
        let mut result = self
            .checked(&call, request, send)
            .instrument(span.span())
            .await
            .map_err(|error| call.conclude(error));
        let repairs = match &mut result {
            Ok(reply) => {
                let repairs: &mut Repairs = reply.repairs_mut();
                repairs.extend(call.state().repairs);
                *repairs
            }
            Err(error) => error.repairs(),
        };
        span.finish(call.state().attempts, repairs, result.as_ref().err());
        result
    }

    async fn checked<T, S, F>(
        &self,
        call: &Call,
        request: &impl Validate,
        send: S,
    ) -> Result<T, Error>
    where
        T: DeserializeOwned + LenientObject,
        S: FnOnce(String, reqwest::Client, Call) -> F,
        F: Future<Output = Result<ResponseValue<T>, progenitor_client::Error<()>>>,
    {
        let checked = if self.session.local_checks() {
            Validator::run(request)
        } else {
            Validator::run_urls(request)
        };
        checked.map_err(Error::invalid_request)?;
        let base_url = self.session.base_url_for(call.0.operation.base_url)?;
        let result = send(base_url, self.session.http().clone(), call.clone()).await;
        let failure = call.state().failure.take();
        match (failure, result) {
            (Some(failure), _) => Err(failure),
            (None, Ok(reply)) => Ok(reply.into_inner()),
            (None, Err(error)) => Err(from_generated::<T>(error)),
        }
    }
}

/// A path parameter as one segment of the URL; generated code calls it.
///
/// progenitor's own function leaves `\` as it is, which URL parsers read as `/`.
#[must_use]
pub fn encode_path(value: &str) -> String {
    progenitor_client::encode_path(value).replace('\\', "%5C")
}

/// What is left for the generated code to fail at: building the request, and decoding the reply.
fn from_generated<T: DeserializeOwned>(error: progenitor_client::Error<()>) -> Error {
    use progenitor_client::Error as Generated;
    match error {
        Generated::InvalidRequest(detail) => Error::configuration(detail),
        Generated::CommunicationError(error) => Error::transport(error, true),
        Generated::InvalidResponsePayload(body, error) => {
            // Decoded once more for the path of the field, which serde_json does not tell.
            let mut deserializer = serde_json::Deserializer::from_slice(&body);
            let detail = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
                Err(error) => match error.path().to_string() {
                    whole if whole == "." => "it is JSON of another type".to_owned(),
                    path => format!("at {path}"),
                },
                Ok(_) => "it cannot be decoded".to_owned(),
            };
            Error::unreadable(detail)
                .with_source(NotDecoded::from(error))
                .with_reply(200, body)
        }
        _ => Error::unreadable("the generated client could not read it"),
    }
}

/// One call on its way. It is the inner value of the generated client, whose hook calls [`exec`](Self::exec).
#[derive(Clone)]
pub struct Call(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) service: Service,
    pub(crate) operation: &'static Operation,
    state: Mutex<CallState>,
    #[cfg(feature = "uploads")]
    pub(crate) form: std::sync::OnceLock<crate::call::upload::Form>,
}

/// What a call leaves behind.
#[derive(Default)]
pub(crate) struct CallState {
    /// What the hook failed with.
    failure: Option<Error>,
    pub(crate) attempts: u32,
    /// The `ts` of every attempt that ended with an unknown outcome; none where requests carry no time.
    pub(crate) open: Vec<Option<Timestamp>>,
    /// The `ts` of the attempt whose reply said success: should it not decode, the caller must know which request it was.
    pub(crate) accepted: Option<Option<Timestamp>>,
    /// What was repaired in the reply that said success.
    pub(crate) repairs: Repairs,
    /// The request as it was to be sent, unsigned.
    pub(crate) request: Option<Request>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.0.operation.id)
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) fn state(&self) -> MutexGuard<'_, CallState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure as the caller gets it: with the operation, and for a send that may have been acted on with what was sent.
    fn conclude(&self, error: Error) -> Error {
        let operation = self.0.operation;
        let mut state = self.state();
        let accepted = state.accepted.take();
        state.open.extend(accepted);
        let error = error
            .with_operation(operation)
            .with_attempts(state.attempts);
        // One attempt that the platform may have acted on decides, even when a later one was rejected.
        if operation.safe || state.open.is_empty() {
            return error;
        }
        let timestamps: Vec<_> = state.open.iter().copied().flatten().collect();
        error.with_sent(Sent::new(operation, &timestamps, state.request.as_ref()))
    }

    /// Gives the call its multipart body, which takes the place of the generated client's; generated code calls it.
    #[cfg(feature = "uploads")]
    #[must_use]
    pub fn with_form(self, form: crate::call::upload::Form) -> Self {
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
        let body = match self.run(request).await {
            Ok(accepted) => accepted.body,
            Err(error) => {
                self.state().failure = Some(error);
                Bytes::new()
            }
        };
        // Without a URL of ours reqwest would parse one of its own for every reply.
        static NOWHERE: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("reply:").ok());
        let response = match &*NOWHERE {
            Some(url) => http::Response::builder().url(url.clone()).body(body),
            None => Ok(http::Response::new(body)),
        };
        Ok(response.unwrap_or_default().into())
    }

    /// Puts the signature on the request. What is signed is the body that the request holds, to the byte.
    pub(crate) fn sign(&self, request: &mut Request, ts: Timestamp) -> Result<(), Error> {
        match self.0.operation.scheme {
            Scheme::NxcloudMd5 { .. } => self.sign_nxcloud(request, ts),
            Scheme::AntBuddySha256 { hash_in, order } => {
                self.sign_antbuddy(request, hash_in, order)
            }
        }
    }

    fn sign_nxcloud(&self, request: &mut Request, ts: Timestamp) -> Result<(), Error> {
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
        let parts = SignedParts {
            action,
            biz_type,
            ts,
            body,
        };
        let signature = signer.sign(&parts);
        self.report(signature.as_str(), || signer.explain(&parts));
        let headers = [
            (ACCESS_KEY, signer.access_key().as_str(), true),
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
}

fn put<const N: usize>(
    request: &mut Request,
    headers: [(HeaderName, &str, bool); N],
) -> Result<(), Error> {
    request.headers_mut().reserve(N);
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
