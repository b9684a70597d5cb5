//! Receives bodies, with a limit for each and one for all together.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio::{task, time};

use super::connection::{ConnectionControl, Refused};
use crate::platform::verdict::Cause;

/// The limit for all bodies that are being received at the same time. A single allowed body may be larger.
const MAX_RECEIVING: usize = 256 * 1024 * 1024;
/// Memory reserved before the first byte of a body arrives, whatever length is announced.
const MAX_RESERVED: usize = 64 * 1024;

/// After so many bytes of a body, other requests get the thread.
const YIELD_AFTER: usize = 1024 * 1024;

/// The whole body may take this many times the longest allowed pause.
const PAUSES: u32 = 10;

/// The limits for receiving bodies.
pub(crate) struct Intake {
    /// The largest body in bytes.
    limit: usize,
    /// The longest pause within a body.
    patience: Duration,
    /// The free capacity in bytes for all bodies that are being received.
    room: Semaphore,
}

/// Why a request is refused before the platform sees it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) cause: Cause,
}

impl Refusal {
    pub(crate) const fn new(status: StatusCode, cause: Cause) -> Self {
        Self { status, cause }
    }

    /// The refusal as a log entry.
    pub(crate) fn log(&self) -> Refused {
        Refused {
            kind: self.cause.name(),
            reason: format!("HTTP {}, {}", self.status.as_u16(), self.cause),
        }
    }
}

impl Intake {
    pub(crate) fn new(limit: usize, patience: Duration) -> Self {
        let room = limit.clamp(MAX_RECEIVING, Semaphore::MAX_PERMITS);
        Self::with_room(limit, patience, room)
    }

    pub(crate) fn with_room(limit: usize, patience: Duration, room: usize) -> Self {
        Self {
            limit,
            patience,
            room: Semaphore::new(room),
        }
    }

    /// How many more bytes may be received.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.room.available_permits()
    }

    /// Reads the whole body of a request to the platform. Also returns its share of the capacity.
    pub(crate) async fn read(
        &self,
        control: Option<&ConnectionControl>,
        body: Body,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Refusal> {
        self.read_within(self.limit, control, body).await
    }

    /// Like `read`, with another limit. If the announced length is over the limit, nothing is read.
    pub(crate) async fn read_within(
        &self,
        limit: usize,
        control: Option<&ConnectionControl>,
        body: Body,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Refusal> {
        let received = self.collect(limit, body).await?;
        if let Some(control) = control {
            control.body_is_read();
        }
        Ok(received)
    }

    async fn collect(
        &self,
        limit: usize,
        mut body: Body,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Refusal> {
        let cause = Cause::BodyTooLarge { limit };
        let too_large = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, cause);
        let busy = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Cause::Busy);
        let broken = |_| Refusal::new(StatusCode::BAD_REQUEST, Cause::BodyIncomplete);
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > limit {
            return Err(too_large);
        }
        let mut bytes = BytesMut::with_capacity(declared.min(MAX_RESERVED));
        let mut room = self.room.try_acquire_many(0).map_err(busy)?;
        let mut waiting_since = None;
        let mut next = async |body: &mut Body| {
            // A small body is here already; it needs no timer.
            if let Some(frame) = body.frame().now_or_never() {
                return Ok(frame);
            }
            let since = waiting_since.get_or_insert_with(Instant::now);
            let whole = self.patience.saturating_mul(PAUSES);
            let left = whole.saturating_sub(since.elapsed());
            let frame = time::timeout(self.patience.min(left), body.frame()).await;
            frame.map_err(|_| late())
        };
        while let Some(frame) = next(&mut body).await? {
            let data = frame.map_err(broken)?.into_data().unwrap_or_default();
            if data.len() > limit - bytes.len() {
                return Err(too_large);
            }
            let more = u32::try_from(data.len()).unwrap_or(u32::MAX);
            room.merge(self.room.try_acquire_many(more).map_err(busy)?);
            let received = bytes.len();
            bytes.extend_from_slice(&data);
            // A large body that arrives fast leaves the thread to other requests now and then.
            if received / YIELD_AFTER != bytes.len() / YIELD_AFTER {
                task::yield_now().await;
            }
        }
        Ok((bytes.freeze(), room))
    }
}

fn late() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, Cause::BodyIncomplete)
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_times_out() {
        for pause in [9, 11] {
            let pieces = stream::iter(0..100).then(move |_| async move {
                time::sleep(Duration::from_secs(pause)).await;
                Ok::<_, std::io::Error>("x")
            });
            let intake = Intake::new(1000, Duration::from_secs(10));
            let refused = intake.read(None, Body::from_stream(pieces)).await;
            let status = refused.map(drop).unwrap_err().status;
            assert_eq!(status, StatusCode::REQUEST_TIMEOUT, "{pause}");
            assert_eq!(intake.room(), MAX_RECEIVING);
        }
        let forever = Intake::new(1000, Duration::MAX);
        assert!(forever.read(None, Body::from("x")).await.is_ok());
    }
}
