//! Creates replies from the examples of the spec.

use nxcloud_spec::SchemaRef;
use nxcloud_spec::path;
use nxcloud_spec::schema::{Kind, SandboxValue};
use serde_json::{Map, Value};

use super::ids::Ids;
use super::time;
use crate::platform::catalog::Operation;

/// The keys under which services return a message.
const TEXT_KEYS: [&str; 3] = ["msg", "message", "result"];
const CODE_KEY: &str = "code";
/// The keys under which services return an id of the request itself, in successes and failures.
const REQUEST_ID_KEYS: [&str; 3] = ["requestId", "reqId", "traceId"];

/// The data that replies are filled with.
pub(super) struct Filler<'a> {
    pub(super) ids: &'a Ids,
    pub(super) now: u64,
    /// The fields of the request: query, path and body.
    pub(super) fields: &'a Map<String, Value>,
}

impl Filler<'_> {
    /// The reply to an accepted request; `None` if the operation documents no reply body.
    pub(super) fn success(&self, operation: &Operation) -> Option<Value> {
        let example = operation.success.as_ref()?;
        Some(self.envelope(example, operation.reply(), Fill::All))
    }

    /// The reply to a refused request, in the operation's own envelope.
    pub(super) fn failure(&self, operation: &Operation, code: i64, text: &str) -> Value {
        let common = || operation.success.as_ref().map(common_to_all);
        let example = operation.failure.clone().or_else(common);
        let reply = example.map(|it| self.envelope(&it, operation.reply(), Fill::Present));
        let mut reply = reply.unwrap_or_default();
        if !reply.is_object() {
            reply = Value::Object(Map::new());
        }
        reply[CODE_KEY] = match reply.get(CODE_KEY) {
            Some(Value::String(_)) => code.to_string().into(),
            _ => code.into(),
        };
        let key = TEXT_KEYS.into_iter().find(|key| reply.get(key).is_some());
        reply[key.unwrap_or(TEXT_KEYS[0])] = text.into();
        reply
    }

    /// Fills the outermost object. Its code and message belong to the platform and are never echoed.
    fn envelope(&self, example: &Value, node: SchemaRef<'_>, fill: Fill) -> Value {
        let Value::Object(members) = example else {
            return self.value(example, Some(node), self.fields, fill);
        };
        let node = node.resolved();
        let members = members.iter().map(|(name, example)| {
            let scalar = !example.is_object() && !example.is_array();
            let own = name == CODE_KEY || TEXT_KEYS.contains(&name.as_str());
            let value = if own && scalar {
                example.clone()
            } else {
                self.member(name, example, node, self.fields, fill)
            };
            (name.clone(), value)
        });
        members.collect()
    }

    fn member(
        &self,
        name: &str,
        example: &Value,
        parent: SchemaRef<'_>,
        scope: &Map<String, Value>,
        fill: Fill,
    ) -> Value {
        let node = parent.property(name);
        if fill == Fill::Present && is_blank(example) {
            return example.clone();
        }
        let rule = node.and_then(|node| node.find(|schema| schema.sandbox.as_ref()));
        let kind = node.and_then(SchemaRef::kind).or(Kind::of(example));
        let filled = match rule {
            Some(rule) => self.rule(rule, kind),
            None => scope
                .get(name)
                .or_else(|| self.fields.get(name))
                .and_then(|field| echoed(field, kind, example)),
        };
        filled.unwrap_or_else(|| {
            let inner = scope.get(name).and_then(Value::as_object);
            self.value(example, node, inner.unwrap_or(scope), fill)
        })
    }

    /// Fills a value without a rule. Its members may have rules.
    fn value(
        &self,
        example: &Value,
        node: Option<SchemaRef<'_>>,
        scope: &Map<String, Value>,
        fill: Fill,
    ) -> Value {
        let Some(node) = node else {
            return example.clone();
        };
        let node = node.resolved();
        match example {
            Value::Object(members) => members
                .iter()
                .map(|(name, example)| {
                    let value = self.member(name, example, node, scope, fill);
                    (name.clone(), value)
                })
                .collect(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(item, node.items(), scope, fill))
                .collect(),
            scalar => {
                let rule = node.find(|schema| schema.sandbox.as_ref());
                let kind = node.kind().or(Kind::of(scalar));
                rule.and_then(|rule| self.rule(rule, kind))
                    .unwrap_or_else(|| scalar.clone())
            }
        }
    }

    /// The result of a rule of the spec; `None` if there is nothing to echo.
    fn rule(&self, rule: &SandboxValue, kind: Option<Kind>) -> Option<Value> {
        let text = match rule {
            SandboxValue::Uuid => self.ids.uuid(),
            SandboxValue::Hex32 => self.ids.hex32(),
            // An integer has at most 18 digits.
            SandboxValue::Digits(count) => {
                let most = if kind == Some(Kind::String) { 19 } else { 18 };
                self.ids.digits((*count).min(most))
            }
            SandboxValue::NowMillis => self.now.to_string(),
            SandboxValue::NowSeconds => (self.now / 1000).to_string(),
            SandboxValue::NowText => time::text_of(self.now),
            SandboxValue::Echo(name) => {
                let (first, rest) = name.split_once('.').unwrap_or((name, ""));
                let field = path::get(self.fields.get(first)?, rest)?;
                return echoed(field, kind, &Value::Null);
            }
            SandboxValue::Example => return None,
        };
        typed(text, kind)
    }
}

/// Which fields of an example are filled.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    /// All fields: the platform has acted.
    All,
    /// Fields that are not empty in the example. Empty ones stay empty in a failure.
    Present,
}

fn is_blank(example: &Value) -> bool {
    example.is_null() || example.as_str() == Some("")
}

/// The members that a failure shares with a success. The others may describe something that was created.
fn common_to_all(example: &Value) -> Value {
    let members = example.as_object().into_iter().flatten();
    let common = |name: &str| {
        name == CODE_KEY || TEXT_KEYS.contains(&name) || REQUEST_ID_KEYS.contains(&name)
    };
    members
        .filter(|(name, value)| common(name) && !value.is_object() && !value.is_array())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A field of the request, converted to the type in the reply. Whole objects and lists of objects are not echoed,
/// because the same name may have another structure there.
fn echoed(field: &Value, kind: Option<Kind>, example: &Value) -> Option<Value> {
    match field {
        Value::Null | Value::Object(_) => None,
        Value::Array(items) => {
            let flat =
                |items: &[Value]| !items.iter().any(|item| item.is_object() || item.is_array());
            let same = kind == Some(Kind::Array)
                && flat(items)
                && flat(example.as_array().map_or(&[], |list| list));
            same.then(|| field.clone())
        }
        Value::String(text) => typed(text.clone(), kind),
        scalar if kind == Some(Kind::String) => Some(scalar.to_string().into()),
        scalar => (Kind::of(scalar) == kind || kind == Some(Kind::Number) && scalar.is_number())
            .then(|| scalar.clone()),
    }
}

/// Converts text to a scalar of a JSON type.
fn typed(text: String, kind: Option<Kind>) -> Option<Value> {
    match kind? {
        Kind::String => Some(text.into()),
        Kind::Integer => text.parse::<i64>().ok().map(Value::from),
        Kind::Number => text.parse().ok().map(Value::Number),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Kind::Array | Kind::Object => None,
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
