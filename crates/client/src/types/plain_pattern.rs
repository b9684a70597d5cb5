//! Patterns that only say which ASCII characters a text may have, and how many.

/// `^[characters]{least,most}$`.
#[derive(Debug)]
pub(crate) struct PlainPattern {
    /// One bit for each ASCII character.
    allowed: u128,
    least: usize,
    most: usize,
}

impl PlainPattern {
    /// Reads a pattern; `None` for one that says more, which a regular expression then handles.
    pub(crate) fn read(source: &str) -> Option<Self> {
        let inner = source.strip_prefix("^[")?.strip_suffix("}$")?;
        let (class, counts) = inner.split_once("]{")?;
        let (least, most) = counts.split_once(',')?;
        Some(Self {
            allowed: characters(class.as_bytes())?,
            least: least.parse().ok()?,
            most: most.parse().ok()?,
        })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        // Allowed characters are ASCII, so that bytes are characters as far as it goes.
        (self.least..=self.most).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii() && self.allowed & (1 << byte) != 0)
    }
}

/// The characters of a class: letters, digits, ranges of them, `_`, and `-` at its end.
fn characters(class: &[u8]) -> Option<u128> {
    let mut allowed = 0_u128;
    let mut rest = class;
    while let Some((first, after)) = rest.split_first() {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric();
        rest = match after {
            [b'-', last, after @ ..] if plain(first) && plain(last) && first <= last => {
                (*first..=*last).for_each(|byte| allowed |= 1 << byte);
                after
            }
            [b'-', _, ..] => return None,
            _ if plain(first) || *first == b'_' || (*first == b'-' && after.is_empty()) => {
                allowed |= 1 << *first;
                after
            }
            _ => return None,
        };
    }
    (allowed != 0).then_some(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::*;

    const PATTERNS: [&str; 5] = [
        "^[0-9A-Za-z]{1,20}$",
        "^[0-9a-zA-Z-]{10,50}$",
        "^[a-c_]{0,3}$",
        "^[xyz0-4-]{2,2}$",
        "^[a]{1,4}$",
    ];

    #[test]
    fn what_says_more_is_left_to_others() {
        for other in [
            "^[^a]{1,2}$",
            "^[\\d]{1,2}$",
            "^[a-]b]{1,2}$",
            "^[z-a]{1,2}$",
            "^[a]{1,}$",
            "^[a]{2}$",
            "^[]{1,2}$",
            "[a]{1,2}",
            "^a{1,2}$",
            "^[a]{1,2}|[b]{1,2}$",
            "^[a.]{1,2}$",
            "^[+--]{1,2}$",
        ] {
            assert!(PlainPattern::read(other).is_none(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_regular_expression_matches(text in "([a-zA-Z0-9_\\-é\n$ ]{0,22}|[a-c_]{0,4}|[0-4xyz-]{2})") {
            for source in PATTERNS {
                let plain = PlainPattern::read(source).unwrap();
                let regex = Regex::new(source).unwrap();
                prop_assert_eq!(plain.matches(&text), regex.is_match(&text), "{}", source);
            }
        }
    }
}
