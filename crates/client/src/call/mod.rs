//! One call: checked, built by the generated code, then signed and sent by as many attempts as it takes.

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
        let details = self.send_with_details(request).await?;
        Ok(details.reply)
    }

    /// As [`send`](Self::send); the reply comes with the number of attempts and the platform's id of the request.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). An [`Error`] has both too: [`attempts`](Error::attempts), [`request_id`](Error::request_id).
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

/// The reply to a call, with what is known of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Details<T> {
    /// The reply.
    pub reply: T,
    /// How many attempts were made.
    pub attempts: u32,
    /// The platform's id of the request, to name to its support; not every service answers with one.
    pub request_id: Option<String>,
}
