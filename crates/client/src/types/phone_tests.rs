#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{InvalidPhone, normalize};

const NUMBER: &str = "8615012345678";

#[test]
fn all_common_notations_normalize_to_the_same_number() {
    for text in [
        NUMBER,
        "+8615012345678",
        "+86 150-1234-5678",
        "008615012345678",
        "00 86 150 1234 5678",
        "+86 (150) 1234 5678",
        "(+86) 150 1234 5678",
        "[86] 150.1234.5678",
        "  +86\u{a0}150\u{2009}1234\u{202f}5678\t",
        "+86\u{2011}150\u{2013}1234\u{2014}5678\u{2212}",
        "\u{202a}+8615012345678\u{202c}",
        "\u{200e}+86 150\u{2066}1234\u{2069}5678\u{feff}",
        "\u{ff0b}\u{ff18}\u{ff16}\u{ff08}150\u{ff09}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff0d}5678",
        "+86\u{661}\u{665}\u{660}12345678",
        "+86\u{6f1}\u{6f5}\u{6f0}12345678",
        "+86\u{3000}150\u{b7}1234\u{b7}5678\n",
    ] {
        assert_eq!(normalize(text, None).as_deref(), Ok(NUMBER), "{text:?}");
    }
}

#[test]
fn a_zero_in_brackets_is_removed_after_a_country_code() {
    for text in [
        "+44 (0)20 7946 0958",
        "0044(0)20 7946 0958",
        "+44 （0） 20 7946 0958",
    ] {
        assert_eq!(
            normalize(text, None).as_deref(),
            Ok("442079460958"),
            "{text}"
        );
    }
    assert_eq!(
        normalize("(0)20 7946 0958", Some("44")).as_deref(),
        Ok("442079460958")
    );
}

#[test]
fn the_default_country_completes_a_number_without_a_country_code() {
    for (text, country) in [
        ("15012345678", "86"),
        ("0150 1234 5678", "86"),
        ("15012345678", "+86"),
        ("+86 15012345678", "44"),
        ("0086 15012345678", "44"),
    ] {
        assert_eq!(
            normalize(text, Some(country)).as_deref(),
            Ok(NUMBER),
            "{text}"
        );
    }
    // Only a numbering plan could tell whether the country code is included.
    assert_eq!(normalize(NUMBER, Some("86")), Err(InvalidPhone::Ambiguous));
    for country in ["", "+", "0", "086", "8615", "８６", "cn", "+ 86"] {
        assert_eq!(
            normalize("15012345678", Some(country)),
            Err(InvalidPhone::DefaultCountry),
            "{country}"
        );
    }
}

#[test]
fn an_invalid_number_is_refused_with_the_reason() {
    use InvalidPhone::{
        Character, Empty, Fraction, NoCountryCode, Plus, Several, TooLong, TooShort,
    };
    for (text, reason) in [
        ("", Empty),
        (" \u{202a}\u{202c}", Empty),
        ("+", Empty),
        ("()-", Empty),
        ("abc", Character(1)),
        ("8615012345678x9", Character(14)),
        ("+86 150 1234 5678 ext. 9", Character(19)),
        ("1-800-FLOWERS", Character(7)),
        ("8.615012345678E12", Character(15)),
        ("'8615012345678", Character(1)),
        ("tel:+8615012345678", Character(1)),
        ("*8615012345678#", Character(1)),
        ("86150\u{0}12345678", Character(6)),
        ("86+15012345678", Plus),
        ("++8615012345678", Plus),
        ("+8615012345678+", Plus),
        (",", Several),
        ("8615012345678,", Several),
        ("8615012345678,8615012345679", Several),
        ("8615012345678\n8615012345679", Several),
        ("8615012345678；8615012345679", Several),
        ("8615012345678 / 79", Several),
        ("8615012345678.0", Fraction),
        ("8615012345678.00", Fraction),
        ("015012345678", NoCountryCode),
        ("+015012345678", NoCountryCode),
        ("000015012345678", NoCountryCode),
        ("00", TooShort),
        ("10086", TooShort),
        ("+86 1500", TooShort),
        ("1234567890123456", TooLong),
        ("+86 15012345678 15012345678", TooLong),
    ] {
        assert_eq!(normalize(text, None), Err(reason), "{text:?}");
    }
    assert_eq!(normalize("1234567", None).as_deref(), Ok("1234567"));
    assert_eq!(
        normalize("123456789012345", None).as_deref(),
        Ok("123456789012345")
    );
}

#[test]
fn an_error_is_one_line_without_the_number() {
    for text in [
        "x8615012345678",
        "8615012345678+",
        "8615012345678,",
        "08615012345678",
        "86150123456789012",
    ] {
        let error = normalize(text, None).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("15012345678") && !text.contains('\n'),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_gives_a_valid_number_or_a_reason(text in any::<String>(), country in any::<Option<u16>>()) {
        let country = country.map(|country| country.to_string());
        if let Ok(number) = normalize(&text, country.as_deref()) {
            prop_assert!((7..=15).contains(&number.len()) && !number.starts_with('0'), "{}", number);
            prop_assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{}", number);
        }
    }

    #[test]
    fn a_normalized_number_is_unchanged(number in "[1-9][0-9]{6,14}", text in "[+]?[-0-9 ().]{0,20}") {
        prop_assert_eq!(normalize(&number, None), Ok(number.clone()));
        prop_assert_eq!(normalize(&format!("+{number}"), Some("86")), Ok(number));
        if let Ok(number) = normalize(&text, None) {
            prop_assert_eq!(normalize(&number, None), Ok(number.clone()));
        }
    }
}
