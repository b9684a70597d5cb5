//! The escapes of common serialisers.

/// The characters that a serialiser escapes beyond those that JSON requires.
pub(super) struct Escapes {
    /// Used after the word `with`.
    pub(super) name: &'static str,
    /// ASCII characters that are written as `\u` and four digits, and whether the digits are uppercase.
    ascii: &'static str,
    capitals: bool,
    slash: Slash,
    rest: Rest,
}

/// This many of the first [`ESCAPES`] are tried with keys in every order.
pub(super) const USUAL: usize = 4;

enum Slash {
    Plain,
    Escaped,
    /// Escaped in `</` only.
    AfterLess,
}

/// Which non-ASCII characters are escaped.
enum Rest {
    None,
    /// U+2028 and U+2029, which are line ends in JavaScript.
    Separators,
    /// White space and characters of two UTF-16 units, in uppercase digits.
    SpacesAndPairs,
    All,
    AllInCapitals,
}

const NONE: Escapes = Escapes {
    name: "only the escapes that JSON requires",
    ascii: "",
    capitals: false,
    slash: Slash::Plain,
    rest: Rest::None,
};

/// The escapes of common serialisers. The first entry has none.
pub(super) static ESCAPES: &[Escapes] = &[
    NONE,
    Escapes {
        name: r"lowercase \u escapes for all non-ASCII characters, as in Python",
        ascii: "\x7f",
        rest: Rest::All,
        ..NONE
    },
    Escapes {
        name: r"Gson's escapes (\u003d, \u0026, \u003c, \u003e and \u0027)",
        ascii: "<>&='",
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"PHP's escapes (\/ for a slash, \u for all non-ASCII characters)",
        slash: Slash::Escaped,
        rest: Rest::All,
        ..NONE
    },
    Escapes {
        name: r"the escapes of PHP's JSON_UNESCAPED_UNICODE (\/ for a slash)",
        slash: Slash::Escaped,
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"the escapes of .NET (\u002B, \u0026, \u0022 and similar, uppercase)",
        ascii: "\"&'+<>`\x7f",
        capitals: true,
        rest: Rest::AllInCapitals,
        ..NONE
    },
    Escapes {
        name: r"the escapes of .NET (\u002B, \u0026, \u0022 and similar, uppercase) but raw Unicode",
        ascii: "\"&'+<>`\x7f",
        capitals: true,
        rest: Rest::SpacesAndPairs,
        ..NONE
    },
    Escapes {
        name: r"uppercase \u escapes for all non-ASCII characters, as in Java's libraries",
        rest: Rest::AllInCapitals,
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
        name: r"\/ for a slash and uppercase \u escapes",
        slash: Slash::Escaped,
        rest: Rest::AllInCapitals,
        ..NONE
    },
    Escapes {
        name: r"<\/ for </",
        slash: Slash::AfterLess,
        ..NONE
    },
    Escapes {
        name: r"the escapes of Newtonsoft's EscapeHtml (\u003c, \u0022 and similar)",
        ascii: "<>&'\"",
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"the escapes of PHP's JSON_HEX flags (\u003C, \u0022 and similar, \/)",
        ascii: "<>&'\"",
        capitals: true,
        slash: Slash::Escaped,
        rest: Rest::All,
    },
    Escapes {
        name: r"the escapes of PHP's JSON_HEX flags (\u003C, \u0022 and similar) but raw Unicode",
        ascii: "<>&'\"",
        capitals: true,
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"lowercase \u escapes for <, >, & and all non-ASCII characters",
        ascii: "<>&",
        rest: Rest::All,
        ..NONE
    },
    Escapes {
        name: r"lowercase \u escapes for all non-ASCII characters",
        rest: Rest::All,
        ..NONE
    },
    Escapes {
        name: r"the escapes of .NET's JavaScriptSerializer (\u003c, \u003e, \u0026 and \u0027)",
        ascii: "<>&'",
        rest: Rest::Separators,
        ..NONE
    },
    Escapes {
        name: r"the escapes of Python's ujson (\u003c, \u003e, \u0026, \/ and all non-ASCII characters)",
        ascii: "<>&",
        slash: Slash::Escaped,
        rest: Rest::All,
        ..NONE
    },
    Escapes {
        name: r"the escapes of PHP's JSON_HEX_TAG (\u003C and \u003E, \/)",
        ascii: "<>",
        capitals: true,
        slash: Slash::Escaped,
        rest: Rest::All,
    },
    Escapes {
        name: r"the escapes of PHP's JSON_HEX_TAG (\u003C and \u003E) but raw Unicode",
        ascii: "<>",
        capitals: true,
        rest: Rest::Separators,
        ..NONE
    },
];

impl Escapes {
    /// Writes a string.
    pub(super) fn write(&self, out: &mut String, text: &str) {
        let mut before = '"';
        for character in text.chars() {
            self.write_one(out, character, before);
            before = character;
        }
    }

    fn write_one(&self, out: &mut String, character: char, before: char) {
        let is_escaped = match self.rest {
            _ if character.is_ascii() => self.ascii.contains(character),
            Rest::None => false,
            Rest::Separators => matches!(character, '\u{2028}' | '\u{2029}'),
            Rest::SpacesAndPairs => character > '\u{ffff}' || character.is_whitespace(),
            Rest::All | Rest::AllInCapitals => true,
        };
        let is_slash_escaped = match self.slash {
            Slash::Plain => false,
            Slash::Escaped => true,
            Slash::AfterLess => before == '<',
        };
        match character {
            _ if is_escaped => self.push_escape(out, character),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..' ' => self.push_escape(out, character),
            '/' if is_slash_escaped => out.push_str("\\/"),
            other => out.push(other),
        }
    }

    /// Writes a character as one or two `\u` escapes.
    fn push_escape(&self, out: &mut String, character: char) {
        let capitals = if character.is_ascii() {
            self.capitals
        } else {
            matches!(self.rest, Rest::SpacesAndPairs | Rest::AllInCapitals)
        };
        for unit in character.encode_utf16(&mut [0; 2]) {
            *out += &if capitals {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            };
        }
    }
}
