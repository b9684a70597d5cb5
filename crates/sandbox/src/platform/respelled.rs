//! Other spellings of a JSON body, to recognise a signature over one of them.

use serde_json::Value;

use super::diagnose::permutations;

/// Bodies above this size are compared by their ends only.
const MAX_BODY: usize = 256 * 1024;
/// Up to so many keys of the body, every order of them is tried.
const MAX_REORDERED: usize = 5;

/// Whether any other spelling of a body passes a test.
pub(super) fn any(body: &[u8], mut test: impl FnMut(&[u8]) -> bool) -> bool {
    if body.is_empty() {
        // An absent body, spelled out by a serialiser.
        return [&b"{}"[..], b"null", b"\"\"", b"[]"].into_iter().any(test);
    }
    let trimmed = [
        body.trim_ascii(),
        body.trim_ascii_end(),
        body.trim_ascii_start(),
    ];
    if trimmed
        .into_iter()
        .any(|text| text.len() < body.len() && test(text))
    {
        return true;
    }
    if body.len() > MAX_BODY {
        return false;
    }
    if [&b"\n"[..], b"\r\n"]
        .into_iter()
        .any(|end| test(&[body, end].concat()))
    {
        return true;
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    Spelling::all().any(|spelling| {
        test(spelling.write(&value).as_bytes()) || test(spelling.write(&sorted).as_bytes())
    }) || reordered(&value)
        .any(|value| Spelling::usual().any(|spelling| test(spelling.write(&value).as_bytes())))
}

/// The object with its keys in every order, if there are few.
fn reordered(value: &Value) -> impl Iterator<Item = Value> {
    let members = match value.as_object() {
        Some(object) if object.len() <= MAX_REORDERED => object.iter().collect(),
        _ => Vec::new(),
    };
    permutations(members.len()).into_iter().map(move |order| {
        order
            .into_iter()
            .filter_map(|at| members.get(at))
            .map(|(name, value)| ((*name).clone(), (*value).clone()))
            .collect()
    })
}

/// How a serialiser writes JSON.
#[derive(Clone, Copy)]
struct Spelling {
    layout: Layout,
    escapes: Escapes,
}

#[derive(Clone, Copy)]
enum Layout {
    /// `{"a":1,"b":2}`
    Compact,
    /// `{"a": 1, "b": 2}`
    Spaced,
    /// One member a line, with this indentation.
    Lines(&'static str),
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    /// Only what JSON demands.
    Needed,
    /// Everything that is not ASCII.
    NotAscii,
    /// Slashes too, beside everything that is not ASCII.
    NotAsciiAndSlashes,
    /// What has a meaning in HTML.
    Html,
}

impl Spelling {
    fn all() -> impl Iterator<Item = Self> {
        let layouts = [
            Layout::Compact,
            Layout::Spaced,
            Layout::Lines("  "),
            Layout::Lines("    "),
            Layout::Lines("\t"),
        ];
        let escapes = [
            Escapes::Needed,
            Escapes::NotAscii,
            Escapes::NotAsciiAndSlashes,
            Escapes::Html,
        ];
        layouts.into_iter().flat_map(move |layout| {
            escapes
                .into_iter()
                .map(move |escapes| Self { layout, escapes })
        })
    }

    /// What the serialisers of most languages write unless told otherwise.
    fn usual() -> impl Iterator<Item = Self> {
        [
            (Layout::Compact, Escapes::Needed),
            (Layout::Compact, Escapes::NotAscii),
            (Layout::Compact, Escapes::NotAsciiAndSlashes),
            (Layout::Spaced, Escapes::NotAscii),
        ]
        .into_iter()
        .map(|(layout, escapes)| Self { layout, escapes })
    }

    fn write(self, value: &Value) -> String {
        let mut text = String::new();
        self.value(&mut text, value, 0);
        text
    }

    // The depth is bounded: serde_json refuses to read more than 128 levels.
    fn value(self, text: &mut String, value: &Value, depth: usize) {
        match value {
            Value::Array(items) => {
                self.list(text, ['[', ']'], items.iter(), depth, |text, item| {
                    self.value(text, item, depth + 1);
                });
            }
            Value::Object(members) => {
                let members = members.iter();
                self.list(text, ['{', '}'], members, depth, |text, (name, value)| {
                    self.string(text, name);
                    text.push_str(match self.layout {
                        Layout::Compact => ":",
                        Layout::Spaced | Layout::Lines(_) => ": ",
                    });
                    self.value(text, value, depth + 1);
                });
            }
            Value::String(string) => self.string(text, string),
            Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
        }
    }

    fn list<T>(
        self,
        text: &mut String,
        [open, close]: [char; 2],
        items: impl ExactSizeIterator<Item = T>,
        depth: usize,
        mut write: impl FnMut(&mut String, T),
    ) {
        let empty = items.len() == 0;
        text.push(open);
        for (at, item) in items.enumerate() {
            if at > 0 {
                text.push(',');
            }
            match self.layout {
                Layout::Spaced if at > 0 => text.push(' '),
                Layout::Compact | Layout::Spaced => {}
                Layout::Lines(indent) => new_line(text, indent, depth + 1),
            }
            write(text, item);
        }
        if let (Layout::Lines(indent), false) = (self.layout, empty) {
            new_line(text, indent, depth);
        }
        text.push(close);
    }

    fn string(self, text: &mut String, string: &str) {
        // serde_json writes what JSON demands; the rest is escaped on top of that.
        for character in Value::from(string).to_string().chars() {
            let escaped = match self.escapes {
                Escapes::Needed => false,
                Escapes::NotAscii | Escapes::NotAsciiAndSlashes => !character.is_ascii(),
                Escapes::Html => matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
            };
            if escaped {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            } else if character == '/' && self.escapes == Escapes::NotAsciiAndSlashes {
                text.push_str("\\/");
            } else {
                text.push(character);
            }
        }
    }
}

fn new_line(text: &mut String, indent: &str, depth: usize) {
    text.push('\n');
    for _ in 0..depth {
        text.push_str(indent);
    }
}
