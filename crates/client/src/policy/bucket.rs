//! The queue of one service's rate limit. All times are since the bucket was made.
//!
//! A caller reserves its slot in advance and sleeps until then, so that a timer that is late does not lower the rate. When it wakes,
//! the attempt itself has to conform as well: after a pause, or when the program stood still, callers whose slots have passed
//! follow each other at the rate instead of going all at once.

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::policy::gcra::{gcra, interval};
use crate::policy::rate_limit::{OnLimit, Sleep};
use crate::{Error, trace};

/// How long a service is left alone when the platform says "too fast" without saying for how long.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// How late a caller may use its slot without losing it. Timers are late by a millisecond or two. It is also how much more than the
/// rate may go through within a second: a hundredth.
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
    /// Slots that are reserved in advance.
    reserved: Line,
    /// Attempts that are made, or wait for the moment at which they conform.
    made: Line,
    /// Slots that are reserved and not among `made`.
    waiting: u32,
    /// Until when the platform asked for a pause.
    paused_until: Duration,
}

/// Places that conform to the limit, one after the other.
#[derive(Default)]
struct Line {
    /// The theoretical arrival time of the next one.
    arrival: Duration,
    /// Places of callers that gave up: the arrival time after each, with the one before it.
    cancelled: BTreeMap<Duration, Duration>,
}

/// One place: the arrival times of its line before and after it.
#[derive(Clone, Copy)]
struct Place {
    before: Duration,
    after: Duration,
}

impl Line {
    fn take(&mut self, now: Duration, after: Duration) -> Place {
        // Those that have passed are not given back any more.
        self.cancelled = self.cancelled.split_off(&now);
        let before = mem::replace(&mut self.arrival, after);
        Place { before, after }
    }

    /// The last one is given back, and with it those before it that were given up before. Others would change the order.
    fn give_up(&mut self, place: Place) {
        self.cancelled.insert(place.after, place.before);
        while let Some(before) = self.cancelled.remove(&self.arrival) {
            self.arrival = before;
        }
    }
}

/// The place of one caller in the queue; dropping it gives the place up.
struct Slot<'a> {
    bucket: &'a Bucket,
    /// When the attempt may be made.
    due: Duration,
    reserved: Place,
    /// Its place among the attempts that are made, to which `due` conforms then.
    made: Option<Place>,
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
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled) when the slot is after the deadline, or not now where the limit is not
    /// waited for.
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
            // A sleep of the caller's own may take no time.
            now = self.now().max(now.saturating_add(wait));
        }
        Ok(())
    }

    /// Reserves the next slot, if it is not after `until`.
    fn reserve(&self, now: Duration, until: Option<Duration>) -> Result<Slot<'_>, Error> {
        let mut state = self.state();
        // After a pause all that wait go first.
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
        // Granted by then, as the function promises.
        let after = gcra(self.rate, self.burst, first, arrival).unwrap_or(Duration::MAX);
        (first, after)
    }

    /// Lets nothing through for a while, because the platform said "too fast": as long as it asked for, but not longer than `most`,
    /// so that one absurd reply does not stop a service. Callers that wait keep their order.
    pub(crate) fn pause(&self, asked: Option<Duration>, most: Duration) {
        let until = self.now().saturating_add(asked.unwrap_or(PAUSE).min(most));
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
    /// How long to wait yet; `None` when the attempt is made now.
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
            let place = state.made.take(now, after);
            match self.made.replace(place) {
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
            Some(place) => state.made.give_up(place),
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
