//! Line ends and white space around a body.

use super::spelling::Spelling;
use crate::platform::verdict::LikelyCause;

/// Rewrites a body.
type Change = fn(&[u8]) -> Vec<u8>;

/// Changes at the ends of a body.
const ENDS: &[(LikelyCause, &str, Change)] = &[
    (
        LikelyCause::FinalLineEnd,
        "signed without the final line end, sent with it",
        |body| without_line_ends(body).to_vec(),
    ),
    (
        LikelyCause::FinalLineEnd,
        "signed with a final LF, sent with another line end",
        |body| [without_line_ends(body), b"\n"].concat(),
    ),
    (
        LikelyCause::FinalLineEnd,
        "signed with a final CRLF, sent with another line end",
        |body| [without_line_ends(body), b"\r\n"].concat(),
    ),
    (
        LikelyCause::BodyReserialised,
        "signed without the white space around it, sent with it",
        |body| body.trim_ascii().to_vec(),
    ),
    (
        LikelyCause::BodyReserialised,
        "signed without the white space at its end, sent with it",
        |body| body.trim_ascii_end().to_vec(),
    ),
    (
        LikelyCause::BodyReserialised,
        "signed without the white space at its start, sent with it",
        |body| body.trim_ascii_start().to_vec(),
    ),
];

/// Less common text before and after a body, in addition to `ENDS`.
const AROUND: &[(&str, &str)] = &[
    ("", "\n\n"),
    ("", "\r"),
    ("", "\r\n\r\n"),
    ("", " "),
    ("", "\t"),
    ("", "  "),
    ("", " \n"),
    ("", "\0"),
    (" ", ""),
    ("\n", ""),
    ("\r\n", ""),
    ("\n", "\n"),
    (" ", " "),
];

/// Changes of every line end.
const LINES: &[(&str, Change)] = &[
    ("signed with LF line ends, sent with CRLF", lf),
    ("signed with CRLF line ends, sent with LF", crlf),
    ("signed without line ends, sent with them", |body| {
        stripped(body).collect()
    }),
    (r"signed with \n in a text, sent with \r\n", |body| {
        replaced(body, br"\r\n", br"\n")
    }),
    (r"signed with \r\n in a text, sent with \n", |body| {
        let lf = replaced(body, br"\r\n", br"\n");
        replaced(&lf, br"\n", br"\r\n")
    }),
];

/// How serialisers write an absent body.
const EMPTY: &[&str] = &["{}", "null", "\"\"", "[]"];

/// The body with other line ends, at its end or within.
pub(super) fn all(body: &[u8]) -> impl Iterator<Item = Spelling> {
    let empty = EMPTY.iter().filter(|_| body.is_empty()).map(|spelled| {
        let difference = format!("signed as {spelled}, sent as an empty body");
        Spelling::new(LikelyCause::BodyReserialised, difference, *spelled)
    });
    let ends = ENDS.iter().filter(|_| !body.is_empty());
    let ends =
        ends.map(|(cause, difference, change)| Spelling::new(*cause, *difference, change(body)));
    empty.chain(ends).chain(lines(body))
}

/// The body with additional white space around it.
pub(super) fn around(body: &[u8]) -> impl Iterator<Item = Spelling> {
    let around = AROUND.iter().filter(|_| !body.is_empty());
    around.map(|(before, after)| {
        let (cause, difference) = if after.ends_with(['\r', '\n']) && before.is_empty() {
            (
                LikelyCause::FinalLineEnd,
                "signed with other line ends at its end than it was sent with",
            )
        } else {
            (
                LikelyCause::BodyReserialised,
                "signed with white space around it, sent without it",
            )
        };
        let body = [before.as_bytes(), without_line_ends(body), after.as_bytes()].concat();
        Spelling::new(cause, difference, body)
    })
}

/// The body with other line ends both within and at its end.
pub(super) fn both(body: &[u8]) -> impl Iterator<Item = Spelling> {
    lines(body).flat_map(|first| {
        ENDS.iter().map(move |(_, _, change)| {
            Spelling::new(first.cause, &*first.difference, change(&first.body))
        })
    })
}

/// The body with other line ends, if that changes it.
fn lines(body: &[u8]) -> impl Iterator<Item = Spelling> {
    let changed = LINES.iter().map(|(difference, change)| {
        Spelling::new(LikelyCause::LineEnds, *difference, change(body))
    });
    changed.filter(move |changed| changed.body != body)
}

/// The text before `curl -d @file` removed its line ends: a line end is inserted before each indentation.
pub(super) fn restored(text: &str) -> impl Iterator<Item = Spelling> {
    let difference = "signed with line ends, sent without them, as `curl -d @file` sends a file";
    let endings = with_lines(text).map(|lines| endings(&lines));
    let endings = endings.into_iter().flatten();
    endings.map(move |body| Spelling::new(LikelyCause::LineEnds, difference, body))
}

/// A text with the line ends of each system, with and without a final one.
pub(super) fn endings(text: &str) -> [Vec<u8>; 4] {
    let (lf, crlf) = (text.as_bytes(), crlf(text.as_bytes()));
    let ended = [[lf, b"\n"].concat(), [&crlf, &b"\r\n"[..]].concat()];
    let [lf_ended, crlf_ended] = ended;
    [lf.to_vec(), lf_ended, crlf, crlf_ended]
}

/// The bytes without line ends.
pub(super) fn stripped(body: &[u8]) -> impl Iterator<Item = u8> {
    let bytes = body.iter().copied();
    bytes.filter(|byte| !matches!(byte, b'\r' | b'\n'))
}

fn without_line_ends(mut body: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | b'\n'] = body {
        body = rest;
    }
    body
}

fn lf(body: &[u8]) -> Vec<u8> {
    replaced(body, b"\r\n", b"\n")
}

fn crlf(body: &[u8]) -> Vec<u8> {
    replaced(&lf(body), b"\n", b"\r\n")
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut copied = 0;
    for at in memchr::memmem::find_iter(body, from) {
        out.extend_from_slice(&body[copied..at]);
        out.extend_from_slice(to);
        copied = at + from.len();
    }
    out.extend_from_slice(&body[copied..]);
    out
}

/// Inserts line ends according to JSON's indentation; `None` if there is no indentation.
fn with_lines(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() * 2);
    // For each open list or object: whether it has lines.
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '"' => super::layouts::string_end(rest)?,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(token);
        let indented = after.starts_with("  ") || after.starts_with('\t');
        match first {
            '{' | '[' => open.push(indented),
            '}' | ']' if open.pop() == Some(true) => {
                let kept = out.trim_end_matches([' ', '\t']).len();
                out.insert(kept, '\n');
            }
            _ => {}
        }
        out.push_str(token);
        if indented && matches!(first, '{' | '[' | ',') {
            out.push('\n');
        }
        rest = after;
    }
    (out.len() > text.len()).then_some(out)
}
