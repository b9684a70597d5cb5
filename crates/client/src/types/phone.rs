//! Phone numbers in the platform's format: country code and number, digits only, without a plus.
//!
//! ```
//! use nxcloud_client::phone::normalize;
//!
//! assert_eq!(normalize("+86 150-1234-5678", None).as_deref(), Ok("8615012345678"));
//! assert_eq!(normalize("0150 1234 5678", Some("86")).as_deref(), Ok("8615012345678"));
//!
//! // A field for several numbers takes them separated by commas.
//! let numbers = ["+86 150-1234-5678", "0044 (0)20 7946 0958"];
//! let joined: Result<Vec<_>, _> = numbers.into_iter().map(|number| normalize(number, None)).collect();
//! assert_eq!(joined?.join(","), "8615012345678,442079460958");
//! # Ok::<(), nxcloud_client::phone::InvalidPhone>(())
//! ```

use std::fmt;

pub use crate::types::phones::Phones;

/// Why a text is not a valid phone number. It never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPhone {
    /// There is no digit.
    Empty,
    /// A character that phone numbers do not contain, by its position in the text, counted from 1.
    Character(usize),
    /// A plus that is not at the start.
    Plus,
    /// More than one number, or a line break.
    Several,
    /// It ends like a decimal number (`.0`), as spreadsheets write large numbers.
    Fraction,
    /// It starts with 0, so it has no country code, and there is no default.
    NoCountryCode,
    /// It starts with the default country code but has no plus. It may or may not contain its country code.
    Ambiguous,
    /// Fewer than 7 digits, including the country code.
    TooShort,
    /// More than 15 digits, the limit of E.164, including the country code.
    TooLong,
    /// The default country code is not one to three digits, or starts with 0.
    DefaultCountry,
}

impl fmt::Display for InvalidPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the phone number has no digits",
            Self::Character(place) => {
                return write!(
                    f,
                    "character {place} is not part of a phone number; write digits with the country code"
                );
            }
            Self::Plus => "the phone number has a plus that is not at its start; remove it",
            Self::Several => "the text contains more than one phone number; pass one at a time",
            Self::Fraction => {
                "the phone number ends like a decimal number; format the column of the spreadsheet as text"
            }
            Self::NoCountryCode => {
                "the phone number has no country code; add it, or set a default"
            }
            Self::Ambiguous => {
                "the phone number starts with the default country code, but has no plus; write it with a plus and its country code"
            }
            Self::TooShort => {
                "the phone number has fewer than 7 digits; write it with its country code"
            }
            Self::TooLong => {
                "the phone number has more than 15 digits, including its country code; check it"
            }
            Self::DefaultCountry => {
                "the default country code is invalid; write one to three digits, such as 86"
            }
        })
    }
}

impl std::error::Error for InvalidPhone {}

/// The minimum number of digits, including the country code. Shorter numbers are short codes, which have no country code.
const MIN_DIGITS: usize = 7;

/// The limit of E.164, including the country code.
const MAX_DIGITS: usize = 15;

/// Converts a phone number, as people write it, to the platform's format.
///
/// Spaces, dashes, dots, brackets and invisible characters are removed. Full-width and Arabic digits become ASCII. A leading plus or `00`
/// means that the country code follows; the `(0)` in `+44 (0)20 …` is removed. For other numbers:
///
/// - Without a `default_country`, the number must start with its country code, so one that starts with 0 is an error.
/// - With a `default_country` (such as `86`), it is put in front of the number and replaces one leading 0. A number that already starts
///   with these digits is an error, because it may or may not contain its country code.
///
/// Only the format is checked: 7 to 15 digits (E.164), and the first is not 0. This function does not know whether a number exists, how
/// long a country's numbers are, or which countries keep the leading 0 (Italy does): write such numbers with a plus. It does not know
/// international prefixes other than `00` (such as 011), and extensions are an error.
///
/// # Errors
///
/// [`InvalidPhone`] says why the text is not a valid number.
pub fn normalize(text: &str, default_country: Option<&str>) -> Result<String, InvalidPhone> {
    let country = default_country.map(country_code).transpose()?;
    let ascii = to_ascii(text.trim())?;
    let unbracketed = ascii.trim_start_matches('(');
    let plus = unbracketed.starts_with('+');
    if unbracketed.rfind('+').is_some_and(|at| at > 0) {
        return Err(InvalidPhone::Plus);
    }
    if let Some((_, "0" | "00")) = ascii.rsplit_once('.') {
        return Err(InvalidPhone::Fraction);
    }
    let digits = only_digits(&ascii);
    if digits.is_empty() {
        return Err(InvalidPhone::Empty);
    }
    let number = if plus || unbracketed.starts_with("00") {
        let mut number = only_digits(&ascii.replacen("(0)", "", 1));
        if plus { number } else { number.split_off(2) }
    } else {
        match (country, digits.strip_prefix('0')) {
            (Some(_), Some(national)) if national.starts_with('0') => {
                return Err(InvalidPhone::NoCountryCode);
            }
            (Some(country), Some(national)) => country + national,
            (Some(country), None) if digits.starts_with(&country) => {
                return Err(InvalidPhone::Ambiguous);
            }
            (Some(country), None) => country + &digits,
            (None, _) => digits,
        }
    };
    match number.len() {
        _ if number.starts_with('0') => Err(InvalidPhone::NoCountryCode),
        0..MIN_DIGITS => Err(InvalidPhone::TooShort),
        MIN_DIGITS..=MAX_DIGITS => Ok(number),
        _ => Err(InvalidPhone::TooLong),
    }
}

fn country_code(text: &str) -> Result<String, InvalidPhone> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let valid = matches!(digits.len(), 1..=3)
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if valid {
        Ok(digits.to_owned())
    } else {
        Err(InvalidPhone::DefaultCountry)
    }
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Converts digits, plus, brackets and points to ASCII, and drops dashes, white space and invisible characters.
fn to_ascii(text: &str) -> Result<String, InvalidPhone> {
    let mut out = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        out.push(match c {
            '0'..='9' | '+' | '(' | ')' | '.' => c,
            '\u{ff10}'..='\u{ff19}' => digit(c, '\u{ff10}'),
            '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
            '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
            '\u{ff0b}' | '\u{fe62}' => '+',
            '\u{ff08}' | '[' | '\u{ff3b}' => '(',
            '\u{ff09}' | ']' | '\u{ff3d}' => ')',
            '\u{ff0e}' | '\u{b7}' | '\u{2024}' => '.',
            ',' | ';' | '/' | '|' | '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{ff0c}'
            | '\u{ff1b}' | '\u{ff0f}' | '\u{3001}' => return Err(InvalidPhone::Several),
            _ if is_dash(c) || is_invisible(c) || c.is_whitespace() => continue,
            _ => return Err(InvalidPhone::Character(index + 1)),
        });
    }
    Ok(out)
}

/// The ASCII digit for a digit of the script whose zero is `zero`.
fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or('0')
}

fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
}

/// Text direction marks and zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
#[path = "phone_tests.rs"]
mod tests;
