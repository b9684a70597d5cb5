//! Reads the fields of a push from its content type, query and body.

mod error;

pub use error::ParseError;
use nxcloud_client::codegen::incoming::Body;
use nxcloud_client::codegen::{Map, Value};
use nxcloud_client::{Repair, Repairs};

use crate::push::Transport;

/// The documented form of a service's pushes.
pub(crate) struct Expected<'a> {
    pub(crate) transports: &'a [Transport],
    /// The names of the top-level fields, in every spelling.
    pub(crate) names: &'a [&'a str],
}

/// A push as received.
#[derive(Clone, Copy)]
pub(crate) struct RawPush<'a> {
    pub(crate) content_type: Option<&'a str>,
    pub(crate) content_encoding: Option<&'a str>,
    pub(crate) query: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// The maximum size of query and body in bytes. It also applies to the decoded body.
    pub(crate) limit: usize,
    /// Whether the body was signed. Ambiguous content is then an error.
    pub(crate) signed: bool,
}

/// The media types that matter here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Json,
    Form,
    Other,
    Unstated,
}

impl Media {
    /// Parses a content type. The prefix `application/` is optional: one page of the reference omits it.
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

/// Reads the fields of a push. Returns them with the repairs.
///
/// The query is read only if the reference puts fields into it. With a JSON body it is never read, because no signature covers it.
pub(crate) fn read(
    expected: &Expected<'_>,
    raw: &RawPush<'_>,
) -> Result<(Map, Repairs), ParseError> {
    let takes = |transport| expected.transports.contains(&transport);
    let query = raw.query.unwrap_or_default();
    let limit = raw.limit;
    let total = raw.body.len().saturating_add(query.len());
    if total > limit {
        return Err(ParseError::TooLarge { limit });
    }
    let body = Body::new(
        raw.body,
        raw.content_type,
        raw.content_encoding,
        limit - query.len(),
    );
    let body = body.map_err(|error| ParseError::of(&error, limit))?;
    let query = if takes(Transport::Query) { query } else { "" };
    let blank = body.is_blank();
    if blank && query.is_empty() {
        return Err(ParseError::Empty);
    }
    let json = takes(Transport::Json);
    // Fields of the query are accepted in a form too: names and encoding are the same.
    let form = takes(Transport::Form) || takes(Transport::Query);
    let is_json = match Media::of(raw.content_type) {
        _ if blank => false,
        Media::Json if json => true,
        Media::Form if form => false,
        Media::Unstated if json && !form => true,
        Media::Unstated if form => json && body.bytes().trim_ascii_start().starts_with(b"{"),
        _ => return Err(ParseError::ContentType),
    };
    let (fields, repairs) = if is_json {
        let document = body.json();
        let document = document.map_err(|error| ParseError::of(&error, limit))?;
        match document.value {
            Value::Object(fields) => (fields, document.repairs),
            _ => return Err(ParseError::NotAnObject),
        }
    } else {
        let mut form = body.form(expected.names);
        form.read(query.as_bytes());
        (form.fields, form.repairs)
    };
    if raw.signed && repairs.contains(Repair::EqualKeys) {
        return Err(ParseError::DuplicateField);
    }
    Ok((fields, repairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["a", "b"];

    fn fields(
        transports: &[Transport],
        content_type: Option<&str>,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Map, ParseError> {
        let expected = Expected {
            transports,
            names: NAMES,
        };
        let raw = RawPush {
            content_type,
            content_encoding: None,
            query,
            body,
            limit: 1000,
            signed: false,
        };
        read(&expected, &raw).map(|(map, _)| map)
    }

    #[test]
    fn form_and_query_are_merged_only_if_the_query_is_documented() {
        let both = [Transport::Form, Transport::Query];
        let form = Some("x-www-form-urlencoded");
        let map = fields(&both, form, Some("a=1"), b"b=2&a=1\r\n").unwrap();
        assert_eq!(
            (map["a"].as_str(), map["b"].as_str()),
            (Some("1"), Some("2"))
        );
        let map = fields(&both, form, Some("a=1"), b"a=2").unwrap();
        assert_eq!(map["a"], "2", "the body comes first");
        let map = fields(&[Transport::Form], form, Some("a=1"), b"b=2").unwrap();
        assert!(!map.contains_key("a"), "the query is not documented here");
        let map = fields(
            &[Transport::Json],
            Some("application/json"),
            Some("a=1"),
            b"{\"b\":2}",
        )
        .unwrap();
        assert!(!map.contains_key("a"), "JSON never uses the query");
        let map = fields(&both, None, Some("a=1"), b" \n").unwrap();
        assert_eq!(map["a"], "1");
    }

    #[test]
    fn documented_content_types_are_accepted_in_all_spellings() {
        let json = [Transport::Json];
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
            fields(&[Transport::Form], Some("application/json"), None, b"{}"),
            Err(ParseError::ContentType)
        );
        assert!(fields(&json, None, None, b" {}").is_ok());
        assert!(fields(&[Transport::Json, Transport::Form], None, None, b"a=1").is_ok());
        assert_eq!(
            fields(&json, None, Some("a=1"), b""),
            Err(ParseError::Empty)
        );
        let map = fields(&json, None, None, b"{\"a\":\"\xff\"}").unwrap();
        assert_eq!(map["a"], "\u{fffd}");
    }
}
