//! Receiving bodies, within a limit each and one for all together.

use std::io::ErrorKind;

use axum::Error;
use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::connection::Refused;
use crate::platform::verdict::Cause;

/// So many bytes may be received at once, by all connections together; a single body that is allowed may be larger.
const MAX_RECEIVING: usize = 256 * 1024 * 1024;
/// Room made for a body before any of it has come, whatever length is announced.
const MAX_RESERVED: usize = 64 * 1024;

/// How bodies are received.
pub(crate) struct Intake {
    /// The largest body in bytes.
    limit: usize,
    /// Room in bytes for all bodies that are being received.
    room: Semaphore,
}

/// Why a request is refused before the platform looks at it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) cause: Cause,
}

impl Refusal {
    pub(crate) const fn new(status: StatusCode, cause: Cause) -> Self {
        Self { status, cause }
    }

    /// The same for the log.
    pub(crate) fn log(&self) -> Refused {
        Refused {
            kind: self.cause.name(),
            reason: format!("HTTP {}, {}", self.status.as_u16(), self.cause),
        }
    }
}

impl Intake {
    pub(crate) fn new(limit: usize) -> Self {
        Self::with_room(limit, limit.clamp(MAX_RECEIVING, Semaphore::MAX_PERMITS))
    }

    pub(crate) fn with_room(limit: usize, room: usize) -> Self {
        let room = Semaphore::new(room);
        Self { limit, room }
    }

    /// How many bytes may still be received.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.room.available_permits()
    }

    /// Reads the whole body of a request to the platform, and gives back the room that it takes.
    pub(crate) async fn read(&self, body: Body) -> Result<(Bytes, SemaphorePermit<'_>), Refusal> {
        self.read_within(self.limit, body).await
    }

    /// The same with another limit. A length that is over it is refused before anything is read.
    pub(crate) async fn read_within(
        &self,
        limit: usize,
        mut body: Body,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Refusal> {
        let cause = Cause::BodyTooLarge { limit };
        let too_large = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, cause);
        let busy = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Cause::Busy);
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > limit {
            return Err(too_large);
        }
        let mut bytes = BytesMut::with_capacity(declared.min(MAX_RESERVED));
        let mut room = self.room.try_acquire_many(0).map_err(busy)?;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| incomplete(error))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if data.len() > limit - bytes.len() {
                return Err(too_large);
            }
            let more = u32::try_from(data.len()).unwrap_or(u32::MAX);
            room.merge(self.room.try_acquire_many(more).map_err(busy)?);
            bytes.extend_from_slice(data);
        }
        Ok((bytes.freeze(), room))
    }
}

fn incomplete(error: Error) -> Refusal {
    let error = error.into_inner();
    let error = error.downcast_ref::<std::io::Error>();
    let is_late = error.is_some_and(|error| error.kind() == ErrorKind::TimedOut);
    let status = if is_late {
        StatusCode::REQUEST_TIMEOUT
    } else {
        StatusCode::BAD_REQUEST
    };
    Refusal::new(status, Cause::BodyIncomplete)
}
