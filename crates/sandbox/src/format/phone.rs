//! The forms of phone numbers that the reference documents. An empty text has every form.

use super::{Check, is_digits};

/// Name, check, and what the text should be.
pub(crate) const FORMS: &[(&str, Check, &str)] = &[
    ("phone", |text| fits(text, is_international), ONE),
    ("phones", |text| each(text, is_international), SEVERAL),
    ("phones-spaced", |text| each(text, is_spaced), SEVERAL),
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

const ONE: &str =
    "a phone number of 7 to 15 digits that begins with its country code, without a plus";
const SEVERAL: &str = "phone numbers of 7 to 15 digits that begin with their country code, without a plus, with commas and no spaces between";

fn fits(text: &str, form: Check) -> bool {
    text.is_empty() || form(text)
}

fn each(text: &str, form: Check) -> bool {
    text.is_empty() || text.split(',').all(form)
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
