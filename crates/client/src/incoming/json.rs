//! Repairs strings and numbers in JSON text. The structure is not repaired; serde_json checks it.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::CharIndices;

use super::repairs::{Repair, Repairs};

/// serde_json fails at this depth.
const DEPTH: usize = 128;

/// The number of digits that survive a conversion to a 64-bit float and back.
const EXACT_DIGITS: usize = 15;

/// Whether the text contains so many consecutive digits, outside quotes and words, that a number may lose some.
pub(super) fn has_long_number(json: &[u8]) -> bool {
    let (mut run, mut bare, mut before) = (0, false, b' ');
    json.iter().any(|byte| {
        if matches!(byte, b'0'..=b'9' | b'.') {
            if run == 0 {
                bare = matches!(
                    before,
                    b' ' | b'\t' | b'\n' | b'\r' | b':' | b',' | b'[' | b'-'
                );
            }
            run += 1;
        } else {
            run = 0;
        }
        before = *byte;
        bare && run > EXACT_DIGITS
    })
}

/// Whether lists and objects are nested too deeply. Called after reading has failed: serde_json reports depth only in its error text.
pub(super) fn is_deep(text: &str) -> bool {
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

/// Rewrites everything that a strict reader would reject or lose as valid JSON.
pub(super) fn repair(text: &str, repairs: &mut Repairs) -> String {
    let mut writer = Writer {
        text,
        rest: text.char_indices().peekable(),
        out: String::with_capacity(text.len() + 16),
        repairs,
    };
    while let Some((at, char)) = writer.rest.next() {
        match char {
            '"' => writer.string(),
            '-' | '+' | '.' | '0'..='9' | 'N' | 'I' => writer.number(at),
            '\t' | '\n' | '\r' => writer.out.push(char),
            '\u{feff}' => writer.blank(Repair::ByteOrderMark),
            _ if char.is_control() || (char.is_whitespace() && char != ' ') => {
                writer.blank(Repair::ControlCharacter);
            }
            _ => writer.out.push(char),
        }
    }
    writer.out
}

struct Writer<'a, 'r> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    out: String,
    repairs: &'r mut Repairs,
}

impl Writer<'_, '_> {
    /// Writes a space in place of white space that JSON does not allow.
    fn blank(&mut self, repair: Repair) {
        self.repairs.add(repair);
        self.out.push(' ');
    }

    /// A string, from after its opening quote.
    fn string(&mut self) {
        self.out.push('"');
        while let Some((_, char)) = self.rest.next() {
            match char {
                '"' => return self.out.push('"'),
                '\\' => self.escape(),
                _ => self.put(char),
            }
        }
    }

    fn put(&mut self, char: char) {
        if char < ' ' {
            self.repairs.add(Repair::ControlCharacter);
            let _ = write!(self.out, "\\u{:04x}", u32::from(char));
        } else {
            self.out.push(char);
        }
    }

    /// An escape, from after its backslash.
    fn escape(&mut self) {
        match self.rest.peek().copied() {
            Some((_, char @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't'))) => {
                self.rest.next();
                self.out.extend(['\\', char]);
            }
            Some((at, 'u')) => {
                self.rest.next();
                self.unicode(at + 1);
            }
            // Drop only the backslash; the next character is handled like any other.
            _ => self.repairs.add(Repair::Escape),
        }
    }

    /// A `\u` escape, whose digits start at `at`.
    fn unicode(&mut self, at: usize) {
        let Some(first) = self.unit(at) else {
            self.repairs.add(Repair::Escape);
            return self.out.push(char::REPLACEMENT_CHARACTER);
        };
        self.skip(4);
        let second = || {
            let after = self.text.get(at + 4..)?;
            after.strip_prefix("\\u")?;
            self.unit(at + 6)
        };
        match first {
            0xd800..=0xdbff if second().is_some_and(|unit| (0xdc00..=0xdfff).contains(&unit)) => {
                self.skip(6);
                self.out.push_str("\\u");
                self.out
                    .push_str(self.text.get(at..at + 10).unwrap_or_default());
            }
            0xd800..=0xdfff => {
                self.repairs.add(Repair::Surrogate);
                self.out.push(char::REPLACEMENT_CHARACTER);
            }
            _ => {
                self.out.push_str("\\u");
                self.out
                    .push_str(self.text.get(at..at + 4).unwrap_or_default());
            }
        }
    }

    /// The four hexadecimal digits at `at`.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 4)?;
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
    }

    fn skip(&mut self, chars: usize) {
        self.rest.by_ref().take(chars).for_each(drop);
    }

    /// A number, whose first character was at `at`, or `NaN` or `Infinity`, which some servers send.
    fn number(&mut self, at: usize) {
        let mut end = at + 1;
        while let Some((next, _)) = self
            .rest
            .next_if(|(_, char)| char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.'))
        {
            end = next + 1;
        }
        let token = self.text.get(at..end).unwrap_or_default();
        let is_digit = |char| matches!(char, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
        if matches!(token, "NaN" | "Infinity" | "-Infinity") {
            self.repairs.add(Repair::Number);
            self.out.push_str("null");
        } else if is_exact(token) || !token.chars().all(is_digit) {
            self.out.push_str(token);
        } else {
            self.repairs.add(Repair::Number);
            self.out.extend(["\"", token, "\""]);
        }
    }
}

/// Whether a token is a JSON number that 64 bits can hold without losing digits.
fn is_exact(token: &str) -> bool {
    let Ok(number) = token.parse::<serde_json::Number>() else {
        return false;
    };
    if token
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        return number.is_i64() || number.is_u64() || token == "-0";
    }
    // No digit is lost if the shortest notation of the float has the same digits. serde_json may be off by the last bit.
    let (digits, kept) = match number.as_f64() {
        Some(float) if float.is_finite() => (significant(token), format!("{float:e}")),
        _ => return false,
    };
    digits == significant(&kept)
}

/// The significant digits of a number, without sign, point, exponent, leading and trailing zeros.
fn significant(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> (String, String) {
        let mut repairs = Repairs::NONE;
        (repair(text, &mut repairs), repairs.to_string())
    }

    #[test]
    fn valid_json_is_not_changed() {
        for text in [
            r#"{"a":[1,-2.5,1e3,true,null,"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"]}"#,
            "",
            "  [ ]\r\n\t",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "-0",
            "0.0350",
            "123456789012345.5",
        ] {
            assert_eq!(repaired(text), (text.to_owned(), String::new()), "{text}");
        }
    }

    #[test]
    fn strings_and_numbers_are_repaired_and_recorded() {
        for (text, expected, repair) in [
            (
                "\"a\n\tb\0\"",
                r#""a\u000a\u0009b\u0000""#,
                "control_character",
            ),
            (r#""x\ud83d""#, "\"x\u{fffd}\"", "surrogate"),
            (
                r#""\ud83d\u0041\ude00""#,
                "\"\u{fffd}\\u0041\u{fffd}\"",
                "surrogate",
            ),
            (
                r#""\ud83d\ud83d\ude00""#,
                "\"\u{fffd}\\ud83d\\ude00\"",
                "surrogate",
            ),
            (r#""it\'s \x""#, r#""it's x""#, "escape"),
            (r#""\u12é""#, "\"\u{fffd}12é\"", "escape"),
            (
                "1234567890123456789012",
                "\"1234567890123456789012\"",
                "number",
            ),
            (
                "[-9223372036854775809]",
                "[\"-9223372036854775809\"]",
                "number",
            ),
            ("1e400", "\"1e400\"", "number"),
            ("[NaN,-Infinity]", "[null,null]", "number"),
            (
                "0.12345678901234567890",
                "\"0.12345678901234567890\"",
                "number",
            ),
            ("007", "\"007\"", "number"),
            ("\u{feff}{}", " {}", "byte_order_mark"),
            ("\0{}\u{a0}", " {} ", "control_character"),
        ] {
            assert_eq!(
                repaired(text),
                (expected.to_owned(), repair.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn structure_is_not_repaired() {
        for text in [
            "{\"a\":1",
            "{\"a\":\"b",
            "{a:1}",
            "[1,]",
            "[None]",
            "[NaNa]",
            "[1NaN]",
            "[12null]",
            "\"\\",
            "\"\\u",
            "{}}",
        ] {
            let (text, _) = repaired(text);
            assert!(
                serde_json::from_str::<serde_json::Value>(&text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_long_run_of_digits_is_found_where_a_number_may_be() {
        for long in [
            "1234567890123456",
            "[0.12345678901234]",
            "{\"a\": -1234567890123456}",
            "[1,1234567890123456e2]",
        ] {
            assert!(has_long_number(long.as_bytes()), "{long}");
        }
        for short in [
            "[123456789012345,0.1234567890123]",
            "{\"a\":\"1234567890123456\",\"b1234567890123456\":0.5}",
        ] {
            assert!(!has_long_number(short.as_bytes()), "{short}");
        }
    }
}
