//! Dates and times of requests.

/// Milliseconds since 1970-01-01 of a date and time, in UTC unless it names an offset; `None` if there is no such moment.
///
/// It takes `yyyy-MM-dd HH:mm:ss`, with `T` or a space in the middle, then a fraction and an offset or neither.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (head, tail) = text.split_at_checked(19)?;
    let form = b"dddd-dd-ddtdd:dd:dd";
    let fits = head.bytes().zip(form).all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        b't' => matches!(byte, b'T' | b't' | b' '),
        other => byte == *other,
    });
    if !fits {
        return None;
    }
    let number = |at: usize, length: usize| head.get(at..at + length)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let exists = (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !exists {
        return None;
    }
    let (fraction, zone) = match tail.strip_prefix('.') {
        Some(rest) => rest.split_at(
            rest.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len()),
        ),
        None => ("0", tail),
    };
    if fraction.is_empty() {
        return None;
    }
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    let seconds = ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some((seconds - offset(zone)?) * 1000 + millis)
}

/// Seconds by which a zone is ahead of UTC: nothing, `Z`, `+hh:mm` or `-hh:mm`.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two_digits = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i64>().ok())
    };
    Some(sign * (two_digits(hours)?? * 60 + two_digits(minutes)??) * 60)
}

/// Days from 1970-01-01 to a date.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    let of_months = (1..month).map(|month| days(year, month)).sum::<i64>();
    // 719,162 days lie between the first days of the years 1 and 1970.
    before * 365 + leap_days + of_months + day - 1 - 719_162
}

/// Days of a month.
fn days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
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
    fn moments_with_and_without_a_zone_are_read() {
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
}
