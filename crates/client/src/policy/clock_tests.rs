use super::*;
use reqwest::header::HeaderValue;

/// 2026-11-21 12:00:00 UTC.
const NOON: i64 = 1_795_262_400_000;

const DAY: i64 = 86_400_000;

fn https() -> Url {
    Url::parse("https://api2.example.com/api/sms/mtsend_v2").unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn measured(offset: i64) -> Option<Measured> {
    Some(Measured {
        offset,
        uncertainty: 600,
    })
}

#[test]
fn the_offset_is_measured_at_the_midpoint() {
    let date = headers(&[("date", "Sat, 21 Nov 2026 12:00:00 GMT")]);
    let at_noon = measure(NOON - 10_000, NOON - 9_800, &date).unwrap();
    // The header means any time within its second, 12:00:00.5 on average; the local clock shows 11:59:50.1 then.
    assert_eq!(at_noon.offset, 10_400);
    assert_eq!(at_noon.uncertainty, 600);
}

#[test]
fn a_reply_without_a_usable_date_measures_nothing() {
    let noon = "Sat, 21 Nov 2026 12:00:00 GMT";
    for useless in [
        headers(&[]),
        headers(&[("date", "yesterday")]),
        headers(&[("date", noon), ("age", "0")]),
    ] {
        assert_eq!(measure(NOON, NOON, &useless), None);
    }
    let date = headers(&[("date", noon)]);
    assert_eq!(measure(NOON, NOON - 1, &date), None, "a clock set back");
    assert_eq!(measure(i64::MIN, i64::MAX, &date), None);
}

#[test]
fn the_table_of_corrections() {
    // offset in use, measured, rejected with 1004 | the new offset
    let table = [
        (0, measured(61_000), true, Some(61_000)),
        (0, measured(-3_600_000), true, Some(-3_600_000)),
        (0, measured(400), true, None),
        (0, None, true, None),
        (5_000, None, true, Some(0)),
        (5_000, measured(5_300), true, Some(0)),
        (0, measured(59_000), false, Some(59_000)),
        (0, measured(-59_000), false, Some(-59_000)),
        (0, measured(600), false, None),
        (0, measured(3_600_000), false, None),
        (7_000, None, false, None),
        // At most one day is learned, whatever was learned before.
        (0, measured(DAY), true, Some(DAY)),
        (0, measured(-DAY), true, Some(-DAY)),
        (0, measured(DAY + 1), true, None),
        (0, measured(-DAY - 1), true, None),
        (0, measured(i64::MIN), true, None),
        (5_000, measured(DAY + 1), true, Some(0)),
        (DAY - 1_000, measured(DAY + 50_000), false, None),
        (DAY, measured(DAY + DAY), true, Some(0)),
    ];
    for (used, measured, expired, expected) in table {
        let corrected = correct(used, measured, expired);
        assert_eq!(corrected, expected, "{used} {measured:?} {expired}");
    }
}

#[test]
fn a_clock_that_does_not_learn_never_changes() {
    let source = || UNIX_EPOCH + Duration::from_secs(5);
    let clock = Clock::new(Arc::new(source), false);
    let reading = clock.read();
    assert_eq!(reading.ts().millis(), Some(5_000));
    let date = headers(&[("date", "Sat, 21 Nov 2026 12:00:00 GMT")]);
    assert_eq!(clock.measure(reading, &https(), &date), None);
    assert!(!clock.learn(reading, measured(1_000_000), true));
    assert_eq!(clock.read().ts().millis(), Some(5_000));
}

#[test]
fn nothing_is_learned_over_plain_http_from_another_machine() {
    let clock = Clock::new(Arc::new(|| UNIX_EPOCH), true);
    let date = headers(&[("date", "Thu, 01 Jan 1970 01:00:00 GMT")]);
    let reading = clock.read();
    let measured = |url: &str| clock.measure(reading, &Url::parse(url).unwrap(), &date);
    for other in [
        "http://api2.example.com/",
        "http://192.0.2.7:8080/",
        "http://[2001:db8::1]/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
    ] {
        assert_eq!(measured(other), None, "{other}");
        assert!(!clock.learn(reading, measured(other), true), "{other}");
    }
    for local in ["http://127.0.0.1:9/", "http://[::1]/", "http://LocalHost/"] {
        assert!(measured(local).is_some(), "{local}");
    }
    assert!(measured("https://192.0.2.7/").is_some());
}

#[test]
fn the_learned_offset_is_used_for_the_next_ts() {
    let source = || UNIX_EPOCH + Duration::from_secs(5);
    let clock = Clock::new(Arc::new(source), true);
    let date = headers(&[("date", "Thu, 01 Jan 1970 00:02:00 GMT")]);
    let reading = clock.read();
    let measured = clock.measure(reading, &https(), &date);
    assert!(clock.learn(reading, measured, true));
    assert_eq!(clock.read().ts().millis(), Some(120_500));
    let later = clock.system_time().duration_since(UNIX_EPOCH);
    assert_eq!(later.unwrap(), Duration::from_millis(120_500));
}

#[test]
fn a_clock_before_1970_signs_as_1970() {
    let source = || UNIX_EPOCH - Duration::from_secs(5);
    let clock = Clock::new(Arc::new(source), true);
    assert_eq!(clock.read().ts().millis(), Some(0));
    let date = headers(&[("date", "Thu, 01 Jan 1970 00:00:10 GMT")]);
    let reading = clock.read();
    assert!(clock.learn(reading, clock.measure(reading, &https(), &date), true));
    assert_eq!(clock.read().ts().millis(), Some(10_500));
}

#[test]
fn retry_after_is_read_as_seconds_and_as_a_date() {
    let noon = UNIX_EPOCH + Duration::from_millis(NOON.unsigned_abs());
    let wait = |text: &str| retry_after(&headers(&[("retry-after", text)]), || noon);
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(
        wait("Sat, 21 Nov 2026 12:00:30 GMT"),
        Some(Duration::from_secs(30))
    );
    assert_eq!(wait("Sat, 21 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
    for nonsense in ["", "soon", "-1", "1.5"] {
        assert_eq!(wait(nonsense), None, "{nonsense}");
    }
}
