//! What may reach a terminal. Replies, pushes, names of files and arguments can hold characters that move the cursor, set the
//! title, or show letters in another order than they stand in. They are written as JSON writes them: `\u001b`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text whose lines stay lines. JSON stays valid JSON with the same meaning.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |character| {
        !matches!(character, '\n' | '\t') && is_unsafe(character)
    })
}

/// A text that must stay within its line.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

fn escaped(text: &str, is_unsafe: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_unsafe) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            safe if !is_unsafe(safe) => shown.push(safe),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
        }
    }
    shown.into()
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and the format characters that reorder text or cannot be
/// seen. The joiners U+200C and U+200D stay: emoji and several scripts need them.
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
    fn every_unsafe_character_is_written_as_json_writes_it() {
        for character in UNSAFE.chars() {
            let sent = format!("a{character}b");
            for shown in [text(&sent), one_line(&sent)] {
                assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown}");
                let back: Value = serde_json::from_str(&format!("\"{shown}\"")).unwrap();
                assert_eq!(back, sent, "{character:?}");
            }
        }
        assert_eq!(one_line("a\u{1b}[2J\u{9b}c"), "a\\u001b[2J\\u009bc");
    }

    #[test]
    fn json_keeps_its_meaning_in_names_and_values() {
        let value = json!({ UNSAFE: UNSAFE, "nested": [{ "\u{202e}": "\n\t\\u009b" }] });
        for written in [value.to_string(), format!("{value:#}")] {
            let shown = text(&written);
            assert!(!shown.chars().any(|c| c != '\n' && is_unsafe(c)), "{shown}");
            assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn texts_of_people_are_left_alone() {
        let fine = "é 你好 مرحبا हिन्दी 👩\u{200d}👩\u{200d}👧 “quotes” a\\b";
        assert!(matches!(text(fine), Cow::Borrowed(shown) if shown == fine));
        assert!(matches!(one_line(fine), Cow::Borrowed(shown) if shown == fine));
        assert_eq!(text("a\tb\nc\n"), "a\tb\nc\n");
        assert_eq!(one_line("a\tb\r\nc"), "a\\tb\\r\\nc");
    }
}
