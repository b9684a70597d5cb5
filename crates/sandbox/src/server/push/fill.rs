//! From what a caller sent, and was answered, to the fields of a push.

use std::sync::atomic::{AtomicU64, Ordering};

use indexmap::IndexMap;
use nxcloud_spec::webhook::After;
use nxcloud_spec::{Source, Template, path};
use serde_json::Value;

use super::delivery::PushError;

/// The sources of a fill.
pub(super) struct Sources<'a> {
    pub(super) request: &'a Value,
    pub(super) reply: &'a Value,
    pub(super) entry: &'a Value,
    /// Fields of the request that do not count.
    pub(super) ignored: &'a [String],
    pub(super) digits: &'a Digits,
}

/// Makes digits that were not there before.
#[derive(Default)]
pub(super) struct Digits(AtomicU64);

impl Digits {
    fn next(&self, count: usize) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!("{number:0count$}");
        text.get(text.len() - count..).unwrap_or(&text).to_owned()
    }
}

/// The entries of a request that each bring a push: those of a list, or of a text with commas; the request itself without such a field.
pub(super) fn entries(after: &After, request: &Value) -> Vec<Value> {
    let Some(each) = &after.each else {
        return vec![Value::Null];
    };
    match request.get(each) {
        Some(Value::Array(items)) => items.clone(),
        Some(Value::String(text)) => text.split(',').map(|entry| entry.trim().into()).collect(),
        _ => Vec::new(),
    }
}

/// Fields of a request that do not count when it brings several pushes.
pub(super) fn ignored(after: &After, many: bool) -> &[String] {
    if many { &after.single_only } else { &[] }
}

/// The address that a request names.
pub(super) fn address<'v>(after: &After, many: bool, request: &'v Value) -> Option<&'v str> {
    let field = after.address.as_ref()?;
    let counts = !ignored(after, many).contains(field);
    counts.then(|| request.get(field)?.as_str()).flatten()
}

/// Sets what the spec says, and leaves out what has no source.
pub(super) fn fill(fields: &mut Value, after: &After, many: bool, sources: &Sources<'_>) {
    for (name, template) in &after.fill {
        let template = match after.fill_many.get(name) {
            Some(other) if many => other,
            _ => template,
        };
        match template.expand(|source| sources.value(source)) {
            Some(text) => path::set(fields, name, text.into()),
            None => path::remove(fields, name),
        }
    }
}

/// Sets fields to what their templates say, as far as these have a source.
pub(super) fn fill_templates(
    fields: &mut Value,
    templates: &IndexMap<String, Template>,
    sources: &Sources<'_>,
) {
    for (name, template) in templates {
        if let Some(text) = template.expand(|source| sources.value(source)) {
            path::set(fields, name, text.into());
        }
    }
}

impl Sources<'_> {
    fn value(&self, source: &Source) -> Option<String> {
        let value = match source {
            Source::Digits(count) => return Some(self.digits.next(*count)),
            Source::Request(path) if self.ignored.contains(path) => return None,
            Source::Request(path) => path::get(self.request, path),
            Source::Reply(path) => path::get(self.reply, path),
            Source::Entry(path) => path::get(self.entry, path.as_deref().unwrap_or_default()),
        };
        match value? {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            other => Some(other.to_string()),
        }
    }
}

/// A dotted path has at most so many steps: each is an object in another, and what walks through them takes stack.
const MAX_STEPS: usize = 32;

/// Refuses a path of a caller's that has too many steps.
pub(super) fn check(path: &str) -> Result<(), PushError> {
    if path.split('.').count() <= MAX_STEPS {
        return Ok(());
    }
    Err(PushError::DeepField { max: MAX_STEPS })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sources<'a>(
        request: &'a Value,
        reply: &'a Value,
        entry: &'a Value,
        ignored: &'a [String],
        digits: &'a Digits,
    ) -> Sources<'a> {
        Sources {
            request,
            reply,
            entry,
            ignored,
            digits,
        }
    }

    fn expand(sources: &Sources<'_>, template: &str) -> Option<String> {
        let template = Template::try_from(template.to_owned()).unwrap();
        template.expand(|source| sources.value(source))
    }

    #[test]
    fn templates_take_from_request_reply_and_entry() {
        let (request, reply) = (
            json!({"ext": "x", "n": 5}),
            json!({"data": {"ids": [{"id": "m"}]}}),
        );
        let ignored = vec!["gone".to_owned()];
        let digits = Digits::default();
        let number = json!("861");
        let from = sources(&request, &reply, &number, &ignored, &digits);
        for expected in ["m-001+861", "m-002+861"] {
            let text = expand(&from, "{reply.data.ids.0.id}-{digits:3}+{entry}");
            assert_eq!(text.as_deref(), Some(expected));
        }
        let entry = json!({"a": true});
        let sources = sources(&request, &reply, &entry, &ignored, &digits);
        assert_eq!(
            expand(&sources, "{request.n}{entry.a}").as_deref(),
            Some("5true")
        );
        for missing in ["{request.gone}", "{reply.data}", "{entry}"] {
            assert_eq!(expand(&sources, missing), None, "{missing}");
        }
    }
}
