//! The string formats of the specs that JSON Schema does not know.

/// Tells whether a text is in a form.
type Check = fn(&str) -> bool;

/// Name and check of each format.
pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("local-date-time", is_local_date_time),
    ("unix-seconds", is_digits),
    ("unix-millis", is_digits),
    ("decimal", is_decimal),
];

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `-12.50`: digits, at most one sign in front and one point between them.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(unsigned),
    }
}

/// `yyyy-MM-dd HH:mm:ss`, a moment that exists.
fn is_local_date_time(text: &str) -> bool {
    let form = b"dddd-dd-dd dd:dd:dd";
    let fits = text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == *other,
        });
    // Every byte is ASCII from here on, so that the ranges below are character boundaries.
    fits && {
        let number = |from: usize, to: usize| text[from..to].parse().unwrap_or(u32::MAX);
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        (1..=12).contains(&month)
            && (1..=days(year, month)).contains(&day)
            && number(11, 13) < 24
            && number(14, 16) < 60
            && number(17, 19) < 60
    }
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
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
    }
}
