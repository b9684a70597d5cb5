//! Forms and query strings, as the platform writes them.

use std::borrow::Cow;

use nxcloud_client::lenient::{Map, Value};
use percent_encoding::percent_decode;

use super::ParseError;

/// Adds the fields of a form. A raw space is a space, as are `+` and `%20`; a `%` that begins no pair of digits is itself.
///
/// The same field twice with the same value is one field; with two values it is refused.
pub(super) fn read(form: &str, into: &mut Map) -> Result<(), ParseError> {
    for pair in form.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        put(
            into,
            decode(name)?.into_owned(),
            decode(value)?.into_owned(),
        )?;
    }
    Ok(())
}

/// Undoes the encoding of a name or value.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, ParseError> {
    if !text.contains(['+', '%']) {
        return Ok(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    match percent_decode(spaced.as_bytes()).decode_utf8() {
        Ok(decoded) => Ok(Cow::Owned(decoded.into_owned())),
        Err(_) => Err(ParseError::NotUtf8),
    }
}

/// `key:value, key:value`, as some pages show a form: nothing is encoded, and a value may hold commas and colons itself. So a comma
/// ends a value only where a name that the reference lists follows, with a colon. `None` when the text does not begin that way.
pub(super) fn read_colons(
    text: &str,
    names: &[&str],
    into: &mut Map,
) -> Option<Result<(), ParseError>> {
    let (mut name, mut rest) = field(text, names)?;
    loop {
        let next = rest
            .match_indices(',')
            .find_map(|(comma, _)| Some((comma, field(rest.get(comma + 1..)?, names)?)));
        let value = rest.get(..next.map_or(rest.len(), |(comma, _)| comma));
        if let Err(error) = put(into, name.to_owned(), value?.trim().to_owned()) {
            return Some(Err(error));
        }
        match next {
            Some((_, (following, value))) => (name, rest) = (following, value),
            None => return Some(Ok(())),
        }
    }
}

/// A known name with a colon at the beginning, and what follows it.
fn field<'t, 'n>(text: &'t str, names: &[&'n str]) -> Option<(&'n str, &'t str)> {
    let text = text.trim_start();
    names.iter().find_map(|name| {
        let after = text.strip_prefix(name)?.trim_start();
        Some((*name, after.strip_prefix(':')?))
    })
}

fn put(into: &mut Map, name: String, value: String) -> Result<(), ParseError> {
    let value = Value::String(value);
    match into.get(&name) {
        Some(known) if *known != value => Err(ParseError::DuplicateField),
        Some(_) => Ok(()),
        None => {
            into.insert(name, value);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Result<Map, ParseError> {
        let mut map = Map::new();
        read(text, &mut map).map(|()| map)
    }

    #[test]
    fn a_space_may_be_raw_a_plus_or_encoded() {
        for text in [
            "t=10:15 42&x=",
            "t=10:15+42&x=",
            "t=10%3a15%2042&x",
            "&&t=10%3A15+42&&x=&",
        ] {
            let map = form(text).unwrap();
            assert_eq!(map["t"], "10:15 42", "{text}");
            assert_eq!(map["x"], "", "{text}");
        }
    }

    #[test]
    fn names_are_decoded_and_stray_percents_stay() {
        let map = form("a%5Bb%5D=100%&%E9%82%AE=%2B1%zz&c=a=b").unwrap();
        assert_eq!(map["a[b]"], "100%");
        assert_eq!(map["邮"], "+1%zz");
        assert_eq!(map["c"], "a=b");
    }

    #[test]
    fn two_values_are_refused_two_equal_ones_are_not() {
        assert_eq!(form("a=1&b=2&a=3"), Err(ParseError::DuplicateField));
        assert_eq!(form("a=1&b=2&%61=1").unwrap().len(), 2);
        assert_eq!(form("a=%ff"), Err(ParseError::NotUtf8));
    }

    #[test]
    fn colons_and_commas_in_a_value_stay_in_it() {
        let names = ["messageId", "type", "content", "receiveTime", "toPhone"];
        let mut map = Map::new();
        let text = "messageId:7,type:0,toPhone:+8613912345678, content: Hi, it costs 1+1: ok, type of thing,receiveTime:2026-11-21 10:15:42";
        assert_eq!(read_colons(text, &names, &mut map), Some(Ok(())));
        assert_eq!(map["content"], "Hi, it costs 1+1: ok, type of thing");
        assert_eq!(map["toPhone"], "+8613912345678");
        assert_eq!(map["receiveTime"], "2026-11-21 10:15:42");
        assert_eq!(map.len(), 5);
        assert_eq!(
            read_colons("messageId=7&type=0", &names, &mut Map::new()),
            None
        );
        let twice = read_colons("type:0,type:1", &names, &mut Map::new());
        assert_eq!(twice, Some(Err(ParseError::DuplicateField)));
    }
}
