//! One call: the request is checked, built by the generated code, then signed and sent in one or more attempts.

mod attempt_body;
mod attempts;
mod envelope;
mod handover;
pub(crate) mod paging;
pub(crate) mod prepare;
mod presign;
mod reply;
pub(crate) mod request;
mod sign;
#[cfg(feature = "uploads")]
pub(crate) mod upload;
mod verdict;

use tracing::Instrument as _;

use crate::call::attempts::Attempts;
use crate::call::request::Request;
use crate::trace::CallSpan;
use crate::types::lenient::LenientObject as _;
use crate::{Error, Session};

impl Session {
    /// Sends a request, retries as the retry policy allows, and returns the reply.
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
    /// Any failure of the call; see [`kind`](Error::kind) and [`outcome`](Error::outcome).
    pub async fn send<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        let details = self.send_with_details(request).await?;
        Ok(details.reply)
    }

    /// Like [`send`](Self::send), and also returns the number of attempts and the platform's request id.
    ///
    /// ```no_run
    /// # use nxcloud_client::{Error, Request, Session};
    /// # async fn send<R: Request>(session: &Session, request: &R) -> Result<(), Error> {
    /// let details = session.send_with_details(request).await?;
    /// println!("request id {:?} after {} attempts", details.request_id, details.attempts);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). An [`Error`] carries both values, too: [`attempts`](Error::attempts),
    /// [`request_id`](Error::request_id).
    pub async fn send_with_details<R: Request>(
        &self,
        request: &R,
    ) -> Result<Details<R::Reply>, Error> {
        let span = CallSpan::new(self.name(), R::OPERATION);
        let mut attempts_made = 0;
        let result = async {
            let prepared = self.prepare(request, "")?;
            let mut attempts = Attempts::new(self, &prepared)?;
            let accepted = attempts.run().await;
            attempts_made = attempts.made();
            let decoded = accepted.and_then(|accepted| {
                let request_id = accepted.request_id();
                Ok((accepted.decode::<R::Reply>()?, request_id))
            });
            let (reply, request_id) = decoded.map_err(|error| attempts.conclude(error))?;
            Ok(Details {
                reply,
                attempts: attempts_made,
                request_id,
            })
        }
        .instrument(span.span())
        .await
        .map_err(|error: Error| error.with_operation(R::OPERATION));
        let (repairs, request_id) = match &result {
            Ok(details) => (details.reply.repairs(), details.request_id.as_deref()),
            Err(error) => (error.repairs(), error.request_id()),
        };
        span.finish(attempts_made, repairs, request_id, result.as_ref().err());
        result
    }

    /// Like [`send`](Self::send), and blocks the calling thread until the call ends. For programs without async code.
    ///
    /// ```no_run
    /// # use nxcloud_client::{Error, Request, Session};
    /// # fn send<R: Request>(session: &Session, request: &R) -> Result<(), Error> {
    /// let reply: R::Reply = session.send_blocking(request)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) in async code of a current-thread
    /// runtime, or if no thread can be started.
    #[cfg(feature = "blocking")]
    pub fn send_blocking<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        crate::session::blocking::run(self, self.send(request))
    }
}

/// The reply to a call, with details of the call; see [`Session::send_with_details`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Details<T> {
    /// The reply.
    pub reply: T,
    /// How many attempts were made.
    pub attempts: u32,
    /// The platform's id of the request, for its support. Not every service returns one.
    pub request_id: Option<String>,
}
