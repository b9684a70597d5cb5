//! Converts bytes to JSON that the page can display.

use serde_json::{Value, json};

use crate::platform::multipart;
use crate::platform::text::beginning;

/// Longer texts are cut at this size.
pub(super) const MAX_SHOWN: usize = 256 * 1024;
/// Parts of a multipart body are cut at this size.
const MAX_PART: usize = 4 * 1024;
/// Number of parts that are shown.
const MAX_PARTS: usize = 1000;

/// Describes a body: its size, its kind and, if it is text, the text.
pub(super) fn describe(bytes: &[u8], content_type: Option<&str>) -> Value {
    let media = content_type.unwrap_or_default();
    let size = bytes.len();
    if bytes.is_empty() {
        return json!({ "kind": "empty", "bytes": 0 });
    }
    if let Some(boundary) = multipart::boundary(media)
        && media.to_ascii_lowercase().starts_with("multipart/")
        && let Ok(parts) = multipart::parts(bytes, &boundary)
    {
        let is_cut = parts.len() > MAX_PARTS;
        let parts = parts.iter().take(MAX_PARTS).map(part).collect::<Vec<_>>();
        return json!({ "kind": "multipart", "bytes": size, "parts": parts, "cut": is_cut });
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return json!({ "kind": "binary", "bytes": size });
    };
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let (text, cut) = beginning(text, MAX_SHOWN);
    let kind = if is_json { "json" } else { "text" };
    json!({ "kind": kind, "bytes": size, "text": text, "cut": cut })
}

/// Describes a part: for a file its name, type and size; for any other part also its text.
fn part(part: &multipart::Part<'_>) -> Value {
    let mut object = json!({
        "name": part.name,
        "file_name": part.file_name,
        "content_type": part.content_type,
        "bytes": part.data.len(),
    });
    if part.file_name.is_none()
        && let Ok(text) = std::str::from_utf8(part.data)
    {
        object["text"] = beginning(text, MAX_PART).0.into();
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_described_by_its_kind() {
        let json = Some("application/json");
        assert_eq!(describe(b"", json)["kind"], "empty");
        assert_eq!(
            describe(b"\xFF", json),
            json!({ "kind": "binary", "bytes": 1 })
        );
        assert_eq!(describe(b"{\"a\"", json)["kind"], "text");
        let value = json!({ "kind": "json", "bytes": 2, "text": "{}", "cut": false });
        assert_eq!(describe(b"{}", None), value);
        let body = b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n\
            --x\r\ncontent-disposition: form-data; name=f; filename=b.png\r\ncontent-type: image/png\r\n\r\n22\r\n--x--";
        let description = describe(body, Some("multipart/form-data; boundary=x"));
        assert_eq!(description["parts"][0]["text"], "1");
        assert_eq!(description["parts"][1]["file_name"], "b.png");
        assert_eq!(description["parts"][1]["bytes"], 2);
        assert_eq!(description["parts"][1].get("text"), None);
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = describe("é".repeat(MAX_SHOWN).as_bytes(), None);
        assert_eq!(long["cut"], true);
        assert_eq!(long["bytes"], 2 * MAX_SHOWN);
    }
}
