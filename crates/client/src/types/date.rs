//! Dates and times of requests. Values that do not exist cannot be created.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::{Timestamp, civil, tz::Offset};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::redact::{Redact, Redacted};

/// A value is not a valid date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTime(&'static str);

impl InvalidTime {
    pub(crate) const DATE: Self =
        Self("not a date; write a day that exists as yyyy-MM-dd, such as 2026-11-26");
    pub(crate) const DATE_TIME: Self = Self(
        "not a date-time; write one that exists with its zone, such as 2026-11-26T10:15:42.000Z",
    );
    pub(crate) const TIME: Self = Self("not a time; write yyyy-MM-dd HH:mm:ss, or RFC 3339");
    const UNIX_SECONDS: Self =
        Self("not a time in Unix seconds; write a whole number in the years 0 to 9999");
}

impl fmt::Display for InvalidTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidTime {}

/// A calendar date in the years 0 to 9999, written `yyyy-MM-dd`.
///
/// ```
/// use nxcloud_client::Date;
///
/// # fn main() -> Result<(), nxcloud_client::InvalidTime> {
/// let day = Date::new(2026, 11, 26)?;
/// assert_eq!("2026-11-26".parse(), Ok(day));
/// assert!(Date::new(2026, 2, 29).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// The date with this year, month (1 to 12) and day of the month.
    ///
    /// # Errors
    ///
    /// [`InvalidTime`] if the date does not exist.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, InvalidTime> {
        let small = |number: u8| i8::try_from(number).map_err(|_| InvalidTime::DATE);
        let year = i16::try_from(year).map_err(|_| InvalidTime::DATE)?;
        civil::Date::new(year, small(month)?, small(day)?)
            .map(Self)
            .map_err(|_| InvalidTime::DATE)
    }

    /// The local date at a point in time. `minutes` is the time zone's offset: local time is that many minutes ahead of UTC, or behind it
    /// if negative; 0 is UTC. The machine's time zone is never used.
    ///
    /// # Errors
    ///
    /// [`InvalidTime`] outside the years 0 to 9999, or if the offset is more than a day.
    pub fn at_offset(moment: SystemTime, minutes: i32) -> Result<Self, InvalidTime> {
        let moment = Timestamp::try_from(moment).map_err(|_| InvalidTime::DATE)?;
        let date = offset(minutes)
            .ok_or(InvalidTime::DATE)?
            .to_datetime(moment)
            .date();
        Self::checked(date)
    }

    fn checked(date: civil::Date) -> Result<Self, InvalidTime> {
        if date.year() < 0 {
            return Err(InvalidTime::DATE);
        }
        Ok(Self(date))
    }

    pub(crate) const fn of(date: civil::Date) -> Self {
        Self(date)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        u16::try_from(self.0.year()).unwrap_or_default()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        u8::try_from(self.0.month()).unwrap_or_default()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        u8::try_from(self.0.day()).unwrap_or_default()
    }
}

/// Accepts only `yyyy-MM-dd`.
impl FromStr for Date {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let date: civil::Date = text.parse().map_err(|_| InvalidTime::DATE)?;
        // jiff accepts other formats, too; the platform documents only this one.
        let date = Self::checked(date)?;
        if date.to_string() == text {
            Ok(date)
        } else {
            Err(InvalidTime::DATE)
        }
    }
}

impl TryFrom<&str> for Date {
    type Error = InvalidTime;

    fn try_from(text: &str) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year(),
            self.month(),
            self.day()
        )
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Redact for Date {
    fn redact(&self) -> Redacted {
        Redacted("<hidden>")
    }
}

/// A date and time with a known time zone, in the years 0 to 9999.
///
/// Requests send it as the platform documents the field: RFC 3339 in UTC with at least milliseconds, or whole Unix seconds.
///
/// ```
/// use nxcloud_client::DateTime;
///
/// # fn main() -> Result<(), nxcloud_client::InvalidTime> {
/// let moment: DateTime = "2018-02-07T10:19:33+08:00".parse()?;
/// assert_eq!(moment.as_str(), "2018-02-07T02:19:33.000Z");
/// assert_eq!(DateTime::try_from(std::time::UNIX_EPOCH)?.as_str(), "1970-01-01T00:00:00.000Z");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    moment: Timestamp,
    text: String,
}

impl DateTime {
    fn of(moment: Timestamp) -> Result<Self, InvalidTime> {
        if Offset::UTC.to_datetime(moment).year() < 0 {
            return Err(InvalidTime::DATE_TIME);
        }
        let text = rfc3339(moment, 3);
        Ok(Self { moment, text })
    }

    /// The time at this number of seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// [`InvalidTime`] outside the years 0 to 9999. A current time in milliseconds is far outside.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidTime> {
        let moment = Timestamp::from_second(seconds).map_err(|_| InvalidTime::UNIX_SECONDS)?;
        Self::of(moment).map_err(|_| InvalidTime::UNIX_SECONDS)
    }

    /// Whole seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.moment.as_millisecond().div_euclid(1000)
    }

    /// RFC 3339 in UTC.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Converts to the standard library's type; `None` if that cannot represent the value.
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        self.moment.try_into().ok()
    }

    /// Whether `other` is more than `days` days later.
    pub(crate) fn is_more_than_days_before(&self, other: &Self, days: i64) -> bool {
        other.moment.duration_since(self.moment).as_nanos()
            > i128::from(days) * 86_400 * 1_000_000_000
    }
}

impl TryFrom<SystemTime> for DateTime {
    type Error = InvalidTime;

    fn try_from(moment: SystemTime) -> Result<Self, InvalidTime> {
        Timestamp::try_from(moment)
            .map_err(|_| InvalidTime::DATE_TIME)
            .and_then(Self::of)
    }
}

/// Accepts RFC 3339 without leap seconds.
impl FromStr for DateTime {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        if !is_date_time_layout(text, b"Tt") || !is_rest_of_rfc3339(text) {
            return Err(InvalidTime::DATE_TIME);
        }
        let moment: Timestamp = text.parse().map_err(|_| InvalidTime::DATE_TIME)?;
        Self::of(moment)
    }
}

impl TryFrom<&str> for DateTime {
    type Error = InvalidTime;

    fn try_from(text: &str) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Redact for DateTime {
    fn redact(&self) -> Redacted {
        Redacted("<hidden>")
    }
}

/// A [`DateTime`] that is sent as a number of seconds. Generated code uses it in `serde(with)`.
pub mod unix_seconds {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::DateTime;

    /// Writes the number.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(moment: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(moment.unix_seconds())
    }

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// Those of the deserializer, and a number outside the years 0 to 9999.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime, D::Error> {
        let seconds = i64::deserialize(deserializer)?;
        DateTime::from_unix_seconds(seconds).map_err(D::Error::custom)
    }
}

pub(crate) fn offset(minutes: i32) -> Option<Offset> {
    Offset::from_seconds(minutes.checked_mul(60)?).ok()
}

/// RFC 3339 in UTC. The fraction has as many digits as needed, and at least `min_digits`.
pub(crate) fn rfc3339(moment: Timestamp, min_digits: usize) -> String {
    let nanos = moment.subsec_nanosecond();
    let digits = match nanos {
        0 => 0,
        nanos if nanos % 1_000_000 == 0 => 3,
        _ => 9,
    };
    format!("{moment:.0$}", digits.max(min_digits))
}

/// Whether a text starts with `yyyy-MM-dd HH:mm:ss`, with one of the separators in place of the space, and has no zone name in brackets.
/// jiff accepts more formats.
pub(crate) fn is_date_time_layout(text: &str, separators: &[u8]) -> bool {
    let Some((head, rest)) = text.as_bytes().split_at_checked(19) else {
        return false;
    };
    let fits = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        10 => separators.contains(byte),
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    };
    head.iter().enumerate().all(fits) && !rest.contains(&b'[')
}

/// Whether the rest of a text after the minutes is RFC 3339: seconds up to 59, an optional fraction, then `Z` or an offset. jiff accepts
/// other formats and rounds leap seconds down.
fn is_rest_of_rfc3339(text: &str) -> bool {
    let Some((seconds, rest)) = text.get(17..).and_then(|rest| rest.split_at_checked(2)) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
    };
    let is_offset = match zone.as_bytes() {
        [b'Z' | b'z'] => true,
        [
            b'+' | b'-',
            h @ b'0'..=b'2',
            l @ b'0'..=b'9',
            b':',
            b'0'..=b'5',
            b'0'..=b'9',
        ] => (*h, *l) < (b'2', b'4'),
        _ => false,
    };
    seconds < "60" && is_offset
}

#[cfg(test)]
#[path = "date_tests.rs"]
mod tests;
