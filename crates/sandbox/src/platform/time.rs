//! Dates and times of requests and replies.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Milliseconds since 1970-01-01 of a date and time, in UTC unless it has an offset; `None` if it is invalid.
pub(crate) fn moment(text: &str) -> Option<i64> {
    // A date without a time is not enough.
    text.get(.."yyyy-MM-dd HH:mm:ss".len())?;
    let in_utc = || {
        let time = text.parse::<DateTime>().ok()?;
        Offset::UTC.to_timestamp(time).ok()
    };
    let moment = text.parse::<Timestamp>().ok().or_else(in_utc)?;
    Some(moment.as_millisecond())
}

/// A timestamp as `yyyy-MM-dd HH:mm:ss` in UTC, at most the last second of the year 9999.
pub(crate) fn text_of(millis: u64) -> String {
    let moment = i64::try_from(millis).ok().map(Timestamp::from_millisecond);
    let moment = moment.and_then(Result::ok).unwrap_or(Timestamp::MAX);
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Whether this number of seconds since 1970-01-01 is a valid date.
pub(crate) fn is_date(seconds: u64) -> bool {
    let second = i64::try_from(seconds).map(Timestamp::from_second);
    second.is_ok_and(|second| second.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_with_and_without_a_time_zone_are_parsed() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01 00:00:01", Some(1000)),
            ("1969-12-31T23:59:59.9Z", Some(-100)),
            ("2018-02-07T02:19:33.000Z", Some(1_517_969_973_000)),
            ("2018-02-07T02:19:33.1239+01:30", Some(1_517_964_573_123)),
            ("2018-02-07T02:19:33-00:30", Some(1_517_971_773_000)),
            ("2000-03-01T00:00:00Z", Some(951_868_800_000)),
            ("2018-02-07T02:19:33.Z", None),
            ("2018-02-07T02:19:33+1", None),
            ("2018-02-07T02:19:33+01:3x", None),
            ("2018-02-07T02:19:33 UTC", None),
            ("2018-02-30T02:19:33Z", None),
            ("2018-02-07", None),
        ] {
            assert_eq!(moment(text), millis, "{text}");
        }
    }

    #[test]
    fn timestamps_are_calendar_dates() {
        for (millis, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_655_710_885_431, "2022-06-20 07:41:25"),
            (4_102_444_799_999, "2099-12-31 23:59:59"),
        ] {
            assert_eq!(text_of(millis), text);
        }
        assert!(text_of(u64::MAX).starts_with("9999-12-30 "));
    }
}
