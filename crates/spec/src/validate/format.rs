//! The formats of the specs that are not part of JSON Schema.

use super::integer;

/// Whether a text has a format.
type Check = fn(&str) -> bool;

/// Name and check of each format, except those of phone numbers.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("local-date-time", is_local_date_time),
    ("unix-seconds", is_moment),
    ("unix-millis", is_moment),
    ("decimal", is_decimal),
    ("integer", |text| integer(text).is_some()),
];

/// Name, check and description of each format of phone numbers. An empty text has every format; `minLength` checks whether it may be empty.
pub(super) const PHONES: &[(&str, Check, &str)] = &[
    ("phone", |text| fits(text, is_international), PHONE),
    ("phones", |text| each(text, is_international), PHONES_TEXT),
    ("phones-spaced", |text| each(text, is_spaced), PHONES_TEXT),
    (
        "phone-digits",
        |text| fits(text, is_digits),
        "a phone number of digits only, without a plus",
    ),
    (
        "phones-digits",
        |text| each(text, is_digits),
        "phone numbers of digits only, without a plus, with commas and no spaces between",
    ),
    (
        "phone-dialled",
        |text| fits(text, is_dialled),
        "a phone number of digits only, or of digits after a plus",
    ),
];

const PHONE: &str =
    "a phone number of 7 to 15 digits that starts with its country code, without a plus";
const PHONES_TEXT: &str = "phone numbers of 7 to 15 digits that begin with their country code, without a plus, with commas and no spaces between";

fn fits(text: &str, check: Check) -> bool {
    text.is_empty() || check(text)
}

fn each(text: &str, check: Check) -> bool {
    text.is_empty() || text.split(',').all(check)
}

fn is_international(number: &str) -> bool {
    is_digits(number) && (7..=15).contains(&number.len()) && !number.starts_with('0')
}

fn is_spaced(number: &str) -> bool {
    is_international(number.trim_start_matches(' '))
}

fn is_dialled(number: &str) -> bool {
    is_digits(number.strip_prefix('+').unwrap_or(number))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds or milliseconds since 1970.
fn is_moment(text: &str) -> bool {
    is_digits(text) && integer(text).is_some()
}

/// Digits with an optional minus sign and decimal point, such as `-12.50`.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(unsigned),
    }
}

/// An existing time in the format `yyyy-MM-dd HH:mm:ss`.
fn is_local_date_time(text: &str) -> bool {
    let layout = b"dddd-dd-dd dd:dd:dd";
    let fits = |(byte, expected): (u8, &u8)| match expected {
        b'd' => byte.is_ascii_digit(),
        other => byte == *other,
    };
    text.len() == layout.len()
        && text.bytes().zip(layout).all(fits)
        // jiff accepts 60 as a leap second.
        && !text.ends_with(":60")
        && text.parse::<jiff::civil::DateTime>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_date_time_exists_in_the_calendar() {
        for good in [
            "2026-11-21 10:15:42",
            "2024-02-29 00:00:00",
            "2000-02-29 23:59:59",
        ] {
            assert!(is_local_date_time(good), "{good}");
        }
        for bad in [
            "",
            "2026-11-21T10:15:42",
            "2026-11-21 10:15:42Z",
            "2026-13-01 00:00:00",
            "2026-02-29 00:00:00",
            "1900-02-29 00:00:00",
            "2026-04-31 00:00:00",
            "2026-01-00 00:00:00",
            "2026-01-01 24:00:00",
            "2026-01-01 00:60:00",
            "2026-01-01 00:00:60",
            "２026-01-01 00:00",
            "2026-11-21 10:15:4\u{e9}",
        ] {
            assert!(!is_local_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn a_decimal_is_digits_around_one_point() {
        for good in ["0", "7.05", "-0.0350", "12"] {
            assert!(is_decimal(good), "{good}");
        }
        for bad in ["", "-", ".5", "5.", "1.2.3", "+1", "1e3", "--1", "１"] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    #[test]
    fn an_integer_has_64_bits_and_neither_plus_fraction_nor_exponent() {
        for good in [
            "-1",
            "42",
            "007",
            "-0",
            "9223372036854775807",
            "-9223372036854775808",
        ] {
            assert!(integer(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e1",
            "0x1",
            "１",
            "9223372036854775808",
        ] {
            assert_eq!(integer(bad), None, "{bad}");
        }
        assert!(is_moment("1655710885431"));
        for bad in ["", "-1", "9223372036854775808"] {
            assert!(!is_moment(bad), "{bad}");
        }
    }
}
