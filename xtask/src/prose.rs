//! Escapes the texts of specs for documentation, so that nothing in them becomes a doctest, a link, a tag or a heading.

/// Languages of a fenced example that rustdoc does not compile.
const LANGUAGES: [&str; 8] = [
    "bash", "console", "http", "json", "sh", "text", "xml", "yaml",
];

/// Text for rustdoc and READMEs. Code spans, lists, fenced examples and `<https://…>` keep their meaning; other markup is escaped.
#[must_use]
pub fn doc_text(text: &str) -> String {
    let text = printable(text.trim());
    let mut lines: Vec<String> = Vec::new();
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let start = line.trim_start_matches(' ');
        // Four spaces would start a block of code, which rustdoc compiles.
        let indent = " ".repeat((line.len() - start.len()).min(3));
        let fence = fence(start);
        match (open, fence) {
            (Some((char, count)), Some((other, length, "")))
                if char == other && length >= count =>
            {
                lines.push(line.to_owned());
                open = None;
            }
            (Some(_), _) => lines.push(line.to_owned()),
            (None, Some((char, count, language))) => {
                let known = LANGUAGES.contains(&language);
                let language = if known { language } else { "text" };
                lines.push(format!(
                    "{indent}{}{language}",
                    char.to_string().repeat(count)
                ));
                open = Some((char, count));
            }
            (None, None) => lines.push(format!("{indent}{}", block(start))),
        }
    }
    if let Some((char, count)) = open {
        lines.push(char.to_string().repeat(count));
    }
    lines.join("\n")
}

/// Removes characters that a comment cannot contain, and those that change the direction of text.
fn printable(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\t'], " ");
    let is_printable = |c: &char| {
        let is_direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        *c == '\n' || !(c.is_control() || is_direction)
    };
    text.chars().filter(is_printable).collect()
}

/// The character, the length and the language of a line that opens or closes a fenced example.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let char = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(char);
    let count = line.len() - rest.len();
    // With a further backtick on the line, it is a code span.
    (count >= 3 && !(char == '`' && rest.contains('`'))).then(|| (char, count, rest.trim()))
}

/// A line without its indent. Escapes the start of a block, except for list marks.
fn block(line: &str) -> String {
    let content = line.trim_end();
    let level = content.len() - content.trim_start_matches('#').len();
    let heading =
        (1..=6).contains(&level) && matches!(content.as_bytes().get(level), None | Some(b' '));
    let is_rule =
        |mark: char| !content.is_empty() && content.chars().all(|c| c == mark || c == ' ');
    if heading || ['=', '-', '*', '_'].into_iter().any(is_rule) {
        return format!("\\{}", inline(line));
    }
    if let Some((mark, rest)) = list_mark(line) {
        let rest = rest.trim_start();
        // A fence after a list mark. One of backticks is escaped as an unclosed code span.
        let escape = if rest.starts_with("~~~") { "\\" } else { "" };
        return format!("{mark} {escape}{}", block(rest));
    }
    inline(line)
}

/// The mark of a list entry, and the rest of the line.
fn list_mark(line: &str) -> Option<(&str, &str)> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (allowed, end): (&[u8], usize) = match digits {
        0 => (b"-*+", 1),
        1..=9 => (b".)", digits + 1),
        _ => return None,
    };
    let last = line.as_bytes().get(end - 1)?;
    (allowed.contains(last) && line.as_bytes().get(end) == Some(&b' ')).then(|| line.split_at(end))
}

/// Escapes brackets, tags, and backticks that are not closed on their line.
fn inline(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches('`').len();
        let length = if run > 0 {
            let span = code_span(rest, run);
            match span {
                Some(end) => out.push_str(&rest[..end]),
                None => out.push_str(&"\\`".repeat(run)),
            }
            span.unwrap_or(run)
        } else if let Some(end) = link(rest) {
            out.push_str(&rest[..end]);
            end
        } else if let Some(end) = address(rest) {
            out.push_str(&format!("<{}>", &rest[..end]));
            end
        } else {
            let next = rest.chars().nth(1);
            let escaped = matches!(first, '[' | ']' | '<' | '>')
                || (first == '\\' && next.is_none_or(|next| next.is_ascii_punctuation()));
            if escaped {
                out.push('\\');
            }
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// The end of a code span that starts with a run of backticks.
fn code_span(text: &str, run: usize) -> Option<usize> {
    let mut at = run;
    while let Some(offset) = text[at..].find('`') {
        let start = at + offset;
        let length = text[start..].len() - text[start..].trim_start_matches('`').len();
        at = start + length;
        if length == run {
            return Some(at);
        }
    }
    None
}

/// The end of `<https://…>` at the start of a text.
fn link(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let end = address(inner)?;
    inner[end..].starts_with('>').then_some(end + 2)
}

/// The end of a URL at the start of a text, without punctuation after it.
fn address(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let end = text[..end]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\''])
        .len();
    (end > scheme.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_not_read_as_markup() {
        for (text, escaped) in [
            ("a [b] `[c]` <d>", "a \\[b\\] `[c]` \\<d\\>"),
            ("see <https://x.example>", "see <https://x.example>"),
            ("see https://x.example/a.", "see <https://x.example/a>."),
            ("see <http or [this]", "see \\<http or \\[this\\]"),
            ("one ` only [a]", "one \\` only \\[a\\]"),
            ("``a ` [b]`` [c]", "``a ` [b]`` \\[c\\]"),
            ("# Errors", "\\# Errors"),
            ("a\n---", "a\n\\---"),
            ("a\n===", "a\n\\==="),
            ("- a\n-      b", "- a\n- b"),
            ("\\[a]", "\\\\\\[a\\]"),
            ("a\u{202e}b\rc\u{7}", "ab c"),
            ("> a", "\\> a"),
        ] {
            assert_eq!(doc_text(text), escaped, "{text}");
        }
    }

    #[test]
    fn examples_do_not_become_doctests() {
        for (text, escaped) in [
            ("A.\n\n    let x = 1;", "A.\n\n   let x = 1;"),
            ("A.\n\n\tlet x = 1;", "A.\n\n let x = 1;"),
            ("A.\n```\nx[0]\n```\n[b]", "A.\n```text\nx[0]\n```\n\\[b\\]"),
            ("A.\n```rust,no_run\nx\n```", "A.\n```text\nx\n```"),
            ("A.\n```json\n{}\n```", "A.\n```json\n{}\n```"),
            ("A.\n~~~\nx", "A.\n~~~text\nx\n~~~"),
            ("- ```\n  x", "- \\`\\`\\`\n  x"),
            ("- ~~~\n  x", "- \\~~~\n  x"),
        ] {
            assert_eq!(doc_text(text), escaped, "{text}");
        }
    }
}
