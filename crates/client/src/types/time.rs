//! Times of replies and pushes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::{Timestamp, civil, tz::Offset};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

use crate::types::date::{Date, InvalidTime, is_date_time_layout, offset, rfc3339};
use crate::types::lenient::{Lenient, integer};
use crate::types::redact::{Redact, Redacted};

/// A time received from the platform. It serialises exactly as it was received.
///
/// If the time zone is known, because the platform sends Unix time or the text contains an offset, use
/// [`to_system_time`](Self::to_system_time). If it is not (`yyyy-MM-dd HH:mm:ss`), pass the offset to [`at_offset`](Self::at_offset). A
/// value that is not a time stays in the `extra` of its object.
///
/// `Display` shows RFC 3339 in UTC if the zone is known, else `yyyy-MM-dd HH:mm:ss`. Two times are equal if they were received in the same
/// form.
///
/// ```
/// use nxcloud_client::Time;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// # fn main() -> Result<(), nxcloud_client::InvalidTime> {
/// let local: Time = "2026-11-21 10:15:42".parse()?;
/// assert_eq!((local.date().day(), local.hour()), (21, 10));
/// assert_eq!(local.to_system_time(), None);
/// assert_eq!(local.at_offset(8 * 60), UNIX_EPOCH.checked_add(Duration::from_secs(1_795_227_342)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Time {
    received: Received,
    reading: Reading,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Received {
    Text(String),
    Number(Number),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Reading {
    Moment(Timestamp),
    Local(civil::DateTime),
}

impl Reading {
    /// Parses date and time. With a zone, the result is a moment.
    fn of_text(text: &str) -> Option<Self> {
        if !is_date_time_layout(text, b" Tt") {
            return None;
        }
        let moment = text.parse().map(Self::Moment);
        moment.or_else(|_| text.parse().map(Self::Local)).ok()
    }

    /// A number of units of `unit` milliseconds. If `unit` is 0, a number is not a time.
    fn of_number(number: i64, unit: i64) -> Option<Self> {
        let millis = number.checked_mul(unit).filter(|_| unit > 0)?;
        Timestamp::from_millisecond(millis).ok().map(Self::Moment)
    }

    fn of(value: &Value, unit: i64) -> Option<Self> {
        let text = value.as_str().map(str::trim);
        text.and_then(Self::of_text)
            .or_else(|| Self::of_number(integer(value)?, unit))
            .filter(|reading| reading.civil().year() >= 0)
    }

    /// The date and time of day; those of a moment are in UTC.
    fn civil(self) -> civil::DateTime {
        match self {
            Self::Moment(moment) => Offset::UTC.to_datetime(moment),
            Self::Local(local) => local,
        }
    }
}

impl Time {
    fn read(value: Value, unit: i64) -> Option<Self> {
        let reading = Reading::of(&value, unit)?;
        let received = match value {
            Value::String(text) => Received::Text(text),
            Value::Number(number) => Received::Number(number),
            _ => return None,
        };
        Some(Self { received, reading })
    }

    /// The value as received: the text, or the digits of the number.
    #[must_use]
    pub fn received(&self) -> Cow<'_, str> {
        match &self.received {
            Received::Text(text) => Cow::Borrowed(text),
            Received::Number(number) => Cow::Owned(number.to_string()),
        }
    }

    /// The point in time. `None` if the zone is unknown, or if the standard library's type cannot represent the time.
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        match self.reading {
            Reading::Moment(moment) => moment.try_into().ok(),
            Reading::Local(_) => None,
        }
    }

    /// The point in time. If the zone is unknown, local time is taken to be that many minutes ahead of UTC, or behind it if negative.
    /// `None` if the offset is more than a day, or if the standard library's type cannot represent the time.
    #[must_use]
    pub fn at_offset(&self, minutes: i32) -> Option<SystemTime> {
        match self.reading {
            Reading::Moment(_) => self.to_system_time(),
            Reading::Local(local) => {
                let moment = offset(minutes)?.to_timestamp(local).ok()?;
                moment.try_into().ok()
            }
        }
    }

    /// Milliseconds since 1970-01-01 UTC. `None` if the zone is unknown.
    #[must_use]
    pub fn unix_millis(&self) -> Option<i64> {
        match self.reading {
            Reading::Moment(moment) => Some(moment.as_millisecond()),
            Reading::Local(_) => None,
        }
    }

    /// The date: in UTC, or local if the zone is unknown.
    #[must_use]
    pub fn date(&self) -> Date {
        Date::of(self.reading.civil().date())
    }

    /// The hour, 0 to 23, in the same zone as [`date`](Self::date).
    #[must_use]
    pub fn hour(&self) -> u8 {
        u8::try_from(self.reading.civil().hour()).unwrap_or_default()
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub fn minute(&self) -> u8 {
        u8::try_from(self.reading.civil().minute()).unwrap_or_default()
    }

    /// The second, 0 to 59.
    #[must_use]
    pub fn second(&self) -> u8 {
        u8::try_from(self.reading.civil().second()).unwrap_or_default()
    }
}

/// Accepts `yyyy-MM-dd HH:mm:ss`, which has no zone, and RFC 3339.
impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        Self::read(Value::from(text), 0).ok_or(InvalidTime::TIME)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reading {
            Reading::Moment(moment) => f.write_str(&rfc3339(moment, 0)),
            Reading::Local(local) => write!(f, "{} {}", local.date(), local.time()),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.received {
            Received::Text(text) => serializer.serialize_str(text),
            Received::Number(number) => number.serialize(serializer),
        }
    }
}

impl Redact for Time {
    fn redact(&self) -> Redacted {
        Redacted("<hidden>")
    }
}

/// Reads a time field. Numbers count units of `UNIT` milliseconds; if `UNIT` is 0, numbers are not times. Generated code takes it out of
/// the map and converts it to a [`Time`].
#[derive(Debug)]
pub struct Counted<const UNIT: i64>(Time);

/// A time that is documented as text only.
pub type TextTime = Counted<0>;
/// Whole seconds since 1970.
pub type UnixSeconds = Counted<1000>;
/// Milliseconds since 1970.
pub type UnixMillis = Counted<1>;

impl<const UNIT: i64> From<Counted<UNIT>> for Time {
    fn from(counted: Counted<UNIT>) -> Self {
        counted.0
    }
}

impl<const UNIT: i64> Lenient for Counted<UNIT> {
    fn accepts(value: &Value) -> bool {
        Reading::of(value, UNIT).is_some()
    }

    fn convert(value: Value) -> Option<Self> {
        Time::read(value, UNIT).map(Self)
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
