use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::*;

#[test]
fn only_existing_dates_are_accepted() {
    for good in ["2026-11-21", "2024-02-29", "2000-02-29", "0000-01-01"] {
        let date: Date = good.parse().unwrap();
        assert_eq!(date.to_string(), good);
        assert_eq!(Date::new(date.year(), date.month(), date.day()), Ok(date));
        assert_eq!(serde_json::to_value(date).unwrap(), good);
        assert_eq!(serde_json::from_value::<Date>(json!(good)).unwrap(), date);
    }
    for bad in [
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-11-31",
        "2026-1-1",
        "20261121",
        "2026-W47-6",
        "2026-11-21-",
        "2026-11-2x",
        "2026-11-21T00:00:00",
        "2026-11-21 00:00:00",
        "2026-11-21[UTC]",
        " 2026-11-21",
        "-002026-11-21",
        "+002026-11-21",
        "12026-11-21",
        "２026-11-21",
        "",
    ] {
        assert_eq!(bad.parse::<Date>(), Err(InvalidTime::DATE), "{bad}");
        let error = serde_json::from_value::<Date>(json!(bad)).unwrap_err();
        assert!(error.to_string().starts_with("not a date"), "{error}");
    }
    for (year, month, day) in [
        (2026, 2, 29),
        (2026, 0, 1),
        (2026, 1, 0),
        (2026, 255, 255),
        (10_000, 1, 1),
        (u16::MAX, 1, 1),
    ] {
        assert_eq!(Date::new(year, month, day), Err(InvalidTime::DATE));
    }
    assert!(serde_json::from_value::<Date>(json!(20_261_121)).is_err());
}

#[test]
fn the_date_depends_on_the_offset() {
    let moment = UNIX_EPOCH + Duration::from_secs(1_795_259_100); // 2026-11-21T11:05:00Z
    let day = |minutes| Date::at_offset(moment, minutes).map(|date| date.to_string());
    assert_eq!(day(0).unwrap(), "2026-11-21");
    assert_eq!(day(13 * 60).unwrap(), "2026-11-22");
    assert_eq!(day(-12 * 60).unwrap(), "2026-11-20");
    assert_eq!(day(i32::MAX), Err(InvalidTime::DATE));
    assert_eq!(day(i32::MIN), Err(InvalidTime::DATE));
    let far = UNIX_EPOCH + Duration::from_secs(1 << 60);
    assert_eq!(Date::at_offset(far, 0), Err(InvalidTime::DATE));
}

#[test]
fn date_times_carry_a_zone() {
    for (good, canonical) in [
        ("2018-02-07T02:19:33.000Z", "2018-02-07T02:19:33.000Z"),
        ("2018-02-07T02:19:33+08:00", "2018-02-06T18:19:33.000Z"),
        ("2018-02-07t02:19:33.5z", "2018-02-07T02:19:33.500Z"),
        (
            "2018-02-07T02:19:33.123456Z",
            "2018-02-07T02:19:33.123456000Z",
        ),
    ] {
        let moment: DateTime = good.parse().unwrap();
        assert_eq!(moment.as_str(), canonical);
        assert_eq!(moment.to_string().parse(), Ok(moment.clone()));
        assert_eq!(serde_json::to_value(&moment).unwrap(), canonical);
        let system = moment.to_system_time().unwrap();
        assert_eq!(DateTime::try_from(system), Ok(moment));
    }
    for bad in [
        "",
        "2018-02-07",
        "2018-02-07T02:19:33",
        "2018-02-07 02:19:33Z",
        "2018-02-30T02:19:33Z",
        "2018-02-07T24:00:00Z",
        "2018-02-07T02:19:60Z",
        "2016-12-31T23:59:60Z",
        "2018-02-07T02:19:61Z",
        "2018-02-07T02:19:33+08",
        "2018-02-07T02:19:33+0800",
        "2018-02-07T02:19:33+08:00:00",
        "2018-02-07T02:19:33+25:00",
        "2018-02-07T02:19:33+08:60",
        "2018-02-07T02:19:33,5Z",
        "2018-02-07T02:19:33.Z",
        "99999-02-07T02:19:33Z",
        "0000-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "2018-02-07T02:60:00Z",
        "2018-02-07T02:19Z",
        "2018-02-07T02:19:33Z[UTC]",
        "2018-02-07T02:19:33+99:00",
        "2018-02-07T02:19:33 Z",
        "20180207T021933Z",
        "２18-02-07T02:19:33Z",
    ] {
        assert_eq!(
            bad.parse::<DateTime>(),
            Err(InvalidTime::DATE_TIME),
            "{bad}"
        );
    }
}

#[test]
fn unix_seconds_are_whole_and_in_range() {
    let moment = DateTime::from_unix_seconds(1_793_462_400).unwrap();
    assert_eq!(moment.as_str(), "2026-10-31T16:00:00.000Z");
    assert_eq!(moment.unix_seconds(), 1_793_462_400);
    for seconds in [1_793_462_400_000, i64::MAX, i64::MIN] {
        let error = DateTime::from_unix_seconds(seconds).unwrap_err();
        assert!(error.to_string().contains("Unix seconds"), "{error}");
    }
    let before: DateTime = "1969-12-31T23:59:59.5Z".parse().unwrap();
    assert_eq!(before.unix_seconds(), -1);
}

#[test]
fn durations_span_zones_and_leap_days() {
    let apart = |from: &str, to: &str, days| {
        let (from, to): (DateTime, DateTime) = (from.parse().unwrap(), to.parse().unwrap());
        from.is_more_than_days_before(&to, days)
    };
    assert!(!apart("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z", 2));
    assert!(apart("2024-02-28T00:00:00Z", "2024-03-01T00:00:00.001Z", 2));
    assert!(!apart(
        "2024-02-28T00:00:00Z",
        "2024-03-01T08:00:00+08:00",
        2
    ));
    assert!(!apart("2024-03-02T00:00:00Z", "2024-03-01T00:00:00Z", 0));
}
