//! What the generated tests of the service crates share.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use crate::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET};

/// Checks that an example decodes into its type and encodes back to the same JSON, but for the keys in `apart`, which a request
/// carries beside its body.
///
/// # Panics
///
/// When it does not.
pub fn round_trip<T: DeserializeOwned + Serialize>(example: &str, apart: &[&str]) {
    let mut before: Value = serde_json::from_str(example).expect("the example is JSON");
    let decoded: T = serde_json::from_str(example)
        .unwrap_or_else(|error| panic!("the example does not decode: {error}\n{example}"));
    let after = serde_json::to_value(&decoded).expect("a decoded value encodes");
    for key in apart {
        let body = before
            .as_object_mut()
            .and_then(|before| before.remove(*key));
        assert!(body.is_some(), "`{key}` is in the example");
    }
    assert_eq!(before, after, "decoding and encoding changed the example");
}

/// Checks that a reply or push decodes, and loses nothing, with any one value replaced by null, by a neighbouring type or by
/// something else altogether, with any one key left out, and with unknown fields in every object.
///
/// # Panics
///
/// When it does not.
pub fn decodes_whatever_happens<T: DeserializeOwned + Serialize + Debug>(example: &str) {
    let example: Value = serde_json::from_str(example).expect("the example is JSON");
    let mut paths = Vec::new();
    collect_paths(&example, String::new(), &mut paths);
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
    let mut extended = example;
    extend(&mut extended);
    survives::<T>(&extended);
}

/// Checks that a reply or push decodes, and loses nothing, with several changes at once: each is a place and what becomes of
/// it, both taken modulo their number, so that any numbers will do.
///
/// # Panics
///
/// When it does not.
pub fn decodes_changed<T: DeserializeOwned + Serialize + Debug>(
    example: &str,
    changes: &[(usize, usize)],
) {
    let mut example: Value = serde_json::from_str(example).expect("the example is JSON");
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
    let after = serde_json::to_value(&decoded).expect("a decoded value encodes");
    assert_eq!(
        as_text(value),
        as_text(&after),
        "decoding and encoding lost something"
    );
    let _ = format!("{decoded:?}");
}

/// The value with every number as text, since either may stand for the other.
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
