//! Percent-decoding. This is the only place that does it.

use std::borrow::Cow;

use nxcloud_spec::validate::{Violation, below};
use percent_encoding::percent_decode_str;

const NOT_ENCODED: &str = "is not percent-encoded UTF-8";

/// Decodes a text, or returns an error message. A plus stays a plus.
pub(crate) fn decode(text: &str) -> Result<String, &'static str> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return Err(NOT_ENCODED);
    }
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| NOT_ENCODED)?;
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if text.contains(is_control) {
        return Err("contains a control character");
    }
    Ok(text.into_owned())
}

/// The parameters of a query in their order, or the name of the first one that cannot be decoded.
pub(crate) fn parameters(query: Option<&str>) -> Result<Vec<(String, String)>, Violation> {
    let pairs = query.unwrap_or_default().split('&');
    let pairs = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let [name, value] = [name, value].map(|text| decode(&text.replace('+', " ")));
        let name = name.map_err(|problem| {
            Violation::whole(format!("the name of a query parameter {problem}"))
        })?;
        let value = value.map_err(|problem| Violation::at(below("", &name), problem))?;
        Ok((name, value))
    });
    pairs.collect()
}

/// The parameters of a query that was checked before. Invalid sequences are replaced.
pub(crate) fn lenient(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_percent_encoding_is_an_error() {
        for (text, expected) in [
            ("", Ok("")),
            ("%2B84+1", Ok("+84+1")),
            ("%E6%82%A8%0a%25", Ok("您\n%")),
            ("%zz", Err(NOT_ENCODED)),
            ("%", Err(NOT_ENCODED)),
            ("84%4", Err(NOT_ENCODED)),
            ("%+1", Err(NOT_ENCODED)),
            ("%%41", Err(NOT_ENCODED)),
            ("%您", Err(NOT_ENCODED)),
            ("%FF", Err(NOT_ENCODED)),
            ("%E6%82", Err(NOT_ENCODED)),
            ("%ED%A0%80", Err(NOT_ENCODED)),
            ("84%00", Err("contains a control character")),
            ("%7f", Err("contains a control character")),
            ("%C2%85", Err("contains a control character")),
        ] {
            assert_eq!(
                decode(text).as_deref().map_err(|problem| *problem),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_query_is_parsed_like_a_form() {
        let query = "a=1+2&b=%2B&&c&=d&a=3=4";
        let read = parameters(Some(query)).unwrap();
        assert!(
            read.iter()
                .map(|(name, value)| (&**name, &**value))
                .eq(lenient(query)
                    .collect::<Vec<_>>()
                    .iter()
                    .map(|(name, value)| (&**name, &**value)))
        );
        let problem = |query| {
            let Violation {
                pointer, problem, ..
            } = parameters(Some(query)).unwrap_err();
            format!("{pointer} {problem}")
        };
        assert_eq!(problem("a=1&b%2F=%zz"), format!("/b~1 {NOT_ENCODED}"));
        assert_eq!(problem("b=%00"), "/b contains a control character");
        assert!(problem("%FF=1").starts_with(" the name of a query parameter"));
    }
}
