//! Phone numbers in the form that the platform takes: digits with the country code, without a plus.
//!
//! ```
//! use nxcloud_client::phone::normalize;
//!
//! assert_eq!(normalize("+86 150-1234-5678", None).as_deref(), Ok("8615012345678"));
//! assert_eq!(normalize("0150 1234 5678", Some("86")).as_deref(), Ok("8615012345678"));
//!
//! // A field that takes several numbers takes them with commas between.
//! let numbers = ["+86 150-1234-5678", "0044 (0)20 7946 0958"];
//! let joined: Result<Vec<_>, _> = numbers.into_iter().map(|number| normalize(number, None)).collect();
//! assert_eq!(joined?.join(","), "8615012345678,442079460958");
//! # Ok::<(), nxcloud_client::phone::InvalidPhone>(())
//! ```

use std::fmt;

pub use crate::types::phones::Phones;

/// Why a text is not taken for a phone number. It never shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPhone {
    /// There is no digit.
    Empty,
    /// A character that no phone number has, by its place in the text, from 1.
    Character(usize),
    /// A plus that is not at the beginning.
    Plus,
    /// More than one number, or a line break.
    Several,
    /// It ends like a decimal number (`.0`), as spreadsheets write large numbers.
    Fraction,
    /// It begins with 0, so it has no country code, and no default was set.
    NoCountryCode,
    /// It begins with the default country code, but has no plus: it may or may not have its country code.
    Ambiguous,
    /// Fewer than 7 digits with the country code.
    TooShort,
    /// More than 15 digits with the country code, which E.164 allows.
    TooLong,
    /// The default country code is not one to three digits, the first of them not 0.
    DefaultCountry,
}

impl fmt::Display for InvalidPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the phone number has no digits",
            Self::Character(place) => {
                return write!(
                    f,
                    "character {place} does not belong into a phone number; write digits with the country code"
                );
            }
            Self::Plus => "the phone number has a plus that is not at its beginning; remove it",
            Self::Several => "the text holds more than one phone number; pass one at a time",
            Self::Fraction => {
                "the phone number ends like a decimal number; format the column of the spreadsheet as text"
            }
            Self::NoCountryCode => {
                "the phone number has no country code; write it with one, or set a default"
            }
            Self::Ambiguous => {
                "the phone number begins with the default country code, but has no plus; write it with a plus and its country code"
            }
            Self::TooShort => {
                "the phone number has fewer than 7 digits; write it with its country code"
            }
            Self::TooLong => {
                "the phone number has more than 15 digits with its country code; check it"
            }
            Self::DefaultCountry => {
                "the default country code is not one to three digits such as 86; correct it"
            }
        })
    }
}

impl std::error::Error for InvalidPhone {}

/// Digits of the shortest numbers in use, country code included; fewer make a short code, which has none.
const SHORTEST: usize = 7;

/// The limit of E.164, country code included.
const LONGEST: usize = 15;

/// A phone number as people write it, in the platform's form.
///
/// Dropped are spaces, dashes, dots, brackets, and marks that are not seen (text direction, zero width); full-width and Arabic
/// digits become ASCII. A plus or `00` at the beginning says that the country code follows; the `(0)` of `+44 (0)20 …` goes.
/// Any other number
///
/// - is taken to begin with its country code when there is no `default_country`; one that begins with 0 cannot, and is refused;
/// - gets `default_country` (such as `86`) in front, in place of one leading 0, when there is one. One that already begins with these
///   digits is refused, because it may have its country code or not.
///
/// Only the form is looked at: at most 15 digits (E.164), at least 7, the first not 0. Whether a number exists, which lengths a
/// country has, and which countries keep the leading 0 (Italy does) is not known here: write such numbers with a plus. Prefixes
/// for calls abroad other than `00` (such as 011) are not known either, and extensions are refused.
///
/// # Errors
///
/// [`InvalidPhone`] says why the text is no number of that form.
pub fn normalize(text: &str, default_country: Option<&str>) -> Result<String, InvalidPhone> {
    let country = default_country.map(country_code).transpose()?;
    let written = plain(text.trim())?;
    let unbracketed = written.trim_start_matches('(');
    let plus = unbracketed.starts_with('+');
    if unbracketed.rfind('+').is_some_and(|at| at > 0) {
        return Err(InvalidPhone::Plus);
    }
    if let Some((_, "0" | "00")) = written.rsplit_once('.') {
        return Err(InvalidPhone::Fraction);
    }
    let digits = only_digits(&written);
    if digits.is_empty() {
        return Err(InvalidPhone::Empty);
    }
    let number = if plus || unbracketed.starts_with("00") {
        let mut number = only_digits(&written.replacen("(0)", "", 1));
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
        0..SHORTEST => Err(InvalidPhone::TooShort),
        SHORTEST..=LONGEST => Ok(number),
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

/// The characters that matter, in ASCII: digits, plus, brackets and points.
fn plain(text: &str) -> Result<String, InvalidPhone> {
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

/// The ASCII digit of one of ten characters that begin at `zero`.
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

/// Marks that set the direction of text, and characters without width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
#[path = "phone_tests.rs"]
mod tests;
