//! JSON text written as other serialisers write it. Its names, values and their order stay.

use super::super::diagnose::Budget;
use crate::record::LikelyCause;

/// White space between the parts.
pub(super) struct Layout {
    /// Follows the word `signed`.
    pub(super) name: &'static str,
    /// One member a line, with this indentation.
    indent: Option<&'static str>,
    colon: &'static str,
    comma: &'static str,
    /// The items of a list stay in one line, with spaces inside its brackets.
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

    pub(super) fn difference(&self, cause: LikelyCause) -> String {
        let sent = match cause {
            LikelyCause::LineEnds => "without line ends, as `curl -d @file` sends a file",
            _ => "otherwise",
        };
        format!("signed {}, sent {sent}", self.name)
    }
}

pub(super) static COMPACT: &Layout = &LAYOUTS[0];

/// The layouts of usual serialisers, the most usual two first.
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
    Layout::lines("in lines that are indented by two spaces", "  "),
    Layout::lines("in lines that are indented by four spaces", "    "),
    Layout::lines("in lines that are indented by a tab", "\t"),
    Layout::lines("in lines that are indented by a space", " "),
    Layout::lines("in lines without indentation", ""),
    // Jackson.
    Layout {
        name: "in lines with spaces around each colon",
        indent: Some("  "),
        colon: " : ",
        comma: ",",
        inline_lists: true,
    },
];

/// What a serialiser escapes beyond what JSON demands.
pub(super) struct Escapes {
    /// Follows the word `with`.
    pub(super) name: &'static str,
    /// Characters of ASCII that are written as `\u` and four digits, and whether these are capitals.
    ascii: &'static str,
    capitals: bool,
    slash: Slash,
    rest: Rest,
    /// Whether the digits of what is not ASCII are capitals.
    rest_capitals: bool,
    /// Whether it is tried with keys in every order.
    pub(super) is_usual: bool,
}

#[derive(PartialEq)]
enum Slash {
    Plain,
    Escaped,
    /// Escaped in `</` only.
    AfterLess,
}

/// Which of the characters that are not ASCII are escaped.
enum Rest {
    None,
    /// U+2028 and U+2029, which are line ends in JavaScript.
    Separators,
    /// White space, and what takes two units in UTF-16.
    SpacesAndPairs,
    All,
}

const NONE: Escapes = Escapes {
    name: "no escapes but those that JSON demands",
    ascii: "",
    capitals: false,
    slash: Slash::Plain,
    rest: Rest::None,
    rest_capitals: false,
    is_usual: false,
};

/// The escapes of usual serialisers. The first one has none.
pub(super) static ESCAPES: &[Escapes] = &[
    Escapes {
        is_usual: true,
        ..NONE
    },
    Escapes {
        name: r"\u escapes in small letters for what is not ASCII, as Python writes them",
        rest: Rest::All,
        is_usual: true,
        ..NONE
    },
    Escapes {
        name: r"Gson's escapes (\u003d, \u0026, \u003c, \u003e and \u0027)",
        ascii: "<>&='",
        rest: Rest::Separators,
        is_usual: true,
        ..NONE
    },
    Escapes {
        name: r"PHP's escapes (\/ for a slash, \u for what is not ASCII)",
        slash: Slash::Escaped,
        rest: Rest::All,
        is_usual: true,
        ..NONE
    },
    Escapes {
        name: r"the escapes of PHP's JSON_UNESCAPED_UNICODE (\/ for a slash)",
        slash: Slash::Escaped,
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"the escapes of .NET (\u002B, \u0026, \u0022 and the like, in capitals)",
        ascii: "\"&'+<>`\x7f",
        capitals: true,
        rest: Rest::All,
        rest_capitals: true,
        ..NONE
    },
    Escapes {
        name: r"the escapes of .NET (\u002B, \u0026, \u0022 and the like, in capitals) but raw Unicode",
        ascii: "\"&'+<>`\x7f",
        capitals: true,
        rest: Rest::SpacesAndPairs,
        rest_capitals: true,
        ..NONE
    },
    Escapes {
        name: r"\u escapes in capitals for what is not ASCII, as Java's libraries write them",
        rest: Rest::All,
        rest_capitals: true,
        ..NONE
    },
    Escapes {
        name: r"the escapes of Go (\u003c, \u003e and \u0026)",
        ascii: "<>&",
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"\u2028 and \u2029 escaped",
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"\/ for a slash and \u escapes in capitals",
        slash: Slash::Escaped,
        rest: Rest::All,
        rest_capitals: true,
        ..NONE
    },
    Escapes {
        name: r"<\/ for </",
        slash: Slash::AfterLess,
        rest: Rest::None,
        ..NONE
    },
    Escapes {
        name: r"the escapes of Newtonsoft's EscapeHtml (\u003c, \u0022 and the like)",
        ascii: "<>&'\"",
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"the escapes of PHP's JSON_HEX flags (\u003C, \u0022 and the like, \/)",
        ascii: "<>&'\"",
        capitals: true,
        slash: Slash::Escaped,
        rest: Rest::All,
        ..NONE
    },
    Escapes {
        name: r"the escapes of PHP's JSON_HEX flags (\u003C, \u0022 and the like) but raw Unicode",
        ascii: "<>&'\"",
        capitals: true,
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"\u escapes in small letters for <, >, & and what is not ASCII",
        ascii: "<>&",
        rest: Rest::All,
        ..NONE
    },
];

impl Escapes {
    /// Whether a character is written in another way than JSON demands.
    fn changes(&self, character: char) -> bool {
        match character {
            '/' => self.slash != Slash::Plain,
            _ if character.is_ascii() => self.ascii.contains(character),
            _ => !matches!(self.rest, Rest::None),
        }
    }

    /// Writes a character of a text; `before` is the one before it.
    fn write(&self, out: &mut String, character: char, before: char) {
        let rest = match self.rest {
            _ if character.is_ascii() => false,
            Rest::None => false,
            Rest::Separators => matches!(character, '\u{2028}' | '\u{2029}'),
            Rest::SpacesAndPairs => character > '\u{ffff}' || character.is_whitespace(),
            Rest::All => true,
        };
        match character {
            _ if rest => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    push_unit(out, *unit, self.rest_capitals);
                }
            }
            _ if self.ascii.contains(character) => {
                push_unit(out, character as u32 as u16, self.capitals);
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..' ' => push_unit(out, character as u32 as u16, self.capitals),
            '/' if self.slash == Slash::Escaped
                || self.slash == Slash::AfterLess && before == '<' =>
            {
                out.push_str("\\/");
            }
            other => out.push(other),
        }
    }
}

fn push_unit(out: &mut String, unit: u16, capitals: bool) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = char::from_digit(u32::from(unit >> shift) & 15, 16).unwrap_or('0');
        out.push(if capitals {
            digit.to_ascii_uppercase()
        } else {
            digit
        });
    }
}

/// The escapes that make a difference in a text, each difference once; none if it is no JSON.
pub(super) fn distinct(text: &str, budget: &Budget) -> Vec<&'static Escapes> {
    let Some(plain) = rewrite(text, None, Some(&NONE), budget) else {
        return Vec::new();
    };
    let sample = sample(&plain);
    let mut seen = Vec::new();
    let mut distinct = Vec::new();
    for escapes in ESCAPES {
        let mut effect = String::new();
        let mut before = ' ';
        for character in sample.iter().copied() {
            escapes.write(&mut effect, character, before);
            before = character;
        }
        if !seen.contains(&effect) {
            seen.push(effect);
            distinct.push(escapes);
        }
    }
    distinct
}

/// Characters of a text that some serialiser escapes: of each kind one.
fn sample(plain: &str) -> Vec<char> {
    let mut sample = Vec::new();
    let letters = |character: char| {
        let hex = character as u32;
        (0..4).any(|digit| hex >> (4 * digit) & 15 > 9)
    };
    let alike = |one: char, other: char| {
        let kind = |character: char| {
            let separator = matches!(character, '\u{2028}' | '\u{2029}');
            (
                character.is_ascii().then_some(character),
                separator,
                character.is_whitespace(),
                character > '\u{ffff}',
                letters(character),
            )
        };
        kind(one) == kind(other)
    };
    let mut before = ' ';
    for character in plain.chars() {
        let closing = before == '<' && character == '/';
        let marked = !character.is_ascii_alphanumeric() && !matches!(character, ' ' | ',' | ':');
        if closing && !sample.ends_with(&['<', '/']) {
            sample.extend(['<', '/']);
        } else if marked && !sample.iter().any(|known| alike(*known, character)) {
            // A slash after the `<` of the sample would count as one of the text's own.
            sample.extend([' ', character]);
        }
        before = character;
    }
    sample
}

/// What the escapes of a text are called.
pub(super) fn escapes_of(text: &str, budget: &Budget) -> &'static str {
    let writes = |escapes: &&Escapes| {
        rewrite(text, None, Some(escapes), budget).is_some_and(|written| written == text)
    };
    ESCAPES
        .iter()
        .find(writes)
        .map_or("other escapes", |escapes| escapes.name)
}

/// The text in another layout, with other escapes, or both; `None` if it is no JSON or the budget is used up.
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
    /// For each open list or object, whether it is a list.
    lists: Vec<bool>,
}

impl Writer<'_> {
    /// Writes the next token; what follows it comes back.
    fn token<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if text.starts_with('"') {
            let (string, rest) = text.split_at(string_end(text)?);
            match self.escapes {
                None => self.out.push_str(string),
                Some(escapes) => self.string(string, escapes)?,
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

    /// What stands before a member or an item.
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

    /// Writes a text, whose quotes belong to it, with other escapes.
    fn string(&mut self, string: &str, escapes: &Escapes) -> Option<()> {
        let mut rest = string.strip_prefix('"')?.strip_suffix('"')?;
        self.out.push('"');
        loop {
            let marked = |character: char| character == '\\' || escapes.changes(character);
            let plain = rest.find(marked).unwrap_or(rest.len());
            let (run, after) = rest.split_at(plain);
            self.out.push_str(run);
            let mut characters = after.chars();
            let Some(mut character) = characters.next() else {
                break;
            };
            rest = characters.as_str();
            if character == '\\' {
                let escape = unescape(rest)?;
                rest = escape.rest;
                let Some(meant) = escape.character else {
                    // Half of a pair, which only an escape can write.
                    self.out.push_str(&after[..after.len() - rest.len()]);
                    continue;
                };
                character = meant;
            }
            let before = self.out.chars().next_back().unwrap_or('"');
            escapes.write(&mut self.out, character, before);
        }
        self.out.push('"');
        Some(())
    }
}

struct Unescaped<'t> {
    /// `None` for half of a pair.
    character: Option<char>,
    rest: &'t str,
}

/// The character that is meant by what follows a backslash.
fn unescape(text: &str) -> Option<Unescaped<'_>> {
    let (kind, rest) = text.split_at_checked(1)?;
    let character = match kind {
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "b" => '\u{8}',
        "f" => '\u{c}',
        "\"" | "\\" | "/" => kind.chars().next()?,
        "u" => return unescape_units(rest),
        _ => return None,
    };
    Some(Unescaped {
        character: Some(character),
        rest,
    })
}

fn unescape_units(text: &str) -> Option<Unescaped<'_>> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let (first, rest) = (unit(text)?, text.get(4..)?);
    let second = rest.strip_prefix("\\u").and_then(unit);
    let alone = char::decode_utf16([first]).next()?.ok();
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    Some(match alone {
        Some(character) => Unescaped {
            character: Some(character),
            rest,
        },
        None => Unescaped {
            character: pair,
            rest: if pair.is_some() { rest.get(6..)? } else { rest },
        },
    })
}

/// Where the text that begins here ends, quotes included.
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
