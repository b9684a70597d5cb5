//! Parses YAML into the typed document. An error of the structure becomes one finding with its line.

use nxcloud_spec::Document;
use serde::Deserialize as _;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::finding::Finding;

mod explain;
mod locate;
mod strict;

use locate::Step;
use strict::Strict;

/// Parses the content of a spec file.
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
        let explained = (
            "the file is not UTF-8".to_owned(),
            "save it as UTF-8".to_owned(),
        );
        finding(format!("line {line}"), explained)
    })?;
    // By way of a `Value`: directly in the structs, property names such as `y` and `on` would be read as booleans.
    let value: Value = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        finding(format!("line {line}"), explain::yaml(&error.to_string()))
    })?;
    Document::deserialize(Strict(&value)).map_err(|_| {
        let (mut steps, message) = misread(&value);
        explain::refine(&value, &mut steps, &message);
        let explained = explain::structure(&steps, &message);
        finding(locate::place(text, &steps), explained)
    })
}

/// The place and the message of an error. Tracking the place is slower, so it is done only after an error.
fn misread(value: &Value) -> (Vec<Step>, String) {
    let read: Result<Document, _> = serde_path_to_error::deserialize(Strict(value));
    let Err(error) = read else {
        return Default::default();
    };
    let steps = error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(Step::Entry(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    (steps.collect(), error.inner().to_string())
}
