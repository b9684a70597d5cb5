//! Truncates texts.

use serde_json::Value;

/// The beginning of a text, and whether it was cut.
pub(crate) fn beginning(text: &str, max: usize) -> (&str, bool) {
    let end = (max..text.len()).find(|at| text.is_char_boundary(*at));
    (&text[..end.unwrap_or(text.len())], end.is_some())
}

/// Truncates each text in a value. Returns whether any was longer.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(beginning("äöü", 3), ("äö", true));
        assert_eq!(beginning("äöü", 5), ("äöü", false));
        assert_eq!(beginning("äöü", 9), ("äöü", false));
        let mut value = json!({ "a": ["äöü", 1, "ä"], "b": null });
        assert!(shorten(&mut value, 3));
        assert_eq!(value, json!({ "a": ["äö", 1, "ä"], "b": null }));
        assert!(!shorten(&mut value, 4));
    }
}
