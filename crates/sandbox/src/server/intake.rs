//! Receiving bodies, within a limit each and one for all together.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time;

use crate::platform::verdict::Cause;

/// So many bytes may be received at once, by all connections together; a single body that is allowed may be larger.
const MAX_RECEIVING: usize = 256 * 1024 * 1024;
/// How long a body may take to arrive; what waits for ever would keep its room.
const PATIENCE: Duration = Duration::from_secs(300);
/// Room made for a body before any of it has come, whatever length is announced.
const MAX_RESERVED: u64 = 64 * 1024;

/// How bodies are received.
pub(crate) struct Intake {
    /// The largest body in bytes.
    limit: usize,
    /// Room in bytes for all bodies that are being received.
    room: Semaphore,
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
}

/// Reads a whole body, and gives back the room that it takes.
pub(crate) async fn read(
    body: Body,
    intake: &Intake,
) -> Result<(Bytes, SemaphorePermit<'_>), Cause> {
    let collected = time::timeout(PATIENCE, collect(body, intake)).await;
    collected.unwrap_or(Err(Cause::BodyIncomplete))
}

/// What is refused is read and dropped up to twice the limit, so that a sender that is not far above it gets to read its
/// refusal.
async fn collect(mut body: Body, intake: &Intake) -> Result<(Bytes, SemaphorePermit<'_>), Cause> {
    let limit = intake.limit;
    let announced = body.size_hint().lower().min(MAX_RESERVED);
    let mut bytes = BytesMut::with_capacity(usize::try_from(announced).unwrap_or_default());
    // None is asked for yet, so that it cannot fail.
    let mut room = intake.room.try_acquire_many(0).map_err(|_| Cause::Busy);
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Cause::BodyIncomplete)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        received = received.saturating_add(data.len());
        if received > limit {
            room = Err(Cause::BodyTooLarge { limit });
        }
        if let Ok(held) = &mut room {
            let more = u32::try_from(data.len()).unwrap_or(u32::MAX);
            match intake.room.try_acquire_many(more) {
                Ok(more) => held.merge(more),
                Err(_) => room = Err(Cause::Busy),
            }
        }
        if room.is_ok() {
            bytes.extend_from_slice(data);
        } else if received <= limit.saturating_mul(2) {
            bytes = BytesMut::new();
        } else {
            break;
        }
    }
    Ok((bytes.freeze(), room?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let silent =
            Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let refused = read(silent, &Intake::new(100)).await.map(drop);
        assert!(matches!(refused, Err(Cause::BodyIncomplete)));
    }
}
