//! Dotted paths into JSON: wire names and list positions, such as `statuses.0.id`.

use serde_json::{Map, Value};

/// The value at a path. An empty path is the value itself.
#[must_use]
pub fn get<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    steps(path).try_fold(value, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

/// Sets the value at a path, and creates missing objects on the way. A string of digits that replaces a number becomes a number. A list grows to at most
/// 1000 entries.
pub fn set(value: &mut Value, path: &str, new: Value) {
    let mut place = value;
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
    *place = match (&*place, new) {
        (Value::Number(_), Value::String(text)) => serde_json::from_str::<Value>(&text)
            .ok()
            .filter(Value::is_number)
            .unwrap_or(Value::String(text)),
        (_, new) => new,
    };
}

/// Removes the member at a path, if it exists.
pub fn remove(value: &mut Value, path: &str) {
    let (holder, name) = path.rsplit_once('.').unwrap_or(("", path));
    let holder = steps(holder).try_fold(value, |value, step| match value {
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        other => other.get_mut(step),
    });
    if let Some(Value::Object(map)) = holder {
        map.remove(name);
    }
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|step| !step.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_set_and_removed_by_path() {
        let mut value = json!({"s": [{"id": "a", "n": 1}], "ext": "x"});
        assert_eq!(get(&value, "s.0.id"), Some(&json!("a")));
        assert_eq!(get(&value, "s.1.id"), None);
        set(&mut value, "s.0.id", json!("b"));
        set(&mut value, "s.0.n", json!("22"));
        set(&mut value, "new.deep", json!(1));
        remove(&mut value, "ext");
        remove(&mut value, "not.there");
        assert_eq!(
            value,
            json!({"s": [{"id": "b", "n": 22}], "new": {"deep": 1}})
        );
        assert_eq!(get(&value, ""), Some(&value.clone()));
    }
}
