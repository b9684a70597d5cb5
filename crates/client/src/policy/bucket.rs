//! The queue of one service's rate limit. All times are measured from the creation of the bucket.
//!
//! A caller reserves its slot in advance and sleeps until then, so a late timer does not lower the rate. When it wakes up, its attempt
//! must conform to the limit, too: after a pause, or if the program was suspended, callers whose slots have passed proceed at the
//! limited rate, not all at once.

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::policy::gcra::{gcra, interval};
use crate::policy::rate_limit::{OnLimit, Sleep};
use crate::{Error, trace};

/// The pause after the platform reports "too fast" without a `Retry-After`.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// How late a caller may use its slot without losing it; timers are one or two milliseconds late. It also bounds by how much the rate
/// may be exceeded within a second: one hundredth.
const LATEST: Duration = Duration::from_millis(10);

/// The rate limit of one service, in use.
pub(crate) struct Bucket {
    rate: NonZeroU32,
    burst: NonZeroU32,
    on_limit: OnLimit,
    made: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Slots reserved in advance.
    reserved: Schedule,
    /// Attempts that are made, or wait for the time at which they conform.
    made: Schedule,
    /// Slots that are reserved and not yet in `made`.
    waiting: u32,
    /// The end of the pause that the platform asked for.
    paused_until: Duration,
}

/// A sequence of positions that conform to the limit.
#[derive(Default)]
struct Schedule {
    /// The theoretical arrival time of the next position.
    arrival: Duration,
    /// Positions of callers that gave up: the arrival time after each, with the one before it.
    cancelled: BTreeMap<Duration, Duration>,
}

/// One position: the arrival times of its schedule before and after it.
#[derive(Clone, Copy)]
struct Position {
    before: Duration,
    after: Duration,
}

impl Schedule {
    fn take(&mut self, now: Duration, after: Duration) -> Position {
        // Positions in the past can no longer be returned.
        self.cancelled = self.cancelled.split_off(&now);
        let before = mem::replace(&mut self.arrival, after);
        Position { before, after }
    }

    /// Returns the last position, and with it cancelled positions directly before it. Returning others would change the order.
    fn give_up(&mut self, position: Position) {
        self.cancelled.insert(position.after, position.before);
        while let Some(before) = self.cancelled.remove(&self.arrival) {
            self.arrival = before;
        }
    }
}

/// One caller's slot in the queue. Dropping it unused gives it up.
struct Slot<'a> {
    bucket: &'a Bucket,
    /// When the attempt may be made.
    due: Duration,
    reserved: Position,
    /// Its position among the attempts, once it has one; then `due` conforms to it.
    made: Option<Position>,
    used: bool,
}

impl Bucket {
    pub(crate) fn new(rate: NonZeroU32, burst: NonZeroU32, on_limit: OnLimit) -> Self {
        Self {
            rate,
            burst,
            on_limit,
            made: Instant::now(),
            state: Mutex::default(),
        }
    }

    /// Waits for this caller's slot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled) if the slot is after the deadline, or if the slot is not free now and the
    /// caller does not wait.
    pub(crate) async fn take(
        &self,
        on_limit: Option<OnLimit>,
        deadline: Option<Instant>,
        sleep: &Sleep,
    ) -> Result<(), Error> {
        let mut now = self.now();
        let until = match on_limit.unwrap_or(self.on_limit) {
            OnLimit::Fail => Some(now),
            OnLimit::Wait => deadline.map(|at| at.saturating_duration_since(self.made)),
        };
        let mut slot = self.reserve(now, until)?;
        while let Some(wait) = slot.wait(now, until)? {
            trace::waiting(wait);
            sleep(wait).await;
            // In tests, the sleep may be replaced by one that takes no time.
            now = self.now().max(now.saturating_add(wait));
        }
        Ok(())
    }

    /// Reserves the next slot, if it is not after `until`.
    fn reserve(&self, now: Duration, until: Option<Duration>) -> Result<Slot<'_>, Error> {
        let mut state = self.state();
        // After a pause, waiting callers go first.
        let queue = interval(self.rate).saturating_mul(state.waiting);
        let after_queue = state.made.arrival.max(state.paused_until);
        let after_queue = after_queue.saturating_add(queue);
        let arrival = state.reserved.arrival.max(after_queue);
        let (due, after) = self.next(now.max(state.paused_until), arrival);
        refuse_after(until, due, now)?;
        state.waiting = state.waiting.saturating_add(1);
        Ok(Slot {
            bucket: self,
            due,
            reserved: state.reserved.take(now, after),
            made: None,
            used: false,
        })
    }

    /// The first time from `earliest` on that conforms, and the arrival time after it.
    fn next(&self, earliest: Duration, arrival: Duration) -> (Duration, Duration) {
        let first = match gcra(self.rate, self.burst, earliest, arrival) {
            Ok(after) => return (earliest, after),
            Err(wait) => earliest.saturating_add(wait),
        };
        // `gcra` guarantees that the event conforms after the wait.
        let after = gcra(self.rate, self.burst, first, arrival).unwrap_or(Duration::MAX);
        (first, after)
    }

    /// Lets nothing through for a while, because the platform reported "too fast". The pause is as long as the platform asked for, but
    /// at most `max`: one absurd reply must not stop a service. Waiting callers keep their order.
    pub(crate) fn pause(&self, retry_after: Option<Duration>, max: Duration) {
        let pause = retry_after.unwrap_or(PAUSE).min(max);
        let until = self.now().saturating_add(pause);
        let mut state = self.state();
        state.paused_until = state.paused_until.max(until);
    }

    fn now(&self) -> Duration {
        self.made.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// The remaining wait; `None` if the attempt is made now.
    fn wait(&mut self, now: Duration, until: Option<Duration>) -> Result<Option<Duration>, Error> {
        if self.due > now {
            return Ok(Some(self.due - now));
        }
        let mut state = self.bucket.state();
        if self.made.is_none() || state.paused_until > now {
            let earliest = self.due.max(now.saturating_sub(LATEST));
            let earliest = earliest.max(state.paused_until);
            let (due, after) = self.bucket.next(earliest, state.made.arrival);
            refuse_after(until, due, now)?;
            let position = state.made.take(now, after);
            match self.made.replace(position) {
                Some(before_the_pause) => state.made.give_up(before_the_pause),
                None => state.waiting = state.waiting.saturating_sub(1),
            }
            self.due = due;
        }
        if self.due > now {
            return Ok(Some(self.due - now));
        }
        self.used = true;
        Ok(None)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let mut state = self.bucket.state();
        match self.made {
            Some(position) => state.made.give_up(position),
            None => state.waiting = state.waiting.saturating_sub(1),
        }
        state.reserved.give_up(self.reserved);
    }
}

fn refuse_after(until: Option<Duration>, due: Duration, now: Duration) -> Result<(), Error> {
    match until {
        Some(until) if due > until => Err(Error::throttled(due.saturating_sub(now))),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
