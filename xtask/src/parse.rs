//! From YAML to the typed document. What its structure refuses is one finding, with its line.

use nxcloud_spec::Document;
use serde::Deserialize as _;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::finding::Finding;

mod explain;
mod locate;

use locate::Step;

/// Reads a spec as it came from a file.
pub(crate) fn document(file: &str, bytes: &[u8]) -> Result<Document, Finding> {
    let finding = |at: String, (problem, instead): (String, String)| Finding {
        file: file.to_owned(),
        at,
        problem,
        instead,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let explained = ("not UTF-8".to_owned(), "save the file as UTF-8".to_owned());
        finding(format!("line {line}"), explained)
    })?;
    // Not from the text into the structs: there `y` and `on` would be no names of properties.
    let value: Value = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        finding(format!("line {line}"), explain::yaml(&error.to_string()))
    })?;
    let refused = |mut steps: Vec<Step>, message: &str| {
        explain::refine(&value, &mut steps, message);
        let explained = explain::structure(&steps, message);
        finding(locate::place(text, &steps), explained)
    };
    let Ok(document) = Document::deserialize(&value) else {
        let (steps, message) = misread(&value);
        return Err(refused(steps, &message));
    };
    let null = has_null(&value)
        .then(|| serde_json::to_value(&document))
        .and_then(|read| dropped(&value, &read.ok()?));
    match null {
        Some(steps) => Err(refused(steps, "invalid type: null, expected a string")),
        None => Ok(document),
    }
}

/// Why a document was refused. It takes longer to read with an eye on the place, so that this comes second.
fn misread(value: &Value) -> (Vec<Step>, String) {
    let read: Result<Document, _> = serde_path_to_error::deserialize(value);
    let Err(error) = read else {
        return (Vec::new(), String::new());
    };
    let steps = error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(Step::Entry(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    (steps.collect(), error.inner().to_string())
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().any(has_null),
        Value::Array(items) => items.iter().any(has_null),
        _ => false,
    }
}

/// The way to a null that was passed over: an optional key takes it for its absence.
fn dropped(written: &Value, read: &Value) -> Option<Vec<Step>> {
    let below = |step: Step, written: &Value, read: Option<&Value>| match read {
        None if written.is_null() => Some(vec![step]),
        None => None,
        Some(read) => dropped(written, read).map(|mut steps| {
            steps.insert(0, step);
            steps
        }),
    };
    match written {
        Value::Object(map) => map
            .iter()
            .find_map(|(key, value)| below(Step::Key(key.clone()), value, read.get(key))),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| below(Step::Entry(index), value, read.get(index))),
        _ => None,
    }
}
