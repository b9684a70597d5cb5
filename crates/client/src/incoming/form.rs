//! Forms and query strings.

use std::borrow::Cow;

use encoding_rs::Encoding;
use percent_encoding::percent_decode;
use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::charset;
use super::repairs::{Repair, Repairs};

/// The fields of a form, of a query, or of both. Every value is a string.
#[derive(Debug)]
pub struct Form {
    /// The fields. If a name is repeated, the first value counts.
    pub fields: Map<String, Value>,
    /// The repairs that were needed.
    pub repairs: Repairs,
    charset: Option<&'static Encoding>,
}

/// Decodes a name or value. `+`, `%20` and a raw space are a space. A `%` without two hexadecimal digits stays as it is.
#[must_use]
pub fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(text);
    }
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

fn pairs(form: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    form.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &pair[pair.len()..]),
        })
}

impl Form {
    pub(super) fn new(charset: Option<&'static Encoding>, repairs: Repairs) -> Self {
        Self {
            fields: Map::new(),
            repairs,
            charset,
        }
    }

    pub(super) fn read_body(&mut self, body: &[u8], names: &[&str]) {
        // Line ends around the form are not part of it.
        let end = body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
        let body = &body[..end.map_or(0, |end| end + 1)];
        let begin = body.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        let body = &body[begin.unwrap_or(0)..];
        let mut repairs = Repairs::NONE;
        let text = charset::text(body, self.charset, &mut repairs);
        if self.read_colons(&text, names) {
            self.repairs.extend(repairs);
        } else {
            self.read(body);
        }
    }

    /// Adds the fields of a form or query. Each value is decoded separately: an invalid one does not affect the others.
    pub fn read(&mut self, form: &[u8]) {
        let label = pairs(form).find(|(name, _)| *name == b"_charset_");
        if let Some(charset) = label.and_then(|(_, label)| charset::of_label(label)) {
            self.charset = Some(charset);
        }
        for (name, value) in pairs(form) {
            let name = self.text(&percent_decoded(name));
            let value = match numbers(value) {
                Some(numbers) => {
                    self.repairs.add(Repair::Plus);
                    numbers
                }
                None => self.text(&percent_decoded(value)),
            };
            self.put(&name, value);
        }
    }

    /// Reads `key:value, key:value`, as some pages of the platform's documentation show forms. Nothing is encoded, and values may contain
    /// commas and colons, so a comma ends a value only if a documented name and a colon follow. Returns false if the text does not start
    /// like this.
    fn read_colons(&mut self, text: &str, names: &[&str]) -> bool {
        let Some((mut name, mut rest)) = field(text, names) else {
            return false;
        };
        loop {
            let next = rest
                .match_indices(',')
                .find_map(|(comma, _)| Some((comma, field(rest.get(comma + 1..)?, names)?)));
            let value = rest.get(..next.map_or(rest.len(), |(comma, _)| comma));
            self.put(name, value.unwrap_or_default().trim().to_owned());
            match next {
                Some((_, (following, value))) => (name, rest) = (following, value),
                None => return true,
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) -> String {
        charset::text(bytes, self.charset, &mut self.repairs).into_owned()
    }

    fn put(&mut self, name: &str, value: String) {
        let unmarked = name.trim_start_matches('\u{feff}');
        if unmarked.len() < name.len() {
            self.repairs.add(Repair::ByteOrderMark);
        }
        match self.fields.entry(unmarked) {
            Entry::Vacant(entry) => {
                entry.insert(value.into());
            }
            Entry::Occupied(_) => self.repairs.add(Repair::EqualKeys),
        }
    }
}

/// A documented name and a colon at the start of the text, and the rest.
fn field<'t, 'n>(text: &'t str, names: &[&'n str]) -> Option<(&'n str, &'t str)> {
    let text = text.trim_start();
    names.iter().find_map(|name| {
        let after = text.strip_prefix(name)?.trim_start();
        Some((*name, after.strip_prefix(':')?))
    })
}

/// The minimum digits of a phone number. Shorter numbers are codes or ids, which have no plus.
const PHONE_DIGITS: usize = 7;

/// Restores the plus of phone numbers that were sent with an unescaped plus (decoded as a space) or with a space in its place. Applies only
/// to values that consist of numbers and their separators.
fn numbers(value: &[u8]) -> Option<String> {
    let is_part = |byte: &u8| {
        matches!(
            byte,
            b'0'..=b'9' | b'+' | b' ' | b'-' | b'(' | b')' | b',' | b';'
        )
    };
    // A shortcut: most values contain neither a plus nor a space.
    if !value.iter().any(|byte| matches!(byte, b'+' | b' ' | b'%')) {
        return None;
    }
    let unescaped: Vec<u8> = percent_decode(value).collect();
    if !unescaped.iter().all(is_part) || !unescaped.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let text = String::from_utf8(unescaped).ok()?;
    let numbers = text.split_inclusive([',', ';']).map(|number| {
        let number = number.trim_matches(' ');
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let rest = number.trim_start_matches('+');
        let is_phone_number = rest.len() < number.len() && digits >= PHONE_DIGITS;
        let plus = if is_phone_number { "+" } else { "" };
        format!("{plus}{}", rest.replace('+', " ").trim_end())
    });
    let numbers: String = numbers.collect();
    (numbers.as_bytes() != &*percent_decoded(value)).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &[u8]) -> Form {
        let mut form = Form::new(None, Repairs::NONE);
        form.read(text);
        form
    }

    #[test]
    fn a_space_may_be_raw_plus_or_percent_encoded() {
        for text in [
            "t=10:15 42&x=",
            "t=10:15+42&x=",
            "t=10%3a15%2042&x",
            "&&t=10%3A15+42&&x=&",
        ] {
            let form = form(text.as_bytes());
            assert_eq!(form.fields["t"], "10:15 42", "{text}");
            assert_eq!(form.fields["x"], "", "{text}");
            assert!(form.repairs.is_empty());
        }
    }

    #[test]
    fn names_are_decoded_and_stray_percent_signs_are_kept() {
        let form = form(b"a%5Bb%5D=100%&%E9%82%AE=%2B1%zz&c=a=b");
        assert_eq!(form.fields["a[b]"], "100%");
        assert_eq!(form.fields["邮"], "+1%zz");
        assert_eq!(form.fields["c"], "a=b");
    }

    #[test]
    fn the_first_value_of_a_repeated_name_counts() {
        let both = form(b"a=1&b=2&%61=3");
        assert_eq!(both.fields["a"], "1");
        assert_eq!(both.repairs.to_string(), "equal_keys");
        // Equal values are recorded as a repair, too.
        assert!(!form(b"a=1&b=2&%61=1").repairs.is_empty());
    }

    #[test]
    fn an_invalid_value_does_not_affect_the_others() {
        for (text, value, repair) in [
            (&b"e=%E5%AE%A2%E6%88&m=1"[..], "客\u{fffd}", "invalid_text"),
            (b"e=%E5%AE%A2%E6%8&m=1", "客\u{fffd}%8", "invalid_text"),
            (b"e=a\xff&m=1", "a\u{fffd}", "invalid_text"),
            (b"e=%D1%E9%D6%A4&m=1&_charset_=gbk", "验证", "charset"),
            (
                b"_charset_=GB18030&e=\xd1\xe9\xd6\xa4&m=1",
                "验证",
                "charset",
            ),
            (b"e=caf%E9&m=1&_charset_=iso-8859-1", "café", "charset"),
            (b"e=%CD%A8&m=1&_charset_=gbk", "通", "charset"),
            ("e=邮&m=1".as_bytes(), "邮", ""),
        ] {
            let form = form(text);
            assert_eq!(form.fields["e"], value, "{text:?}");
            assert_eq!(form.fields["m"], "1");
            assert_eq!(form.repairs.to_string(), repair);
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_name() {
        for text in ["%EF%BB%BFa=1", "%ef%bb%bf%EF%BB%BFa=1", "\u{feff}a=1"] {
            let form = form(text.as_bytes());
            assert_eq!(form.fields["a"], "1", "{text}");
            assert_eq!(form.repairs.to_string(), "byte_order_mark");
        }
    }

    #[test]
    fn an_unescaped_plus_before_a_phone_number_is_kept() {
        for (value, read, repair) in [
            ("+8615012345678", "+8615012345678", "plus"),
            ("+86+150-1234-5678", "+86 150-1234-5678", "plus"),
            (
                "+8615012345678,+8615012345679",
                "+8615012345678,+8615012345679",
                "plus",
            ),
            ("%2B8615012345678", "+8615012345678", ""),
            ("8615012345678", "8615012345678", ""),
            ("2026-11-21+10:15:42", "2026-11-21 10:15:42", ""),
            ("10123+10456", "10123 10456", ""),
            ("%208615012345678", "8615012345678", "plus"),
            (" 8615012345678 ", "8615012345678", "plus"),
            (
                "8615012345678, 8615012345679",
                "8615012345678,8615012345679",
                "plus",
            ),
            (
                "%2B8615012345678,%2B8615012345679",
                "+8615012345678,+8615012345679",
                "",
            ),
            ("+86%2F15012345678", " 86/15012345678", ""),
            ("+1", "1", "plus"),
            (" 852", "852", "plus"),
            ("+-+", " - ", ""),
            ("+1 more than 12345", " 1 more than 12345", ""),
        ] {
            let form = form(format!("p={value}").as_bytes());
            assert_eq!(form.fields["p"], read, "{value}");
            assert_eq!(form.repairs.to_string(), repair, "{value}");
        }
    }

    #[test]
    fn a_value_may_contain_colons_and_commas() {
        let names = ["messageId", "type", "content", "receiveTime", "toPhone"];
        let read = |text: &str| {
            let mut form = Form::new(None, Repairs::NONE);
            form.read_body(text.as_bytes(), &names);
            form
        };
        let form = read(
            "messageId:7,type:0,toPhone:+8613912345678, content: Hi, it costs 1+1: ok, type of thing,receiveTime:2026-11-21 10:15:42\r\n",
        );
        assert_eq!(
            form.fields["content"],
            "Hi, it costs 1+1: ok, type of thing"
        );
        assert_eq!(form.fields["toPhone"], "+8613912345678");
        assert_eq!(form.fields["receiveTime"], "2026-11-21 10:15:42");
        assert_eq!(form.fields.len(), 5);
        assert_eq!(read("messageId=7&type=0").fields["messageId"], "7");
        let twice = read("type:0,type:1");
        assert_eq!(twice.fields["type"], "0");
        assert_eq!(twice.repairs.to_string(), "equal_keys");
    }
}
