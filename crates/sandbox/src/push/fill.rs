//! From what a caller sent, and was answered, to the fields of a push.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use super::PushError;
use super::rules::After;

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

/// Sets what the rule says, and leaves out what has no source.
pub(super) fn fill(fields: &mut Value, after: &After, many: bool, sources: &Sources<'_>) {
    for (path, template) in &after.fill {
        let template = match after.fill_many.get(path) {
            Some(other) if many => other,
            _ => template,
        };
        match sources.expand(template) {
            Some(text) => set(fields, path, text.into()),
            None => remove(fields, path),
        }
    }
}

/// Sets fields to what their templates say, as far as these have a source.
pub(super) fn fill_templates(
    fields: &mut Value,
    templates: &[(&str, &str)],
    sources: &Sources<'_>,
) {
    for (path, template) in templates {
        if let Some(text) = sources.expand(template) {
            set(fields, path, text.into());
        }
    }
}

impl Sources<'_> {
    /// The text with every `{…}` replaced; `None` if one has no value.
    fn expand(&self, template: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (source, after) = after.split_once('}')?;
            out.push_str(before);
            out.push_str(&self.value(source)?);
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    fn value(&self, source: &str) -> Option<String> {
        if let Some(count) = source.strip_prefix("digits:") {
            return count.parse().ok().map(|count| self.digits.next(count));
        }
        let (root, path) = source.split_once('.').unwrap_or((source, ""));
        let value = match root {
            "request" if self.ignored.iter().any(|field| field == path) => return None,
            "request" => get(self.request, path),
            "reply" => get(self.reply, path),
            "entry" => get(self.entry, path),
            _ => None,
        };
        match value? {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            other => Some(other.to_string()),
        }
    }
}

fn get<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut steps = path.split('.').filter(|step| !step.is_empty());
    steps.try_fold(value, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
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

/// Sets a field by its dotted path; what is not there on the way is made. A number stays a number.
pub(super) fn set(fields: &mut Value, path: &str, value: Value) {
    let mut place = fields;
    for step in path.split('.') {
        let index = step.parse::<usize>().ok().filter(|index| *index < 1_000);
        if let (true, Some(index)) = (place.is_array(), index) {
            let Some(items) = place.as_array_mut() else {
                return;
            };
            if items.len() <= index {
                items.resize(index + 1, Value::Null);
            }
            place = &mut items[index];
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[step];
        }
    }
    *place = match (&*place, value) {
        (Value::Number(_), Value::String(text)) => serde_json::from_str::<Value>(&text)
            .ok()
            .filter(Value::is_number)
            .unwrap_or(Value::String(text)),
        (_, value) => value,
    };
}

fn remove(fields: &mut Value, path: &str) {
    let (holder, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = Some(fields);
    for step in holder.split('.').filter(|step| !step.is_empty()) {
        place = place.and_then(|value| match value {
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            other => other.get_mut(step),
        });
    }
    if let Some(Value::Object(map)) = place {
        map.remove(name);
    }
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
            let text = from.expand("{reply.data.ids.0.id}-{digits:3}+{entry}");
            assert_eq!(text.as_deref(), Some(expected));
        }
        let entry = json!({"a": true});
        let sources = sources(&request, &reply, &entry, &ignored, &digits);
        assert_eq!(
            sources.expand("{request.n}{entry.a}").as_deref(),
            Some("5true")
        );
        for missing in [
            "{request.gone}",
            "{reply.data}",
            "{entry}",
            "{other.x}",
            "{request.n",
        ] {
            assert_eq!(sources.expand(missing), None, "{missing}");
        }
    }

    #[test]
    fn fields_are_set_and_left_out_by_path() {
        let mut fields = json!({"s": [{"id": "a", "n": 1}], "ext": "x"});
        set(&mut fields, "s.0.id", json!("b"));
        set(&mut fields, "s.0.n", json!("22"));
        set(&mut fields, "new.deep", json!(1));
        remove(&mut fields, "ext");
        remove(&mut fields, "not.there");
        assert_eq!(
            fields,
            json!({"s": [{"id": "b", "n": 22}], "new": {"deep": 1}})
        );
    }
}
