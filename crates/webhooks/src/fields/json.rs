//! JSON bodies.

use nxcloud_client::lenient::{Map, Value};

use super::ParseError;

/// serde_json stops at this depth.
const DEPTH: usize = 128;

/// Reads an object.
pub(super) fn read(text: &str) -> Result<Map, ParseError> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ParseError::NotAnObject),
        Err(_) if is_deep(text) => Err(ParseError::TooDeep),
        Err(error) => Err(ParseError::Json {
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// Whether the text opens that many lists and objects without closing them. Looked at only after reading failed: serde_json tells
/// depth from other errors by its wording alone.
fn is_deep(text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                if depth >= DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn depth_is_told_from_other_mistakes() {
        assert!(read(&nested(126)).is_ok());
        assert_eq!(read(&nested(127)), Err(ParseError::TooDeep));
        assert_eq!(read(&"[".repeat(100_000)), Err(ParseError::TooDeep));
        let quoted = format!("{{\"a\":\"{}\\\"\" x}}", "[".repeat(500));
        assert!(matches!(
            read(&quoted),
            Err(ParseError::Json { line: 1, .. })
        ));
        assert_eq!(read("[]"), Err(ParseError::NotAnObject));
        assert_eq!(read("{} x"), Err(ParseError::Json { line: 1, column: 4 }));
    }
}
