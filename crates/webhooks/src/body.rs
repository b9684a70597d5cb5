//! Reads a body within limits of size and time.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::receiver::{BodyLimits, Refusal};

/// Reads a body of at most `limits.bytes` bytes within `limits.time`. If the announced length is larger, nothing is read. If the actual
/// length is larger, reading stops after the frame that exceeds the limit.
pub(crate) async fn read<B>(
    headers: &HeaderMap,
    body: B,
    limits: BodyLimits,
) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limit = limits.bytes;
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or(0)
        .max(body.size_hint().lower());
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    match in_time(limits.time, Limited::new(body, limit).collect()).await? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge { limit }),
        Err(_) => Err(Refusal::BodyIncomplete),
    }
}

async fn in_time<F: Future>(limit: Option<Duration>, reading: F) -> Result<F::Output, Refusal> {
    match limit {
        // Without a tokio runtime there is no timer, and using one would panic.
        Some(limit) if tokio::runtime::Handle::try_current().is_ok() => {
            let timed_out = |_| Refusal::BodyTimeout { limit };
            tokio::time::timeout(limit, reading)
                .await
                .map_err(timed_out)
        }
        _ => Ok(reading.await),
    }
}
