//! The platform's time: this machine's clock plus the offset that the session has learned.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nxcloud_signing::Timestamp;
use reqwest::Url;
use reqwest::header::{AGE, DATE, HeaderMap};

use crate::base_url::is_authentic;

/// The largest difference between a `ts` and the platform's clock that the platform accepts, in milliseconds.
const WINDOW: i64 = 60_000;
/// A `Date` header has a resolution of one second. Its middle is at most this many milliseconds off.
const HALF_A_SECOND: i64 = 500;
/// The largest offset that is learned, in milliseconds: one day, which covers a clock set to local time. A forged reply cannot make the
/// session sign requests for a later day.
const LARGEST_OFFSET: i64 = 24 * 60 * 60 * 1_000;

type Source = dyn Fn() -> SystemTime + Send + Sync;

/// The session's clock.
pub(crate) struct Clock {
    source: Arc<Source>,
    learns: bool,
    /// Milliseconds to add to the source.
    offset: AtomicI64,
}

/// The state of the clock when an attempt was signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Milliseconds since 1970 according to the source.
    local: i64,
    /// The offset added to it.
    offset: i64,
}

impl Reading {
    /// The `ts` of the attempt.
    pub(crate) fn ts(self) -> Timestamp {
        let millis = self.local.saturating_add(self.offset);
        Timestamp::from_millis(u64::try_from(millis).unwrap_or_default())
    }
}

/// An offset measured with the `Date` header of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// The platform's clock minus the source, in milliseconds.
    offset: i64,
    /// The maximum error of the measurement.
    uncertainty: i64,
}

impl Clock {
    pub(crate) fn new(source: Arc<Source>, learns: bool) -> Self {
        Self {
            source,
            learns,
            offset: AtomicI64::new(0),
        }
    }

    /// The current time.
    pub(crate) fn read(&self) -> Reading {
        Reading {
            local: self.local(),
            offset: self.offset.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    fn local(&self) -> i64 {
        match (self.source)().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }

    /// Measures the offset with the `Date` header of a reply that has just arrived from `url`, to an attempt signed at `sent`. Ignores
    /// replies over plain http from another machine, because anyone on the network can change them.
    pub(crate) fn measure(
        &self,
        sent: Reading,
        url: &Url,
        headers: &HeaderMap,
    ) -> Option<Measured> {
        if !self.learns {
            return None;
        }
        measure(sent.local, self.local(), headers).filter(|_| is_authentic(url))
    }

    /// Learns from a reply. Returns true if the offset has changed: an attempt signed now has a different `ts` than the one signed at
    /// `sent`, and may be accepted although that one was not.
    pub(crate) fn learn(&self, sent: Reading, measured: Option<Measured>, expired: bool) -> bool {
        if !self.learns {
            return false;
        }
        let corrected = correct(sent.offset, measured, expired);
        if let Some(offset) = corrected {
            self.offset.store(offset, Ordering::Relaxed);
        }
        corrected.is_some()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("learns", &self.learns)
            .field("offset", &self.offset())
            .finish_non_exhaustive()
    }
}

/// The offset between the source and the `Date` header, taken at the midpoint of sending and receiving. A reply with an `Age` header
/// comes from a cache, so its `Date` is too old.
fn measure(sent: i64, received: i64, headers: &HeaderMap) -> Option<Measured> {
    if headers.contains_key(AGE) {
        return None;
    }
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    let date = i64::try_from(since.as_millis()).ok()?;
    // If the clock was set back meanwhile, there is no measurement.
    let round_trip = received.checked_sub(sent).filter(|time| *time >= 0)?;
    let midpoint = sent + round_trip / 2;
    Some(Measured {
        offset: date + HALF_A_SECOND - midpoint,
        uncertainty: HALF_A_SECOND + round_trip / 2,
    })
}

/// The new offset, if it differs from the one in use.
///
/// - After a rejected `ts`: the measured offset if it differs, else zero if another offset was in use, because that one was wrong.
/// - After an accepted `ts`, a `Date` outside the window is ignored: the `ts` was within the window, so this is not the platform's clock.
/// - An offset of more than [`LARGEST_OFFSET`] is never learned.
/// - A difference within the measurement error changes nothing.
fn correct(used: i64, measured: Option<Measured>, expired: bool) -> Option<i64> {
    let differing = measured.filter(|measured| {
        let difference = measured.offset.saturating_sub(used).saturating_abs();
        difference > measured.uncertainty
            && measured.offset.saturating_abs() <= LARGEST_OFFSET
            && (expired || difference <= WINDOW.saturating_add(measured.uncertainty))
    });
    match differing {
        Some(measured) => Some(measured.offset),
        None if expired && used != 0 => Some(0),
        None => None,
    }
}

/// The wait that a `Retry-After` header asks for, given as seconds or as a date.
pub(crate) fn retry_after(
    headers: &HeaderMap,
    now: impl FnOnce() -> SystemTime,
) -> Option<Duration> {
    let text = headers
        .get(reqwest::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now()).unwrap_or_default())
}

impl Clock {
    /// The platform's time, with the learned offset.
    pub(crate) fn system_time(&self) -> SystemTime {
        let now = (self.source)();
        let offset = self.offset();
        let distance = Duration::from_millis(offset.unsigned_abs());
        let shifted = if offset < 0 {
            now.checked_sub(distance)
        } else {
            now.checked_add(distance)
        };
        shifted.unwrap_or(now)
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
