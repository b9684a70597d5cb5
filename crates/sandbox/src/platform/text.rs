//! Texts that are shown in part.

use serde_json::Value;

/// The beginning of a text, and whether that is not all of it.
pub(crate) fn beginning(text: &str, max: usize) -> (&str, bool) {
    let end = (max..text.len()).find(|at| text.is_char_boundary(*at));
    (&text[..end.unwrap_or(text.len())], end.is_some())
}

/// Leaves the beginning of each text in a value, and tells whether any was longer.
pub(crate) fn shorten(value: &mut Value, max: usize) -> bool {
    let mut cut = false;
    match value {
        Value::String(text) if text.len() > max => {
            text.truncate(beginning(text, max).0.len());
            text.shrink_to_fit();
            cut = true;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut |= shorten(item, max)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| cut |= shorten(member, max)),
        _ => {}
    }
    cut
}
