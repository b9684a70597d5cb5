//! JSON text with another layout or other escapes. Names, values and their order do not change.

use super::escapes::Escapes;
use crate::platform::diagnosis::Budget;

/// White space between the parts.
pub(super) struct Layout {
    /// Used after the word `signed`.
    pub(super) name: &'static str,
    /// One member per line, with this indentation.
    indent: Option<&'static str>,
    colon: &'static str,
    comma: &'static str,
    /// Lists stay in one line, with spaces inside the brackets.
    inline_lists: bool,
}

impl Layout {
    const fn lines(name: &'static str, indent: &'static str) -> Self {
        Self {
            name,
            indent: Some(indent),
            colon: ": ",
            comma: ",",
            inline_lists: false,
        }
    }
}

pub(super) static COMPACT: &Layout = &LAYOUTS[0];

/// The layouts of common serialisers, the two most common first.
pub(super) static LAYOUTS: &[Layout] = &[
    Layout {
        name: "without white space between its parts",
        indent: None,
        colon: ":",
        comma: ",",
        inline_lists: false,
    },
    Layout {
        name: "with a space after each colon and comma",
        indent: None,
        colon: ": ",
        comma: ", ",
        inline_lists: false,
    },
    Layout::lines("in lines indented by two spaces", "  "),
    Layout::lines("in lines indented by four spaces", "    "),
    Layout::lines("in lines indented by a tab", "\t"),
    Layout::lines("in lines indented by a space", " "),
    Layout::lines("in lines without indentation", ""),
    // Perl's JSON::PP.
    Layout {
        name: "in lines indented by three spaces, with spaces around each colon",
        indent: Some("   "),
        colon: " : ",
        comma: ",",
        inline_lists: false,
    },
    // Jackson.
    Layout {
        name: "in lines with spaces around each colon",
        indent: Some("  "),
        colon: " : ",
        comma: ",",
        inline_lists: true,
    },
];

/// The text with another layout, other escapes, or both; `None` if it is not JSON or the budget is used up.
pub(super) fn rewrite(
    text: &str,
    layout: Option<&Layout>,
    escapes: Option<&Escapes>,
    budget: &Budget,
) -> Option<String> {
    let limit = budget.left();
    let mut writer = Writer {
        out: String::with_capacity(text.len().min(limit)),
        layout,
        escapes,
        lists: Vec::new(),
    };
    let mut rest = text;
    while !rest.is_empty() && writer.out.len() <= limit {
        rest = writer.token(rest)?;
    }
    budget.spend(writer.out.len()).then_some(writer.out)
}

struct Writer<'a> {
    out: String,
    layout: Option<&'a Layout>,
    escapes: Option<&'a Escapes>,
    /// For each open list or object: whether it is a list.
    lists: Vec<bool>,
}

impl Writer<'_> {
    /// Writes the next token. Returns the rest.
    fn token<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if text.starts_with('"') {
            let (string, rest) = text.split_at(string_end(text)?);
            match self.escapes {
                None => self.out.push_str(string),
                Some(escapes) => self.string(string, escapes),
            }
            return Some(rest);
        }
        let Some(layout) = self.layout else {
            let end = text.find('"').unwrap_or(text.len());
            let (between, rest) = text.split_at(end);
            self.out.push_str(between);
            return Some(rest);
        };
        let mark = |character: char| "{}[],:\" \t\r\n".contains(character);
        let length = match text.find(mark) {
            Some(0) => 1,
            Some(length) => length,
            None => text.len(),
        };
        let (token, rest) = text.split_at(length);
        let rest = rest.trim_ascii_start();
        match token {
            "{" | "[" => {
                self.out.push_str(token);
                if rest.starts_with(['}', ']']) {
                    let (close, rest) = rest.split_at(1);
                    self.out
                        .push_str(if layout.inline_lists { " " } else { "" });
                    self.out.push_str(close);
                    return Some(rest);
                }
                self.lists.push(token == "[");
                self.line(layout);
            }
            "}" | "]" => {
                let list = self.lists.pop();
                match list {
                    Some(true) if layout.inline_lists => self.out.push(' '),
                    _ => self.indent(layout),
                }
                self.out.push_str(token);
            }
            "," => {
                self.out.push_str(layout.comma);
                self.line(layout);
            }
            ":" => self.out.push_str(layout.colon),
            " " | "\t" | "\r" | "\n" => {}
            _ => self.out.push_str(token),
        }
        Some(rest)
    }

    /// Writes the separator before a member or an item.
    fn line(&mut self, layout: &Layout) {
        if layout.inline_lists && self.lists.last() == Some(&true) {
            self.out.push(' ');
        } else {
            self.indent(layout);
        }
    }

    fn indent(&mut self, layout: &Layout) {
        let Some(indent) = layout.indent else {
            return;
        };
        self.out.push('\n');
        let inline = |list: &&bool| !(**list && layout.inline_lists);
        for _ in self.lists.iter().filter(inline) {
            self.out.push_str(indent);
        }
    }

    /// Writes a string, including its quotes, with other escapes.
    fn string(&mut self, string: &str, escapes: &Escapes) {
        match serde_json::from_str::<String>(string) {
            Ok(text) => {
                self.out.push('"');
                escapes.write(&mut self.out, &text);
                self.out.push('"');
            }
            // For example half of a surrogate pair, which can only be written as an escape.
            Err(_) => self.out.push_str(string),
        }
    }
}

/// The end of the string that starts here, including its quotes.
pub(super) fn string_end(text: &str) -> Option<usize> {
    let mut from = 1;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        from = at + 2;
    }
}
