//! From content type, query and body to the fields of a push.

mod error;
pub(crate) mod form;
mod json;

pub use error::ParseError;
use nxcloud_client::lenient::Map;

use crate::push::Content;

/// What can come, and how.
pub(crate) struct Expected<'a> {
    /// How the service pushes.
    pub(crate) content: &'a [Content],
    /// Every name on the first level, in any spelling.
    pub(crate) names: &'a [&'a str],
}

/// Content types, as far as they matter here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Json,
    Form,
    Other,
    Unstated,
}

impl Media {
    /// One page writes `x-www-form-urlencoded` without what goes before it.
    fn of(content_type: Option<&str>) -> Self {
        let Some(content_type) = content_type else {
            return Self::Unstated;
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let is = |text: &str, name: &str| text.eq_ignore_ascii_case(name);
        let subtype = match essence.split_once('/') {
            Some((kind, subtype)) if is(kind, "application") => subtype,
            Some(_) => return Self::Other,
            None => essence,
        };
        let suffix = subtype.rsplit_once('+').map_or("", |(_, suffix)| suffix);
        if subtype.is_empty() {
            Self::Unstated
        } else if is(subtype, "json") || is(suffix, "json") {
            Self::Json
        } else if is(subtype, "x-www-form-urlencoded") {
            Self::Form
        } else {
            Self::Other
        }
    }
}

/// The fields of a push.
///
/// A query counts only where the reference puts fields into it; with a JSON body it never does, since no signature covers it.
pub(crate) fn read(
    expected: &Expected<'_>,
    content_type: Option<&str>,
    query: Option<&str>,
    body: &[u8],
) -> Result<Map, ParseError> {
    let takes = |content| expected.content.contains(&content);
    let query = query
        .filter(|query| !query.is_empty() && takes(Content::Query))
        .unwrap_or_default();
    let body = std::str::from_utf8(body).map_err(|_| ParseError::NotUtf8)?;
    let blank = body.trim_ascii().is_empty();
    if blank && query.is_empty() {
        return Err(ParseError::Empty);
    }
    let mut fields = Map::new();
    if !blank {
        let json = takes(Content::Json);
        // What comes in the query may come in a form as well: the same fields, the same encoding.
        let form = takes(Content::Form) || takes(Content::Query);
        match Media::of(content_type) {
            Media::Json if json => return json::read(body),
            Media::Form if form => read_form(expected, body, &mut fields)?,
            Media::Unstated if json && (!form || body.trim_ascii_start().starts_with('{')) => {
                return json::read(body);
            }
            Media::Unstated if form => read_form(expected, body, &mut fields)?,
            _ => return Err(ParseError::ContentType),
        }
    }
    form::read(query, &mut fields)?;
    Ok(fields)
}

fn read_form(expected: &Expected<'_>, body: &str, fields: &mut Map) -> Result<(), ParseError> {
    // A line end after the form is no part of its last value.
    let body = body.trim_matches(['\r', '\n']);
    form::read_colons(body, expected.names, fields).unwrap_or_else(|| form::read(body, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["a", "b"];

    fn fields(
        content: &[Content],
        kind: Option<&str>,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Map, ParseError> {
        let expected = Expected {
            content,
            names: NAMES,
        };
        read(&expected, kind, query, body)
    }

    #[test]
    fn form_and_query_are_merged_where_the_query_counts() {
        let both = [Content::Form, Content::Query];
        let form = Some("x-www-form-urlencoded");
        let map = fields(&both, form, Some("a=1"), b"b=2&a=1\r\n").unwrap();
        assert_eq!(
            (map["a"].as_str(), map["b"].as_str()),
            (Some("1"), Some("2"))
        );
        assert_eq!(
            fields(&both, form, Some("a=1"), b"a=2"),
            Err(ParseError::DuplicateField)
        );
        let map = fields(&[Content::Form], form, Some("a=1"), b"b=2").unwrap();
        assert!(!map.contains_key("a"), "the query does not count here");
        let map = fields(
            &[Content::Json],
            Some("application/json"),
            Some("a=1"),
            b"{\"b\":2}",
        )
        .unwrap();
        assert!(!map.contains_key("a"), "nor does it ever with JSON");
        let map = fields(&both, None, Some("a=1"), b" \n").unwrap();
        assert_eq!(map["a"], "1");
    }

    #[test]
    fn content_types_in_all_spellings_and_no_other() {
        let json = [Content::Json];
        for kind in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "json",
            "application/x+json",
        ] {
            assert!(fields(&json, Some(kind), None, b"{}").is_ok(), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/xml",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
        ] {
            assert_eq!(
                fields(&json, Some(kind), None, b"{}"),
                Err(ParseError::ContentType),
                "{kind}"
            );
        }
        assert_eq!(
            fields(&[Content::Form], Some("application/json"), None, b"{}"),
            Err(ParseError::ContentType)
        );
        assert!(fields(&json, None, None, b" {}").is_ok());
        assert!(fields(&[Content::Json, Content::Form], None, None, b"a=1").is_ok());
        assert_eq!(
            fields(&json, None, Some("a=1"), b""),
            Err(ParseError::Empty)
        );
        assert_eq!(
            fields(&json, None, None, b"{\"a\":\"\xff\"}"),
            Err(ParseError::NotUtf8)
        );
    }
}
