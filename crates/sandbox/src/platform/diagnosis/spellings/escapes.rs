//! What serialisers escape in texts.

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

pub(super) const NONE: Escapes = Escapes {
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
        ascii: "\x7f",
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
    Escapes {
        name: r"\u escapes in small letters for what is not ASCII",
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
        name: r"the escapes of Python's ujson (\u003c, \u003e, \u0026, \/ and what is not ASCII)",
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
        ..NONE
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
    /// Whether a character is written in another way than JSON demands.
    pub(super) fn changes(&self, character: char) -> bool {
        match character {
            '/' => self.slash != Slash::Plain,
            _ if character.is_ascii() => self.ascii.contains(character),
            _ => !matches!(self.rest, Rest::None),
        }
    }

    /// Writes a character of a text; `before` is the one before it.
    pub(super) fn write(&self, out: &mut String, character: char, before: char) {
        let rest = match self.rest {
            _ if character.is_ascii() => false,
            Rest::None => false,
            Rest::Separators => matches!(character, '\u{2028}' | '\u{2029}'),
            Rest::SpacesAndPairs => character > '\u{ffff}' || character.is_whitespace(),
            Rest::All => true,
        };
        match character {
            _ if rest => push_escape(out, character, self.rest_capitals),
            _ if self.ascii.contains(character) => push_escape(out, character, self.capitals),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..' ' => push_escape(out, character, self.capitals),
            '/' if self.slash == Slash::Escaped
                || self.slash == Slash::AfterLess && before == '<' =>
            {
                out.push_str("\\/");
            }
            other => out.push(other),
        }
    }
}

/// Writes a character as `\u` and four digits, or as two of these.
fn push_escape(out: &mut String, character: char, capitals: bool) {
    let mut units = [0; 2];
    for unit in character.encode_utf16(&mut units) {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            let digit = char::from_digit(u32::from(*unit >> shift) & 15, 16).unwrap_or('0');
            out.push(if capitals {
                digit.to_ascii_uppercase()
            } else {
                digit
            });
        }
    }
}
