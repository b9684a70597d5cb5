use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::types::lenient::{Map, take};

fn read<const UNIT: i64>(value: &Value) -> Option<Time> {
    Counted::<UNIT>::accepts(value).then(|| Counted::<UNIT>::convert(value.clone()).unwrap().into())
}

#[test]
fn a_local_time_with_an_offset_is_a_moment() {
    let local: Time = "2026-11-21 10:15:42".parse().unwrap();
    assert_eq!(local.to_string(), "2026-11-21 10:15:42");
    assert_eq!((local.to_system_time(), local.unix_millis()), (None, None));
    let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!(local.at_offset(0), at(1_795_256_142));
    assert_eq!(local.at_offset(8 * 60), at(1_795_227_342));
    assert_eq!(local.at_offset(i32::MAX), None);
    assert_eq!((local.hour(), local.minute(), local.second()), (10, 15, 42));
    assert_eq!(local.date(), Date::new(2026, 11, 21).unwrap());
}

#[test]
fn a_time_with_a_zone_is_a_moment_in_every_field() {
    let value = json!("2026-11-21T10:15:42+08:00");
    for time in [read::<0>(&value), read::<1>(&value), read::<1000>(&value)] {
        let time = time.unwrap();
        assert_eq!(time.unix_millis(), Some(1_795_227_342_000));
        assert_eq!(time.at_offset(300), time.to_system_time());
        assert_eq!(time.to_string(), "2026-11-21T02:15:42Z");
        assert_eq!(time.received(), "2026-11-21T10:15:42+08:00");
    }
}

#[test]
fn numbers_are_times_if_their_unit_is_documented() {
    for value in [
        json!(1_795_259_100),
        json!("1795259100"),
        json!(" 1795259100 "),
        json!(1_795_259_100.0),
    ] {
        let time = read::<1000>(&value).unwrap();
        assert_eq!(time.unix_millis(), Some(1_795_259_100_000));
        assert_eq!(serde_json::to_value(&time).unwrap(), value);
        assert_eq!(read::<0>(&value), None);
    }
    let millis = read::<1>(&json!(1_795_259_100_500_i64)).unwrap();
    assert_eq!(millis.to_string(), "2026-11-21T11:05:00.500Z");
    assert_eq!(
        read::<1000>(&json!(-1)).unwrap().to_string(),
        "1969-12-31T23:59:59Z"
    );
}

#[test]
fn values_that_are_not_times_do_not_fit() {
    for text in [
        "",
        "0",
        "2026-02-29 00:00:00",
        "2026-13-01 00:00:00",
        "0000-00-00 00:00:00",
        "2026-11-21 24:00:00",
        "2026-11-21",
        "2026-11-21_10:15:42",
        "2026-11-21 10:15",
        "2026-11-21 10:15:42[Asia/Shanghai]",
        "２026-11-21 10:15",
        "+026-11-21 10:15:42",
    ] {
        assert_eq!(text.parse::<Time>(), Err(InvalidTime::TIME), "{text}");
    }
    for value in [
        json!(null),
        json!(true),
        json!({}),
        json!([]),
        json!(1.5),
        json!(i64::MAX),
        json!(u64::MAX),
    ] {
        assert_eq!(read::<1000>(&value), None, "{value}");
        let mut map = Map::from_iter([("t".to_owned(), value.clone())]);
        assert!(take::<UnixSeconds>(&mut map, "t").is_none());
        assert_eq!(map["t"], value, "the value stays in the map");
    }
}

proptest! {
    #[test]
    fn a_time_serialises_as_it_was_received(number in any::<i64>(), small in 0_i64..4_000_000_000, text in "[ 0-9TZ:+.-]{0,30}") {
        let texts = [json!(text), json!(small.to_string()), json!(number.to_string())];
        for value in texts.into_iter().chain([json!(number), json!(small)]) {
            for time in [read::<0>(&value), read::<1>(&value), read::<1000>(&value)].into_iter().flatten() {
                prop_assert_eq!(serde_json::to_value(&time).unwrap(), value.clone());
                prop_assert!(time.date().year() <= 9999 && time.hour() < 24 && time.second() < 60);
                let _ = (time.to_string(), time.at_offset(-720), time.to_system_time());
            }
        }
        prop_assert!(read::<1000>(&json!(small)).is_some());
    }

    #[test]
    fn dates_and_times_round_trip(year in 0_u16..=9999, month in 1_u8..=12, day in 1_u8..=28, second in 0_u32..86_400) {
        let date = Date::new(year, month, day).unwrap();
        prop_assert_eq!(date.to_string().parse::<Date>(), Ok(date));
        let text = format!("{date} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        let time: Time = text.parse().unwrap();
        prop_assert_eq!(time.date(), date);
        prop_assert_eq!(time.to_string(), text);
    }
}
