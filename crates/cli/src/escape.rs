//! Escapes text for a terminal. Replies, pushes, file names and arguments can contain characters that move the cursor, set the
//! title or reorder the visible text. These characters are written as JSON escapes such as `\u001b`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes text but keeps its line breaks. JSON stays valid and keeps its meaning.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |character| {
        !matches!(character, '\n' | '\t') && is_unsafe(character)
    })
}

/// Escapes text, including its line breaks, so that it stays on one line.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

fn escaped(text: &str, is_unsafe: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_unsafe) {
        return text.into();
    }
    let mut output = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            safe if !is_unsafe(safe) => output.push(safe),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(output, "\\u{unit:04x}");
                }
            }
        }
    }
    output.into()
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and format characters that reorder text or are invisible. The
/// joiners U+200C and U+200D are allowed: emoji and several scripts need them.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const UNSAFE: &str = "\u{0}\u{7}\u{8}\r\u{1b}\u{7f}\u{80}\u{9b}\u{9d}\u{9f}\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\
        \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}\u{e0041}";

    #[test]
    fn every_unsafe_character_becomes_a_json_escape() {
        for character in UNSAFE.chars() {
            let input = format!("a{character}b");
            for output in [text(&input), one_line(&input)] {
                assert!(
                    output.bytes().all(|byte| byte.is_ascii_graphic()),
                    "{output}"
                );
                let decoded: Value = serde_json::from_str(&format!("\"{output}\"")).unwrap();
                assert_eq!(decoded, input, "{character:?}");
            }
        }
        assert_eq!(one_line("a\u{1b}[2J\u{9b}c"), "a\\u001b[2J\\u009bc");
    }

    #[test]
    fn json_keeps_its_meaning_in_names_and_values() {
        let value = json!({ UNSAFE: UNSAFE, "nested": [{ "\u{202e}": "\n\t\\u009b" }] });
        for json in [value.to_string(), format!("{value:#}")] {
            let output = text(&json);
            assert!(
                !output.chars().any(|c| c != '\n' && is_unsafe(c)),
                "{output}"
            );
            assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), value);
        }
    }

    #[test]
    fn ordinary_text_in_any_script_is_unchanged() {
        let input = "é 你好 مرحبا हिन्दी 👩\u{200d}👩\u{200d}👧 “quotes” a\\b";
        assert!(matches!(text(input), Cow::Borrowed(output) if output == input));
        assert!(matches!(one_line(input), Cow::Borrowed(output) if output == input));
        assert_eq!(text("a\tb\nc\n"), "a\tb\nc\n");
        assert_eq!(one_line("a\tb\r\nc"), "a\\tb\\r\\nc");
    }
}
