//! Amounts of money, exact to a millionth.

/// Millionths of the currency's unit, of a decimal number such as `0.0350`, rounded up; `None` if it is no such number, negative or too large.
pub(crate) fn micros(decimal: &str) -> Option<i64> {
    let text = decimal.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut micros = whole.checked_mul(1_000_000)?;
    let mut unit = 100_000;
    for digit in fraction.bytes().take(6) {
        micros = micros.checked_add(i64::from(digit - b'0') * unit)?;
        unit /= 10;
    }
    let rest = fraction.bytes().skip(6).any(|digit| digit != b'0');
    micros.checked_add(i64::from(rest))
}

/// The amount as people write it: `12.5`.
pub(crate) fn decimal(micros: i64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    match format!("{rest:06}").trim_end_matches('0') {
        "" => whole.to_string(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_rounded_up() {
        for (text, expected) in [
            ("0.0350", 35_000),
            ("12", 12_000_000),
            (".5", 500_000),
            ("1.", 1_000_000),
            ("0.0000001", 1),
            ("0.1234567", 123_457),
            ("0", 0),
        ] {
            assert_eq!(micros(text), Some(expected), "{text}");
        }
        for text in ["", ".", "-1", "1e3", "1,5", "9223372036855", "x"] {
            assert_eq!(micros(text), None, "{text}");
        }
        assert_eq!(decimal(35_000), "0.035");
        assert_eq!(decimal(12_000_000), "12");
        assert_eq!(decimal(12_500_000), "12.5");
    }
}
