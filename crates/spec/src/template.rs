//! Templates: texts with placeholders, such as `{reply.messageid}-{digits:10}`.

use serde::{Deserialize, Serialize};

/// A text with placeholders: `{request.PATH}`, `{reply.PATH}`, `{entry}`, `{entry.PATH}` or `{digits:N}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Source(Source),
}

/// The value of a placeholder. Paths are dotted wire names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A field of the request.
    Request(String),
    /// A field of the reply.
    Reply(String),
    /// The entry of the push, or a field of it.
    Entry(Option<String>),
    /// This many new digits.
    Digits(usize),
}

impl Template {
    /// The text with all placeholders replaced; `None` if one has no value.
    pub fn expand(&self, mut value: impl FnMut(&Source) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Source(source) => text.push_str(&value(source)?),
            }
        }
        Some(text)
    }

    /// The placeholders, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Source(source) => Some(source),
        })
    }

    /// The template as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (source, after) = after.split_once('}').ok_or_else(|| {
                format!("a `{{` without a `}}` in `{text}`: write `{{request.PATH}}`")
            })?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Source(Source::read(source)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text, parts })
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}

impl Source {
    fn read(text: &str) -> Result<Self, String> {
        let path = |root: &str| {
            let path = text.strip_prefix(root)?.strip_prefix('.')?;
            (!path.is_empty()).then(|| path.to_owned())
        };
        if text == "entry" {
            return Ok(Self::Entry(None));
        }
        let digits = text
            .strip_prefix("digits:")
            .and_then(|count| count.parse().ok());
        if let Some(count) = digits.filter(|count| (1..=64).contains(count)) {
            return Ok(Self::Digits(count));
        }
        None.or_else(|| path("request").map(Self::Request))
            .or_else(|| path("reply").map(Self::Reply))
            .or_else(|| path("entry").map(|path| Self::Entry(Some(path))))
            .ok_or_else(|| {
                format!(
                    "`{{{text}}}` is not a placeholder: write `{{request.PATH}}`, `{{reply.PATH}}`, `{{entry}}`, `{{entry.PATH}}` or `{{digits:N}}` (1 to 64)"
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::try_from(text.to_owned())
    }

    #[test]
    fn every_placeholder_is_read_and_expanded() {
        let template =
            template("{reply.data.0.id}-{digits:3}/{entry}{entry.to}{request.n}.").unwrap();
        let value = |source: &Source| match source {
            Source::Reply(path) if path == "data.0.id" => Some("m".to_owned()),
            Source::Digits(3) => Some("007".to_owned()),
            Source::Entry(None) => Some("e".to_owned()),
            Source::Entry(Some(path)) if path == "to" => Some("t".to_owned()),
            Source::Request(path) if path == "n" => Some("5".to_owned()),
            _ => None,
        };
        assert_eq!(template.expand(value).as_deref(), Some("m-007/et5."));
        assert_eq!(template.sources().count(), 5);
        assert_eq!(template.expand(|_| None), None);
        assert_eq!(String::from(template.clone()), template.as_str());
    }

    #[test]
    fn an_unknown_placeholder_is_an_error_with_a_remedy() {
        for text in [
            "{",
            "{request.n",
            "{}",
            "{other.x}",
            "{request}",
            "{reply.}",
            "{digits:0}",
            "{digits:65}",
            "{digits:x}",
            "{requests.n}",
        ] {
            let problem = template(text).unwrap_err();
            assert!(
                problem.contains("write `{request.PATH}`"),
                "{text}: {problem}"
            );
        }
        assert_eq!(
            template("plain").unwrap().expand(|_| None).as_deref(),
            Some("plain")
        );
    }
}
