//! Patterns that limit only the characters of a text and their number. The client checks them without a regular expression.

/// `^[class]{min,max}$`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Characters {
    /// The class lists the characters that a text must not contain.
    pub(crate) excluded: bool,
    /// First and last character of each range.
    pub(crate) ranges: Vec<(char, char)>,
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
}

impl Characters {
    /// Reads a pattern; `None` if it has other parts.
    pub(crate) fn read(pattern: &str) -> Option<Self> {
        let inner = pattern.strip_prefix("^[")?.strip_suffix('$')?;
        let (class, count) = inner.split_once(']')?;
        let (excluded, class) = match class.strip_prefix('^') {
            Some(class) => (true, class),
            None => (false, class),
        };
        let (min, max) = read_count(count)?;
        Some(Self {
            excluded,
            ranges: read_class(class.as_bytes())?,
            min,
            max,
        })
    }
}

fn read_count(count: &str) -> Option<(usize, Option<usize>)> {
    let counts = match count {
        "" => return Some((1, Some(1))),
        "*" => return Some((0, None)),
        "+" => return Some((1, None)),
        _ => count.strip_prefix('{')?.strip_suffix('}')?,
    };
    let (min, max) = counts.split_once(',').unwrap_or((counts, counts));
    let max = if max.is_empty() {
        None
    } else {
        Some(max.parse().ok()?)
    };
    Some((min.parse().ok()?, max))
}

/// Letters, digits, ranges of them, `_`, `+`, `,`, and `-` at the end.
fn read_class(class: &[u8]) -> Option<Vec<(char, char)>> {
    let mut ranges = Vec::new();
    let mut rest = class;
    while let Some((first, after)) = rest.split_first() {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric();
        let (last, after) = match after {
            [b'-', last, after @ ..] if is_plain(first) && is_plain(last) && first <= last => {
                (last, after)
            }
            [b'-', _, ..] => return None,
            [] if *first == b'-' => (first, after),
            _ if is_plain(first) || b"_+,".contains(first) => (first, after),
            _ => return None,
        };
        rest = after;
        ranges.push((char::from(*first), char::from(*last)));
    }
    (!ranges.is_empty()).then_some(ranges)
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;

    use super::*;

    const PATTERNS: [&str; 11] = [
        "^[0-9A-Za-z]{1,20}$",
        "^[0-9a-zA-Z-]{10,50}$",
        "^[a-c_]{0,3}$",
        "^[xyz0-4-]{2}$",
        "^[a-a]{1,4}$",
        "^[0-2]$",
        "^[0-9]+$",
        "^[a]{2,}$",
        "^[^+]*$",
        "^[^,]*$",
        "^[^a-c-]{1,3}$",
    ];

    fn matches(characters: &Characters, text: &str) -> bool {
        let count = text.chars().count();
        let is_in = |char| {
            let mut ranges = characters.ranges.iter();
            ranges.any(|(first, last)| (*first..=*last).contains(&char))
        };
        count >= characters.min
            && characters.max.is_none_or(|max| count <= max)
            && text.chars().all(|char| is_in(char) != characters.excluded)
    }

    #[test]
    fn characters_match_the_same_texts_as_the_regular_expression() {
        let alphabet = [
            'a', 'b', 'z', 'A', 'Z', '0', '3', '9', '_', '-', '+', ',', 'é', '\n', ' ',
        ];
        let mut texts = vec![String::new()];
        for length in 0..3 {
            let longer = texts.iter().filter(|text| text.chars().count() == length);
            let longer: Vec<_> = longer
                .flat_map(|text| alphabet.map(|char| format!("{text}{char}")))
                .collect();
            texts.extend(longer);
        }
        texts.extend([4, 9, 10, 11, 20, 21, 50, 51].map(|length| "a".repeat(length)));
        for pattern in PATTERNS {
            let characters = Characters::read(pattern).unwrap_or_else(|| panic!("{pattern}"));
            let regex = Regex::new(pattern).unwrap();
            for text in &texts {
                let expected = regex.is_match(text);
                assert_eq!(matches(&characters, text), expected, "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn other_patterns_are_not_read() {
        for other in [
            "^https?://.+",
            "^[\\d]{1,2}$",
            "^[a-]b]{1,2}$",
            "^[z-a]{1,2}$",
            "^[]{1,2}$",
            "[a]{1,2}",
            "^a{1,2}$",
            "^[a]{1,2}|[b]{1,2}$",
            "^[a.]{1,2}$",
            "^[+--]{1,2}$",
            "^[a]+?$",
            "^[a]{x}$",
            "^[-a]$",
        ] {
            assert_eq!(Characters::read(other), None, "{other}");
        }
    }
}
