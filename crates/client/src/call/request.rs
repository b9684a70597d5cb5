//! What makes a type a request of an operation.

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

/// A request of one operation. Generated for every operation; [`Session::send`](crate::Session::send) takes any of them.
pub trait Request: Validate + Send + Sync {
    /// The operation.
    const OPERATION: &'static Operation;

    /// What is known of the messages that the operation sends; `None` for an operation that sends none.
    const MESSAGE: Option<&'static Message> = None;

    /// What the platform answers when it accepts the request.
    type Reply: LenientObject + DeserializeOwned + Serialize + Debug + Send + 'static;

    /// Builds the HTTP request and hands it to the hook, which keeps it and never answers. Generated.
    #[doc(hidden)]
    fn build(
        &self,
        call: Call,
    ) -> impl Future<Output = Result<ResponseValue<()>, progenitor_client::Error<()>>> + Send;

    /// Checks the documented limits, as [`Session::send`](crate::Session::send) does before it sends.
    ///
    /// # Errors
    ///
    /// Every limit that is broken.
    fn check_limits(&self) -> Result<(), Violations>
    where
        Self: Sized,
    {
        Validator::run(self)
    }

    /// Reads the reply to a request that was signed with [`Session::presign`](crate::Session::presign) and sent by other means:
    /// HTTP status and body.
    ///
    /// # Errors
    ///
    /// As [`Session::send`](crate::Session::send) once a reply has arrived. [`Error::outcome`] says whether the platform may have
    /// acted.
    fn read_reply(status: u16, body: impl Into<Bytes>) -> Result<Self::Reply, Error>
    where
        Self: Sized,
    {
        let read = || reply::judge(Self::OPERATION, status, body.into(), None, None)?.decode();
        read().map_err(|error: Error| error.with_operation(Self::OPERATION))
    }
}
