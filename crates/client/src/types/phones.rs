//! Comma-separated phone numbers, and the formats of documented phone number fields.

use crate::types::phone::normalize;

/// One or several phone numbers, for a field that takes them separated by commas.
///
/// Create it from a string, or from an array, a `Vec`, a slice or an iterator, whose entries are joined with commas. The format of each
/// number is checked when the request is sent; [`normalize`](crate::phone::normalize) produces it.
///
/// ```
/// use nxcloud_client::phone::Phones;
///
/// let one = Phones::from("8615012345678");
/// let two = Phones::from(["8615012345678", "442079460958"]);
/// assert_eq!((one.as_str(), two.as_str()), ("8615012345678", "8615012345678,442079460958"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Phones(String);

impl Phones {
    /// The numbers as they are sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Phones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let redacted = crate::types::redact::Redact::redact(&self.0);
        f.debug_tuple("Phones").field(&redacted).finish()
    }
}

impl From<Phones> for String {
    fn from(phones: Phones) -> Self {
        phones.0
    }
}

impl From<String> for Phones {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&String> for Phones {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<&str> for Phones {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T: AsRef<str>> FromIterator<T> for Phones {
    fn from_iter<I: IntoIterator<Item = T>>(numbers: I) -> Self {
        let mut text = String::new();
        for (index, number) in numbers.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(number.as_ref());
        }
        Self(text)
    }
}

impl<T: AsRef<str>, const N: usize> From<[T; N]> for Phones {
    fn from(numbers: [T; N]) -> Self {
        numbers.into_iter().collect()
    }
}

impl<T: AsRef<str>> From<&[T]> for Phones {
    fn from(numbers: &[T]) -> Self {
        numbers.iter().collect()
    }
}

impl<T: AsRef<str>> From<Vec<T>> for Phones {
    fn from(numbers: Vec<T>) -> Self {
        numbers.into_iter().collect()
    }
}

impl<T: AsRef<str>> From<&Vec<T>> for Phones {
    fn from(numbers: &Vec<T>) -> Self {
        numbers.iter().collect()
    }
}

/// The documented format of a phone number field. The names are those of the specs' `format`. An empty text fits every format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhoneForm {
    /// Country code and number: 7 to 15 digits, the first not 0. `normalize` returns this format.
    Phone,
    /// Several numbers in the format `Phone`, separated by commas.
    Phones,
    /// Several numbers in the format `Phone`, separated by commas with optional spaces.
    PhonesSpaced,
    /// Any number of digits; the country code is optional.
    PhoneDigits,
    /// Several numbers in the format `PhoneDigits`, separated by commas. The platform reports a wrong length later.
    PhonesDigits,
    /// Digits with an optional plus. The platform documents no format.
    PhoneDialled,
}

impl PhoneForm {
    /// The problem with a text. It does not contain the text.
    pub(crate) fn problem(self, text: &str) -> Option<String> {
        let fits = |number: &str| match self {
            Self::Phone | Self::Phones => is_international(number),
            Self::PhonesSpaced => is_international(number.trim_start_matches(' ')),
            Self::PhoneDigits | Self::PhonesDigits => is_digits(number),
            Self::PhoneDialled => is_digits(number.strip_prefix('+').unwrap_or(number)),
        };
        let number = match self {
            Self::Phone | Self::Phones | Self::PhonesSpaced => {
                "a phone number of 7 to 15 digits that starts with its country code"
            }
            Self::PhoneDigits | Self::PhonesDigits => "a phone number of digits only",
            Self::PhoneDialled => "a phone number of digits with an optional plus",
        };
        if text.is_empty() {
            return None;
        }
        let (place, invalid) = match self {
            Self::Phone | Self::PhoneDigits | Self::PhoneDialled => {
                (String::new(), Some(text).filter(|number| !fits(number))?)
            }
            Self::Phones | Self::PhonesSpaced | Self::PhonesDigits => {
                let mut numbers = (1..).zip(text.split(','));
                let (place, invalid) = numbers.find(|(_, number)| !fits(number))?;
                (format!("number {place} "), invalid)
            }
        };
        let reason = match normalize(invalid, None) {
            Err(_) if invalid.is_empty() => ": it is empty; remove the comma".to_owned(),
            Err(reason) if self.is_international() => format!(": {reason}"),
            _ => String::new(),
        };
        Some(format!(
            "{place}is not {number}{reason}; see `phone::normalize`"
        ))
    }

    const fn is_international(self) -> bool {
        matches!(self, Self::Phone | Self::Phones | Self::PhonesSpaced)
    }
}

fn is_digits(number: &str) -> bool {
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_international(number: &str) -> bool {
    (7..=15).contains(&number.len()) && is_digits(number) && !number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::normalize;

    #[test]
    fn numbers_are_joined_and_hidden() {
        let numbers = vec!["8615012345678".to_owned(), "442079460958".to_owned()];
        let joined = "8615012345678,442079460958";
        for phones in [
            Phones::from(numbers.as_slice()),
            Phones::from(&numbers),
            numbers.iter().collect(),
            Phones::from([&numbers[0], &numbers[1]]),
            Phones::from(numbers.clone()),
            Phones::from(joined),
        ] {
            assert_eq!(phones.as_str(), joined);
            assert_eq!(format!("{phones:?}"), "Phones(<hidden>)");
        }
        assert_eq!(Phones::from(Vec::<String>::new()).as_str(), "");
    }

    #[test]
    fn normalized_numbers_have_the_documented_format() {
        for text in [
            "+86 150-1234-5678",
            "0044 (0)20 7946 0958",
            "1234567",
            "123456789012345",
        ] {
            let number = normalize(text, None).unwrap();
            for form in [PhoneForm::Phone, PhoneForm::Phones, PhoneForm::PhoneDialled] {
                assert_eq!(form.problem(&number), None, "{form:?}");
            }
        }
    }

    #[test]
    fn an_error_about_the_format_names_normalize() {
        let invalid = [
            "+8615012345678",
            "86 15012345678",
            "my-app",
            "015012345678",
            "123456",
            "1234567890123456",
            "８６１５０１２３４５６",
            " ",
        ];
        for text in invalid {
            let problem = PhoneForm::Phone.problem(text).unwrap();
            assert!(problem.contains("`phone::normalize`"), "{problem}");
            assert!(!problem.contains("1501234"), "{problem}");
            let list = format!("8615012345678,{text}");
            let problem = PhoneForm::Phones.problem(&list).unwrap();
            assert!(problem.starts_with("number 2 is not"), "{problem}");
        }
        assert_eq!(
            PhoneForm::Phone.problem("0150 1234 5678").unwrap(),
            "is not a phone number of 7 to 15 digits that starts with its country code: the phone number has no country code; add it, or set a default; see `phone::normalize`"
        );
        for list in [
            ",",
            "8615012345678,",
            ",8615012345678",
            "8615012345678, 8615012345679",
        ] {
            assert!(PhoneForm::Phones.problem(list).is_some(), "{list}");
        }
        assert!(
            PhoneForm::Phone
                .problem("8615012345678,8615012345679")
                .is_some()
        );
        assert!(
            PhoneForm::PhonesSpaced
                .problem("8615012345678, 8615012345679")
                .is_none()
        );
        assert!(
            PhoneForm::PhonesDigits
                .problem("12345,8615012345678")
                .is_none()
        );
        assert!(PhoneForm::PhonesDigits.problem("+12345").is_some());
        assert!(PhoneForm::PhoneDigits.problem("015012345678").is_none());
        assert!(PhoneForm::PhoneDialled.problem("+015").is_none());
        assert!(PhoneForm::PhoneDialled.problem("++15").is_some());
    }
}
