//! The formats of the specs that are not part of JSON Schema.

/// Whether a text has a format.
type Check = fn(&str) -> bool;

/// Name and check of each format, except those of phone numbers.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("local-date-time", is_local_date_time),
    ("unix-seconds", is_digits),
    ("unix-millis", is_digits),
    ("decimal", is_decimal),
    ("integer", is_integer),
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
    "a phone number of 7 to 15 digits that begins with its country code, without a plus";
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

fn is_integer(text: &str) -> bool {
    is_digits(text.strip_prefix('-').unwrap_or(text))
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
        assert!(is_digits("1655710885431"));
        assert!(!is_digits(""));
        assert!(!is_digits("-1"));
        assert!(is_integer("-1") && is_integer("42"));
        assert!(!is_integer("4.2") && !is_integer("-"));
    }
}
