//! What the specs say of pushes.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::SpecError;
use crate::generated::SPECS;
use crate::record::ReceivedRequest;

/// The part of a spec that is about pushes. The catalog reads the rest.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "x-nx-biz-type", default)]
    biz_type: String,
    #[serde(rename = "x-nx-webhooks", default)]
    webhooks: Vec<Rule>,
}

/// How a push travels.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PushContent {
    /// A JSON body.
    Json,
    /// A form in the body.
    Form,
    /// The query string, without a body.
    Query,
}

/// One documented push.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(skip)]
    pub(super) service: &'static str,
    #[serde(skip)]
    pub(super) biz_type: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) content: Vec<PushContent>,
    #[serde(default)]
    pub(super) signed: bool,
    #[serde(default)]
    pub(super) action: Vec<String>,
    pub(super) reply: Option<String>,
    pub(super) retry: Option<Retry>,
    pub(super) after: Option<After>,
    examples: Map<String, Value>,
    // For others: the generator and the documentation.
    #[serde(rename = "schema", default)]
    _schema: IgnoredAny,
    #[serde(rename = "reply-error", default)]
    _reply_error: IgnoredAny,
    #[serde(rename = "idempotency-key", default)]
    _idempotency_key: IgnoredAny,
    #[serde(rename = "x-nx-codes", default)]
    _codes: IgnoredAny,
}

/// When the platform tries again.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Retry {
    every_seconds: u64,
    for_seconds: u64,
}

/// What a push follows.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct After {
    pub(super) operation: String,
    pub(super) address: Option<String>,
    pub(super) each: Option<String>,
    #[serde(default)]
    pub(super) single_only: Vec<String>,
    #[serde(default)]
    pub(super) fill: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) fill_many: BTreeMap<String, String>,
}

impl Rule {
    /// The fields of an example, the first one if none is named.
    pub(super) fn example(&self, name: Option<&str>) -> Option<Value> {
        let example = match name {
            Some(name) => self.examples.get(name)?,
            None => self.examples.values().next()?,
        };
        example.get("value").cloned()
    }

    /// Whether the push is documented to follow the operation of a request.
    pub(super) fn follows(&self, request: &ReceivedRequest) -> bool {
        self.after.as_ref().is_some_and(|after| {
            Some(self.service) == request.service()
                && Some(after.operation.as_str()) == request.operation()
        })
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = &str> {
        self.examples.keys().map(String::as_str)
    }

    /// The documented pause between attempts, and how many there are in all.
    pub(super) fn attempts(&self) -> (Duration, u32) {
        match self.retry {
            Some(Retry {
                every_seconds,
                for_seconds,
            }) => {
                let retries = for_seconds / every_seconds.max(1);
                let attempts = u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1);
                (Duration::from_secs(every_seconds), attempts)
            }
            None => (Duration::ZERO, 1),
        }
    }
}

/// The pushes of all services; the specs are read once in a process.
pub(super) fn rules() -> Result<Arc<[Rule]>, SpecError> {
    static RULES: OnceLock<Result<Arc<[Rule]>, SpecError>> = OnceLock::new();
    RULES.get_or_init(read).clone()
}

fn read() -> Result<Arc<[Rule]>, SpecError> {
    let mut rules = Vec::new();
    for (service, json) in SPECS {
        let document = document(service, json)?;
        rules.extend(document.webhooks.into_iter().map(|rule| Rule {
            service,
            biz_type: document.biz_type.clone(),
            ..rule
        }));
    }
    Ok(rules.into())
}

fn document(service: &str, json: &str) -> Result<Document, SpecError> {
    serde_json::from_str(json)
        .map_err(|error| SpecError::new(service, "x-nx-webhooks", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_known_is_refused() {
        let (service, json) = SPECS
            .iter()
            .find(|(name, _)| *name == "number-check")
            .unwrap();
        for place in ["", "/retry", "/after"] {
            let mut spec: Value = serde_json::from_str(json).unwrap();
            let object = spec.pointer_mut(&format!("/x-nx-webhooks/0{place}"));
            object.unwrap()["x-nx-new"] = true.into();
            let error = document(service, &spec.to_string()).err().unwrap();
            assert!(
                format!("{error:?}").contains("x-nx-new"),
                "{place}: {error:?}"
            );
        }
    }

    fn has(value: &Value, path: &str) -> bool {
        let pointer = format!("/{}", path.replace('.', "/"));
        value.pointer(&pointer).is_some()
    }

    /// Examples of an operation's request and successful reply.
    fn operation(service: &str, id: &str) -> (Vec<Value>, Value) {
        let (_, json) = SPECS.iter().find(|(name, _)| *name == service).unwrap();
        let spec: Value = serde_json::from_str(json).unwrap();
        let paths = spec["paths"].as_object().unwrap().values();
        let mut operations = paths.flat_map(|path| path.as_object().unwrap().values());
        let found = operations.find(|operation| operation["operationId"] == id);
        let found = found.unwrap();
        let json = |holder: &Value| holder["content"]["application/json"]["examples"].clone();
        let requests = json(&found["requestBody"]);
        let requests = requests.as_object().unwrap().values();
        let reply = json(&found["responses"]["200"])["success"]["value"].clone();
        (requests.map(|r| r["value"].clone()).collect(), reply)
    }

    #[test]
    fn every_fill_names_a_field_of_the_push_and_a_source_that_there_is() {
        let mut checked = 0;
        for rule in rules().unwrap().iter() {
            let Some(after) = &rule.after else { continue };
            let (requests, reply) = operation(rule.service, &after.operation);
            let in_a_request = |path: &str| requests.iter().any(|r| has(r, path));
            let fields = [&after.address, &after.each].into_iter().flatten();
            for field in fields.chain(&after.single_only) {
                assert!(in_a_request(field), "{}: {field}", rule.name);
            }
            for (path, template) in after.fill.iter().chain(&after.fill_many) {
                let known = rule.examples().any(|name| {
                    let example = rule.example(Some(name)).unwrap();
                    has(&example, path)
                });
                assert!(known, "{}: no example has {path}", rule.name);
                for source in template.split('{').skip(1) {
                    let source = source.split('}').next().unwrap();
                    let found = match source.split_once('.') {
                        Some(("reply", path)) => has(&reply, path),
                        Some(("request", path)) => in_a_request(path),
                        Some(("entry", path)) => {
                            let each = after.each.as_ref().unwrap();
                            in_a_request(&format!("{each}.0.{path}"))
                        }
                        _ => source == "entry" || source.starts_with("digits:"),
                    };
                    assert!(found, "{}: nothing has {source}", rule.name);
                    checked += 1;
                }
            }
        }
        assert!(checked > 20, "{checked} sources");
    }

    #[test]
    fn attempts_are_those_of_the_reference() {
        let rules = rules().unwrap();
        let of = |name: &str| {
            let rule = rules.iter().find(|rule| rule.name == name).unwrap();
            rule.attempts()
        };
        assert_eq!(of("sms_receipt"), (Duration::ZERO, 1));
        assert_eq!(of("number_check_result"), (Duration::from_secs(60), 61));
        assert_eq!(of("call_result"), (Duration::from_secs(60), 61));
    }
}
