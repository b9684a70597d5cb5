//! One call: checked, built by the generated code, and handed to the hook, which signs and sends it.

mod attempt_body;
mod attempts;
mod envelope;
mod handover;
pub(crate) mod paging;
mod presign;
mod reply;
pub(crate) mod request;
mod sign;
#[cfg(feature = "uploads")]
pub(crate) mod upload;
mod verdict;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nxcloud_signing::Timestamp;
use tracing::Instrument as _;

use crate::call::request::Request;
use crate::trace::CallSpan;
use crate::types::lenient::LenientObject as _;
use crate::{Error, Operation, Repairs, Sent, Session};

impl Session {
    /// Sends a request, with as many attempts as the retry policy allows, and reads the reply.
    ///
    /// ```no_run
    /// # use nxcloud_client::{Error, Request, Session};
    /// # async fn sent<R: Request>(session: &Session, request: &R) -> Result<(), Error> {
    /// let reply: R::Reply = session.send(request).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Whatever goes wrong, as [`Error`]: see its [`kind`](Error::kind) and [`outcome`](Error::outcome).
    pub async fn send<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        let span = CallSpan::new(R::OPERATION);
        let mut repairs = Repairs::NONE;
        let mut attempts = 0;
        let result = async {
            self.check(request, "")?;
            let call = Call::new(self, R::OPERATION, Mode::Send)?;
            let result = request.execute(call.clone()).await;
            let mut state = call.state();
            attempts = state.attempts;
            let result = match (state.failure.take(), result) {
                (Some(failure), _) => Err(failure),
                (None, Ok(reply)) => Ok(reply.into_inner()),
                (None, Err(error)) => Err(not_decoded::<R>(error)),
            };
            match result {
                Ok(mut reply) => {
                    reply.repairs_mut().extend(state.repairs);
                    repairs = reply.repairs();
                    Ok(reply)
                }
                Err(error) => Err(state.conclude(R::OPERATION, error)),
            }
        }
        .instrument(span.span())
        .await
        .map_err(|error: Error| error.with_operation(R::OPERATION));
        if let Err(error) = &result {
            repairs = error.repairs();
        }
        span.finish(attempts, repairs, result.as_ref().err());
        result
    }

    /// [`send`](Self::send) for programs without async code: waits for the end on the calling thread.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when no thread can be started.
    #[cfg(feature = "blocking")]
    pub fn send_blocking<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        crate::session::blocking::run(self, self.send(request))
    }
}

/// What the generated code fails at after the hook: decoding the reply.
fn not_decoded<R: Request>(error: progenitor_client::Error<()>) -> Error {
    use progenitor_client::Error as Generated;
    match error {
        Generated::InvalidResponsePayload(body, error) => {
            reply::not_decoded::<R::Reply>(body, error)
        }
        Generated::UnexpectedResponse(_) => {
            Error::unreadable("the generated client could not read it")
        }
        error => not_built(error),
    }
}

/// What the generated code fails at before the hook: building the request.
fn not_built(error: progenitor_client::Error<()>) -> Error {
    match error {
        progenitor_client::Error::CommunicationError(error) => Error::transport(error, false),
        error => Error::configuration(error.to_string()),
    }
}

/// What the hook does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Send,
    /// Keeps it, unsigned.
    Prepare,
}

/// One call in progress. It is the inner value of the generated client, whose hook calls [`exec`](Self::exec).
#[derive(Clone)]
pub struct Call(Arc<Inner>);

struct Inner {
    session: Session,
    operation: &'static Operation,
    base_url: String,
    mode: Mode,
    state: Mutex<CallState>,
    #[cfg(feature = "uploads")]
    form: std::sync::OnceLock<upload::Form>,
}

/// What a call has done so far.
#[derive(Default)]
struct CallState {
    /// What the hook failed with.
    failure: Option<Error>,
    attempts: u32,
    /// The `ts` of every attempt that ended with an unknown outcome; none where requests carry no time.
    open: Vec<Option<Timestamp>>,
    /// The `ts` of the attempt whose reply said success: should it not decode, the caller must know which request it was.
    accepted: Option<Option<Timestamp>>,
    /// What was repaired in the reply that said success.
    repairs: Repairs,
    /// The request, unsigned.
    request: Option<reqwest::Request>,
}

impl CallState {
    /// The failure as the caller gets it: for a send that may have been acted on, with what was sent.
    fn conclude(&mut self, operation: &'static Operation, error: Error) -> Error {
        let accepted = self.accepted.take();
        self.open.extend(accepted);
        let error = error.with_attempts(self.attempts);
        // One attempt that the platform may have acted on decides, even when a later one was rejected.
        if operation.safe || self.open.is_empty() {
            return error;
        }
        let timestamps: Vec<_> = self.open.iter().copied().flatten().collect();
        error.with_sent(Sent::new(operation, &timestamps, self.request.as_ref()))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.0.operation.id)
            .finish_non_exhaustive()
    }
}

impl Call {
    fn new(session: &Session, operation: &'static Operation, mode: Mode) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            session: session.clone(),
            operation,
            base_url: session.base_url(operation.base_url)?,
            mode,
            state: Mutex::default(),
            #[cfg(feature = "uploads")]
            form: std::sync::OnceLock::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, CallState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The base URL of the generated client.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.0.base_url.clone()
    }

    /// The HTTP client of the generated client.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        self.0.session.http().clone()
    }

    /// Gives the call its multipart body, which takes the place of the generated client's.
    #[cfg(feature = "uploads")]
    #[must_use]
    pub fn with_form(self, form: upload::Form) -> Self {
        // Set once a call, so there is nothing to lose.
        let _ = self.0.form.set(form);
        self
    }

    /// Whether the call has a multipart body, which is written while it is sent.
    fn has_form(&self) -> bool {
        #[cfg(feature = "uploads")]
        return self.0.form.get().is_some();
        #[cfg(not(feature = "uploads"))]
        false
    }

    /// The hook of the generated client.
    ///
    /// The hook's error type is reqwest's, which nobody else can make. So a failure is kept in the call, where
    /// [`Session::send`] finds it, and the generated code gets an empty reply.
    ///
    /// # Errors
    ///
    /// None; the type is the hook's.
    pub async fn exec(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        if self.0.mode == Mode::Prepare {
            self.state().request = Some(request);
            return Ok(http::Response::<Bytes>::default().into());
        }
        let body = match self.run(request).await {
            Ok(accepted) => accepted.body,
            Err(error) => {
                self.state().failure = Some(error);
                Bytes::new()
            }
        };
        Ok(http::Response::new(body).into())
    }
}
