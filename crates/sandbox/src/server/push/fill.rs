//! Fills the fields of a push from a request and its reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nxcloud_signing::header;
use nxcloud_spec::webhook::After;
use nxcloud_spec::{Source, path};
use serde_json::Value;

use crate::platform::Action;
use crate::server::record::ReceivedRequest;

/// Generates digits that were not used before.
#[derive(Default)]
pub(super) struct Digits(AtomicU64);

impl Digits {
    fn next(&self, count: usize) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!("{number:0count$}");
        text.get(text.len() - count..).unwrap_or(&text).to_owned()
    }
}

/// A request that pushes follow.
pub(super) struct Origin {
    /// Its number.
    pub(super) id: u64,
    body: Value,
    reply: Value,
    pub(super) access_key: String,
}

impl Origin {
    /// Creates it from a request of the history.
    pub(super) fn of(request: &ReceivedRequest) -> Self {
        let action = Action {
            request: request.json().unwrap_or_default(),
            reply: serde_json::from_slice(request.reply()).unwrap_or_default(),
        };
        Self::new(request, action)
    }

    /// Creates it from a request that was just carried out.
    pub(super) fn new(request: &ReceivedRequest, action: Action) -> Self {
        let access_key = request.header(header::ACCESS_KEY).unwrap_or_default();
        Self {
            id: request.id(),
            body: action.request,
            reply: action.reply,
            access_key: access_key.to_owned(),
        }
    }

    /// The value of a source.
    pub(super) fn value(&self, source: &Source, entry: &Value, digits: &Digits) -> Option<String> {
        let value = match source {
            Source::Digits(count) => return Some(digits.next(*count)),
            Source::Request(path) => path::get(&self.body, path),
            Source::Reply(path) => path::get(&self.reply, path),
            Source::Entry(path) => path::get(entry, path.as_deref().unwrap_or_default()),
        };
        match value? {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            other => Some(other.to_string()),
        }
    }
}

/// How a push follows a request.
pub(super) struct Following {
    after: After,
    origin: Arc<Origin>,
    /// The parts of the request that each cause a push: the entries of a list or of a comma-separated text; without
    /// such a field, the request itself.
    pub(super) entries: Vec<Value>,
}

impl Following {
    pub(super) fn new(after: &After, origin: &Arc<Origin>) -> Self {
        let entries = match after.each.as_ref().map(|each| origin.body.get(each)) {
            None => vec![Value::Null],
            Some(Some(Value::Array(items))) => items.clone(),
            Some(Some(Value::String(text))) => {
                let entries = text.split(',');
                entries.map(|entry| entry.trim().into()).collect()
            }
            Some(_) => Vec::new(),
        };
        Self {
            after: after.clone(),
            origin: Arc::clone(origin),
            entries,
        }
    }

    /// Whether the request causes several pushes.
    fn is_many(&self) -> bool {
        self.entries.len() > 1
    }

    /// Whether a field of the request is used.
    fn counts(&self, field: &String) -> bool {
        !self.is_many() || !self.after.single_only.contains(field)
    }

    /// The address in the request.
    pub(super) fn address(&self) -> Option<&str> {
        let field = self.after.address.as_ref()?;
        let named = self.origin.body.get(field)?.as_str();
        named.filter(|_| self.counts(field))
    }

    /// Sets the fields that the spec defines. Fields without a source are omitted.
    pub(super) fn fill(&self, fields: &mut Value, entry: &Value, digits: &Digits) {
        for (name, template) in &self.after.fill {
            let of_many = self.after.fill_many.get(name);
            let template = of_many.filter(|_| self.is_many()).unwrap_or(template);
            let text = template.expand(|source| match source {
                Source::Request(path) if !self.counts(path) => None,
                source => self.origin.value(source, entry, digits),
            });
            match text {
                Some(text) => path::set(fields, name, text.into()),
                None => path::remove(fields, name),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nxcloud_spec::Template;
    use serde_json::json;

    use super::*;

    fn origin(body: Value) -> Arc<Origin> {
        Arc::new(Origin {
            id: 1,
            body,
            reply: json!({"data": {"ids": [{"id": "m"}]}}),
            access_key: String::new(),
        })
    }

    #[test]
    fn fill_templates_read_request_reply_and_entry() {
        let origin = origin(json!({"ext": "x", "n": 5}));
        let digits = Digits::default();
        let expand = |entry: &Value, template: &str| {
            let template = Template::try_from(template.to_owned()).unwrap();
            template.expand(|source| origin.value(source, entry, &digits))
        };
        for expected in ["m-001+861", "m-002+861"] {
            let text = expand(&json!("861"), "{reply.data.ids.0.id}-{digits:3}+{entry}");
            assert_eq!(text.as_deref(), Some(expected));
        }
        let entry = json!({"a": true});
        let text = expand(&entry, "{request.n}{entry.a}");
        assert_eq!(text.as_deref(), Some("5true"));
        for missing in ["{request.gone}", "{reply.data}", "{entry}"] {
            assert_eq!(expand(&entry, missing), None, "{missing}");
        }
    }

    #[test]
    fn a_field_for_a_single_entry_is_ignored_with_several() {
        let after = json!({
            "operation": "send", "each": "to", "address": "url", "single-only": ["url", "id"],
            "fill": { "id": "{request.id}", "to": "{entry}" },
        });
        let after = serde_json::from_value(after).unwrap();
        for (to, address, filled) in [
            ("1", Some("u"), json!({"id": "x", "to": "1"})),
            ("1, 2", None, json!({"to": "1"})),
        ] {
            let origin = origin(json!({"to": to, "url": "u", "id": "x"}));
            let following = Following::new(&after, &origin);
            assert_eq!(following.address(), address);
            let mut fields = json!({"id": "example"});
            following.fill(&mut fields, &following.entries[0], &Digits::default());
            assert_eq!(fields, filled);
        }
    }
}
