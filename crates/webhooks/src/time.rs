//! Times of events, which say whether they have a zone.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// A moment without a zone: `yyyy-MM-dd HH:mm:ss`. The reference does not say which zone it is in, so it is no moment in time
/// until a caller who knows says so with [`at_offset`](Self::at_offset).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDateTime {
    /// 0 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// A text is no moment of the form `yyyy-MM-dd HH:mm:ss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADateTime;

impl fmt::Display for NotADateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a moment of the form yyyy-MM-dd HH:mm:ss")
    }
}

impl std::error::Error for NotADateTime {}

impl LocalDateTime {
    /// The moment, if local time is that many minutes ahead of UTC (behind it, if negative).
    #[must_use]
    pub fn at_offset(&self, minutes: i32) -> UnixTime {
        let seconds = days_before(
            i64::from(self.year),
            i64::from(self.month),
            i64::from(self.day),
        ) * DAY
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
            - i64::from(minutes) * 60;
        UnixTime::from_seconds(seconds)
    }
}

impl FromStr for LocalDateTime {
    type Err = NotADateTime;

    /// Reads `yyyy-MM-dd HH:mm:ss`; a `T` may stand for the space. The day must exist.
    fn from_str(text: &str) -> Result<Self, NotADateTime> {
        let bytes: &[u8; 19] = text
            .trim()
            .as_bytes()
            .try_into()
            .map_err(|_| NotADateTime)?;
        let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        if separators
            .iter()
            .any(|(at, byte)| bytes.get(*at) != Some(byte))
            || !matches!(bytes[10], b' ' | b'T')
        {
            return Err(NotADateTime);
        }
        let number = |from: usize, to: usize| {
            bytes
                .get(from..to)
                .into_iter()
                .flatten()
                .try_fold(0_u16, |n, byte| {
                    byte.is_ascii_digit()
                        .then(|| n * 10 + u16::from(byte - b'0'))
                })
        };
        let small = |from: usize| number(from, from + 2).and_then(|n| u8::try_from(n).ok());
        let read = || {
            Some(Self {
                year: number(0, 4)?,
                month: small(5)?,
                day: small(8)?,
                hour: small(11)?,
                minute: small(14)?,
                second: small(17)?,
            })
        };
        read().filter(Self::exists).ok_or(NotADateTime)
    }
}

impl LocalDateTime {
    fn exists(&self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=days_in(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// A moment in time, in milliseconds since 1970-01-01 UTC. `Display` writes RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    millis: i64,
}

impl UnixTime {
    /// From seconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self {
            millis: seconds.saturating_mul(1000),
        }
    }

    /// From milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self { millis }
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.millis
    }

    /// As the standard library's type; `None` outside its range.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_millis(self.millis.unsigned_abs());
        if self.millis < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        }
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.millis.div_euclid(1000);
        let (year, month, day) = civil(seconds.div_euclid(DAY));
        let second = seconds.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )?;
        match self.millis.rem_euclid(1000) {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

const fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. The year is counted from March, so that the leap day comes last.
const fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let day_of_year = (153 * since_march + 2) / 5 + day - 1;
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_before`].
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year + year / 4 - year / 100);
    let since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * since_march + 2) / 5 + 1;
    let month = (since_march + 2) % 12 + 1;
    let year = era * 400 + year + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_moment_becomes_one_in_time_with_an_offset() {
        let local: LocalDateTime = "2026-11-21 10:15:42".parse().unwrap();
        assert_eq!(local.to_string(), "2026-11-21 10:15:42");
        assert_eq!(local.at_offset(0).to_string(), "2026-11-21T10:15:42Z");
        assert_eq!(local.at_offset(8 * 60).to_string(), "2026-11-21T02:15:42Z");
        assert_eq!(local.at_offset(8 * 60).millis(), 1_795_227_342_000);
    }

    #[test]
    fn what_does_not_exist_is_no_moment() {
        for text in [
            "",
            "2026-02-29 00:00:00",
            "2026-13-01 00:00:00",
            "2026-11-21 24:00:00",
            "2026-11-21",
            "2026-11-21 10:15:42Z",
            "2026-11-21_10:15:42",
            "２026-11-21 10:15",
            "+026-11-21 10:15:42",
        ] {
            assert_eq!(text.parse::<LocalDateTime>(), Err(NotADateTime), "{text}");
        }
        assert!("2024-02-29T23:59:59".parse::<LocalDateTime>().is_ok());
    }

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for days in (-800_000..3_000_000).step_by(97) {
            let (year, month, day) = civil(days);
            assert_eq!(days_before(year, month, day), days);
        }
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
    }

    #[test]
    fn millis_show_when_there_are_any() {
        assert_eq!(
            UnixTime::from_millis(1_795_259_100_500).to_string(),
            "2026-11-21T11:05:00.500Z"
        );
        assert_eq!(
            UnixTime::from_seconds(-1).to_string(),
            "1969-12-31T23:59:59Z"
        );
        assert!(UnixTime::from_seconds(1).to_system_time() > Some(UNIX_EPOCH));
    }
}
