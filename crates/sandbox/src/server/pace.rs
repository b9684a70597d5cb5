//! When a reply is sent.

use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::future;
use tokio::sync::oneshot;
use tokio::time;

/// Ends when a push that follows a request is settled.
pub(crate) type Settled = oneshot::Receiver<()>;

/// What a reply waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    /// The range of the delay before each reply.
    pub(crate) delay: Option<RangeInclusive<Duration>>,
    /// How long a reply waits for the pushes that follow its request.
    pub(crate) receipts_first: Option<Duration>,
}

impl Pace {
    /// Waits until the reply may be sent. The delay and the pushes run at the same time.
    pub(crate) async fn wait(&self, pushes: Vec<Settled>) {
        let delay = async {
            if let Some(delay) = &self.delay {
                time::sleep(within(delay)).await;
            }
        };
        let receipts = async {
            if let Some(limit) = self.receipts_first
                && !pushes.is_empty()
                && time::timeout(limit, future::join_all(pushes))
                    .await
                    .is_err()
            {
                tracing::warn!("the reply is sent before its receipt: the receiver took too long");
            }
        };
        future::join(delay, receipts).await;
    }
}

/// A random time in a range. A range that ends before it starts counts as its start.
fn within(range: &RangeInclusive<Duration>) -> Duration {
    let nanos = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let (start, end) = (nanos(range.start()), nanos(range.end()));
    Duration::from_nanos(fastrand::u64(start..=end.max(start)))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// On the paused clock of tokio, so that no real time passes.
    #[tokio::test(start_paused = true)]
    async fn a_reply_waits_for_its_delay_and_its_pushes() {
        for (delay, receipts_first, expected) in [
            (None, None, seconds(0)..=seconds(0)),
            (Some(seconds(3)..=seconds(3)), None, seconds(3)..=seconds(3)),
            (Some(seconds(3)..=seconds(5)), None, seconds(3)..=seconds(5)),
            (None, Some(seconds(9)), seconds(4)..=seconds(4)),
            (None, Some(seconds(2)), seconds(2)..=seconds(2)),
        ] {
            let begun = Instant::now();
            let (settle, settled) = oneshot::channel::<()>();
            let push = tokio::spawn(async move {
                time::sleep(seconds(4)).await;
                drop(settle);
            });
            let pace = Pace {
                delay,
                receipts_first,
            };
            pace.wait(vec![settled]).await;
            // Timers have a resolution of a millisecond.
            let passed = Duration::from_secs(begun.elapsed().as_secs());
            assert!(expected.contains(&passed), "{pace:?} {passed:?}");
            push.abort();
        }
    }
}
