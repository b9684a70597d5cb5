//! What time it is for the platform: this machine's clock, and how far it is off as far as the session has learned.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nxcloud_signing::Timestamp;
use reqwest::Url;
use reqwest::header::{AGE, DATE, HeaderMap};

use crate::base_url::is_authentic;

/// How far a `ts` may be from the platform's clock, in milliseconds.
const WINDOW: i64 = 60_000;
/// A `Date` header names a whole second; the middle of it is at most this far from the truth, in milliseconds.
const HALF_A_SECOND: i64 = 500;
/// The largest offset that is learned, in milliseconds: a day, which covers a clock set to local time. A reply cannot have requests
/// signed for a later day.
const LARGEST_OFFSET: i64 = 24 * 60 * 60 * 1_000;

type Source = dyn Fn() -> SystemTime + Send + Sync;

/// The session's clock.
pub(crate) struct Clock {
    source: Arc<Source>,
    learns: bool,
    /// Milliseconds to add to the source.
    offset: AtomicI64,
}

/// The clock as an attempt saw it when it was signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Milliseconds since 1970 by the source.
    local: i64,
    /// What was added to it.
    offset: i64,
}

impl Reading {
    /// The `ts` of the attempt.
    pub(crate) fn ts(self) -> Timestamp {
        let millis = self.local.saturating_add(self.offset);
        Timestamp::from_millis(u64::try_from(millis).unwrap_or_default())
    }
}

/// What the `Date` of a reply says, measured between sending and receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// The platform's clock minus the source, in milliseconds.
    offset: i64,
    /// How far that may be from the truth.
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

    /// Now.
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

    /// Reads the `Date` of a reply that has just come from `url` to an attempt signed at `sent`. Over plain http from another machine
    /// anybody in between can have written it, so that it says nothing.
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

    /// Takes in what a reply says about the clock. True when an attempt signed now carries another `ts` than the one that
    /// was signed at `sent`, and so may be accepted although that one was not.
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

/// The offset between the source and the `Date` header, taken at the midpoint of sending and receiving. A reply with an `Age`
/// was made earlier and kept by a cache; its `Date` says nothing.
fn measure(sent: i64, received: i64, headers: &HeaderMap) -> Option<Measured> {
    if headers.contains_key(AGE) {
        return None;
    }
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    let date = i64::try_from(since.as_millis()).ok()?;
    // A clock that was set back in between measured nothing.
    let took = received.checked_sub(sent).filter(|took| *took >= 0)?;
    let midpoint = sent + took / 2;
    Some(Measured {
        offset: date + HALF_A_SECOND - midpoint,
        uncertainty: HALF_A_SECOND + took / 2,
    })
}

/// The offset to go on with, when it differs from the one in use.
///
/// - A `ts` that was rejected: the measured offset, if it differs; else none at all, if one was in use, since it was wrong.
/// - A `ts` that was accepted is within the window, so a `Date` outside it is not the platform's clock, and is ignored.
/// - An offset of more than [`LARGEST_OFFSET`] is never learned.
/// - A difference that may be an inaccuracy of the measurement changes nothing.
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

/// How long a `Retry-After` header asks to wait, in either of its two forms.
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
    /// The platform's time as far as it is known.
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
