//! Checks types against the examples in the specs.

use std::fmt::Debug;

use nxcloud_spec::{OperationRef, Service};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The embedded spec of a service.
#[derive(Clone, Copy, Debug)]
pub struct Spec(&'static str);

impl Spec {
    /// The spec of the service with this name, such as `sms`.
    #[must_use]
    pub const fn embedded(service: &'static str) -> Self {
        Self(service)
    }

    fn service(self) -> &'static Service {
        nxcloud_spec::embedded(self.0)
            .unwrap_or_else(|| panic!("there is no spec {}", self.0))
            .unwrap()
    }

    fn operation(self, id: &str) -> OperationRef<'static> {
        let operation = self.service().operation(id);
        operation.unwrap_or_else(|| panic!("{} has no operation {id}", self.0))
    }

    fn request_example(self, operation: &str, example: &str) -> Value {
        let mut examples = self.operation(operation).request_examples().into_iter();
        let request = examples.find(|(name, _)| *name == example);
        request.map_or_else(|| no_example(operation, example), |(_, value)| value)
    }

    /// The request of an example.
    #[must_use]
    pub fn request<T: DeserializeOwned>(self, operation: &str, example: &str) -> T {
        decoded(&self.request_example(operation, example))
    }

    /// Checks that an example request deserialises and serialises to the same body. Path and query parameters are not part of a body.
    pub fn check_request<T: DeserializeOwned + Serialize>(self, operation: &str, example: &str) {
        let value = self.request_example(operation, example);
        let operation = self.operation(operation);
        let parameters = operation.parameters.iter();
        let parameters = parameters.map(|parameter| parameter.name.as_str());
        let has_body = operation.request().is_some();
        round_trip::<T>(&value, parameters.filter(|_| has_body));
    }

    /// Checks that an example reply decodes and loses nothing, unchanged and changed in many ways.
    pub fn check_reply<T>(self, operation: &str, example: &str)
    where
        T: DeserializeOwned + Serialize + Debug,
    {
        let mut examples = self.operation(operation).reply_examples();
        let reply = examples.find(|(name, _)| *name == example);
        let (_, value) = reply.unwrap_or_else(|| no_example(operation, example));
        check_lenient::<T>(value);
    }

    /// Like [`check_reply`](Self::check_reply), for an example push.
    pub fn check_push<T>(self, push: &str, example: &str)
    where
        T: DeserializeOwned + Serialize + Debug,
    {
        let webhook = self.service().webhook(push);
        let webhook = webhook.unwrap_or_else(|| panic!("{} has no push {push}", self.0));
        let example = webhook
            .examples
            .get(example)
            .unwrap_or_else(|| no_example(push, example));
        check_lenient::<T>(&example.value);
    }
}

fn no_example(holder: &str, example: &str) -> ! {
    panic!("{holder} has no example {example}");
}

/// Deserialises from text, as the client does.
fn decoded<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string())
        .unwrap_or_else(|error| panic!("does not decode: {error}\n{value:#}"))
}

fn round_trip<'a, T>(example: &Value, parameters: impl Iterator<Item = &'a str>)
where
    T: DeserializeOwned + Serialize,
{
    let mut before = example.clone();
    for key in parameters {
        let body = before.as_object_mut();
        let removed = body.and_then(|body| body.remove(key));
        assert!(removed.is_some(), "`{key}` is in the example");
    }
    let after = serde_json::to_value(decoded::<T>(example)).unwrap();
    assert_eq!(before, after, "decoding and encoding changed the example");
}

fn check_lenient<T: DeserializeOwned + Serialize + Debug>(example: &Value) {
    round_trip::<T>(example, std::iter::empty());
    check_each_change::<T>(example);
    let config = ProptestConfig {
        // The file of failures would be beside this file, not beside the test.
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(changes in vec(any::<(usize, usize)>(), 1..8))| {
        check_changes::<T>(example.clone(), &changes);
    });
}

/// Replaces each value by null, by a similar type or by something else, removes each key, and adds unknown fields to every object.
fn check_each_change<T: DeserializeOwned + Serialize + Debug>(example: &Value) {
    let mut paths = Vec::new();
    collect_paths(example, String::new(), &mut paths);
    for path in &paths {
        for change in CHANGES {
            let mut changed = example.clone();
            if let Some(value) = changed.pointer_mut(path) {
                *value = change(value);
            }
            survives::<T>(&changed);
        }
        let mut shorter = example.clone();
        if let Some((parent, key)) = path.rsplit_once('/')
            && let Some(Value::Object(map)) = shorter.pointer_mut(parent)
        {
            map.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        survives::<T>(&shorter);
    }
    let mut extended = example.clone();
    extend(&mut extended);
    survives::<T>(&extended);
}

/// Makes several changes at once. Each consists of a place and a change, both modulo their number.
fn check_changes<T: DeserializeOwned + Serialize + Debug>(
    mut example: Value,
    changes: &[(usize, usize)],
) {
    for (place, change) in changes {
        let mut paths = Vec::new();
        collect_paths(&example, String::new(), &mut paths);
        if paths.is_empty() {
            break;
        }
        if let Some(value) = example.pointer_mut(&paths[place % paths.len()]) {
            match change % (CHANGES.len() + 1) {
                0 => extend(value),
                n => *value = CHANGES[n - 1](value),
            }
        }
    }
    survives::<T>(&example);
}

const CHANGES: [fn(&Value) -> Value; 5] = [
    |_| Value::Null,
    |_| json!({}),
    |_| json!([[], "x"]),
    |_| json!(""),
    |value| match value {
        Value::String(text) => text.parse().map_or(json!(7), |n: i64| json!(n)),
        Value::Number(number) => json!(number.to_string()),
        other => other.clone(),
    },
];

fn survives<T: DeserializeOwned + Serialize + Debug>(value: &Value) {
    let decoded: T = serde_json::from_value(value.clone())
        .unwrap_or_else(|error| panic!("does not decode: {error}\n{value:#}"));
    let after = serde_json::to_value(&decoded).unwrap();
    assert_eq!(
        as_text(value),
        as_text(&after),
        "decoding and encoding lost something"
    );
    let _ = format!("{decoded:?}");
}

/// The value with every number as a string, because the clients treat both alike.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| (key.clone(), as_text(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn collect_paths(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect_paths(value, format!("{at}/{key}"), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_paths(value, format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
    if !at.is_empty() {
        into.push(at);
    }
}

fn extend(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(extend);
            map.insert("tomorrow".to_owned(), json!({"a": [1, null], "b": "x"}));
        }
        Value::Array(items) => items.iter_mut().for_each(extend),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    const SMS: Spec = Spec::embedded("sms");

    #[test]
    fn a_type_that_keeps_everything_passes() {
        SMS.check_request::<BTreeMap<String, Value>>("send_sms", "plain");
        SMS.check_reply::<Value>("send_sms", "success");
        SMS.check_push::<Value>("sms_receipt", "delivered");
    }

    /// A path parameter is not part of the body.
    #[test]
    #[should_panic(expected = "changed the example")]
    fn a_parameter_in_the_body_fails() {
        Spec::embedded("antbuddy").check_request::<Value>("click_to_call", "device");
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct Known {
        code: String,
        messageid: String,
        result: String,
    }

    #[test]
    #[should_panic(expected = "does not decode")]
    fn a_strict_reply_type_fails() {
        SMS.check_reply::<Known>("send_sms", "success");
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct Few {
        #[serde(default, skip_serializing_if = "Value::is_null")]
        code: Value,
    }

    #[test]
    #[should_panic(expected = "changed the example")]
    fn a_reply_type_that_drops_a_field_fails() {
        SMS.check_reply::<Few>("send_sms", "success");
    }

    #[test]
    #[should_panic(expected = "send_sms has no example none")]
    fn a_missing_example_fails() {
        SMS.check_reply::<Value>("send_sms", "none");
    }
}
