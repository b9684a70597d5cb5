//! The trait of all request types.

use std::fmt::Debug;
use std::future::Future;

use bytes::Bytes;
use progenitor_client::ResponseValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::prepare::Call;
use crate::call::reply;
use crate::types::lenient::LenientObject;
use crate::types::validate::{Validate, Validator, Violations};
use crate::{Error, Message, Operation};

/// A request of one operation. Implemented by every generated request type; pass any of them to
/// [`Session::send`](crate::Session::send).
pub trait Request: Validate + Send + Sync {
    /// The operation.
    const OPERATION: &'static Operation;

    /// Describes the messages that the operation sends. `None` for an operation that sends none.
    const MESSAGE: Option<&'static Message> = None;

    /// The platform's reply to an accepted request.
    type Reply: LenientObject + DeserializeOwned + Serialize + Debug + Send + 'static;

    /// Builds the HTTP request and passes it to the hook, which captures it and never completes. Generated.
    #[doc(hidden)]
    fn build(
        &self,
        call: Call,
    ) -> impl Future<Output = Result<ResponseValue<()>, progenitor_client::Error<()>>> + Send;

    /// Checks the documented limits, as [`Session::send`](crate::Session::send) does before it sends.
    ///
    /// # Errors
    ///
    /// All limits that the request breaks.
    fn check_limits(&self) -> Result<(), Violations>
    where
        Self: Sized,
    {
        Validator::run(self)
    }

    /// Reads the reply, given as HTTP status and body, to a request that was signed with
    /// [`Session::presign`](crate::Session::presign) and sent with another HTTP client.
    ///
    /// # Errors
    ///
    /// As [`Session::send`](crate::Session::send) after a reply has arrived. [`Error::outcome`] says whether the platform may have
    /// acted.
    fn read_reply(status: u16, body: impl Into<Bytes>) -> Result<Self::Reply, Error>
    where
        Self: Sized,
    {
        let read = || reply::judge(Self::OPERATION, status, body.into(), None, None)?.decode();
        read().map_err(|error: Error| error.with_operation(Self::OPERATION))
    }
}
