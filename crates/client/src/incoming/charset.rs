//! Converts bytes to text.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::repairs::{Repair, Repairs};

/// The charset of a content type; see [`of_label`].
pub(super) fn of_content_type(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| of_label(value.as_bytes()))?
    })
}

/// The charset of a label, if it is known and neither UTF-8 nor UTF-16. JSON and forms in UTF-16 are recognised without a label; a body
/// that is not recognised is not UTF-16.
pub(super) fn of_label(label: &[u8]) -> Option<&'static Encoding> {
    let label = label.trim_ascii();
    let label = label
        .strip_prefix(b"\"")
        .or(label.strip_prefix(b"'"))
        .unwrap_or(label);
    let label = label
        .strip_suffix(b"\"")
        .or(label.strip_suffix(b"'"))
        .unwrap_or(label);
    Encoding::for_label_no_replacement(label)
        .filter(|encoding| ![UTF_8, UTF_16LE, UTF_16BE].contains(encoding))
}

/// Removes a byte order mark, and converts UTF-16 and UTF-32 to UTF-8. These are recognised by their byte order mark, or by the zero bytes
/// in the first characters of JSON and forms.
pub(super) fn unmarked<'a>(bytes: Cow<'a, [u8]>, repairs: &mut Repairs) -> Cow<'a, [u8]> {
    let wide = match *bytes {
        [0xff, 0xfe, 0, 0, ..] | [1..=255, 0, 0, 0, ..] => Some(Wide::Utf32(u32::from_le_bytes)),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=255, ..] => Some(Wide::Utf32(u32::from_be_bytes)),
        [0xff, 0xfe, ..] | [1..=255, 0, 1..=255, 0, ..] => Some(Wide::Utf16(UTF_16LE)),
        [0xfe, 0xff, ..] | [0, 1..=255, 0, 1..=255, ..] => Some(Wide::Utf16(UTF_16BE)),
        _ => None,
    };
    let bytes = match wide {
        Some(wide) => {
            repairs.add(Repair::Charset);
            Cow::Owned(wide.decode(&bytes, repairs).into_bytes())
        }
        None => bytes,
    };
    let marks = bytes
        .chunks_exact(3)
        .take_while(|three| *three == [0xef, 0xbb, 0xbf]);
    match 3 * marks.count() {
        0 => bytes,
        length => {
            repairs.add(Repair::ByteOrderMark);
            match bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(length..).unwrap_or_default()),
                Cow::Owned(mut bytes) => Cow::Owned(bytes.split_off(length)),
            }
        }
    }
}

enum Wide {
    Utf16(&'static Encoding),
    Utf32(fn([u8; 4]) -> u32),
}

impl Wide {
    fn decode(self, bytes: &[u8], repairs: &mut Repairs) -> String {
        match self {
            Self::Utf16(encoding) => decode(bytes, encoding, repairs),
            Self::Utf32(read) => {
                let (fours, rest) = bytes.as_chunks::<4>();
                let chars = fours.iter().map(|four| char::from_u32(read(*four)));
                if !rest.is_empty() || chars.clone().any(|char| char.is_none()) {
                    repairs.add(Repair::InvalidText);
                }
                chars
                    .map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect()
            }
        }
    }
}

/// The text, if the bytes are UTF-8 whatever charset is declared.
///
/// Servers declare a single-byte charset by default, and any bytes are valid in it, so valid UTF-8 is UTF-8 then. A multi-byte charset was
/// chosen on purpose. Two characters of it may look like two-byte UTF-8, but a longer text never looks like three-byte UTF-8, which all
/// Chinese characters have.
pub(super) fn is_utf8<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Option<&'a str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let multi_byte = declared.is_some_and(|encoding| !encoding.is_single_byte());
    let ambiguous = multi_byte && !text.is_ascii() && text.chars().all(|char| char < '\u{800}');
    (!ambiguous).then_some(text)
}

/// The text of bytes without byte order mark: UTF-8, else in the declared charset, else with U+FFFD in place of invalid bytes.
pub(super) fn text<'a>(
    bytes: &'a [u8],
    declared: Option<&'static Encoding>,
    repairs: &mut Repairs,
) -> Cow<'a, str> {
    if let Some(text) = is_utf8(bytes, declared) {
        return Cow::Borrowed(text);
    }
    if let Some(encoding) = declared {
        repairs.add(Repair::Charset);
        return Cow::Owned(decode(bytes, encoding, repairs));
    }
    repairs.add(Repair::InvalidText);
    String::from_utf8_lossy(bytes)
}

/// The text in GB18030, the usual charset of Chinese systems that declare none, if the bytes are valid in it.
pub(super) fn guessed(bytes: &[u8]) -> Option<Cow<'_, str>> {
    encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes)
}

fn decode(bytes: &[u8], encoding: &'static Encoding, repairs: &mut Repairs) -> String {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    if damaged {
        repairs.add(Repair::InvalidText);
    }
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_read_from_every_notation_of_content_types() {
        for content_type in [
            "text/html;charset=GBK",
            "application/json; Charset=\"gb2312\"",
            "application/json; a=b; charset = 'gbk' ",
        ] {
            let name = of_content_type(content_type).map(Encoding::name);
            assert_eq!(name, Some("GBK"), "{content_type}");
        }
        for content_type in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json; charset=UTF8",
            "application/json; charset=",
            "application/json; charset=x-nobody-knows",
            // Such a text would be recognised by its zero bytes.
            "application/json; charset=utf-16",
            "application/json; charset=unicode",
            "charset=gbk",
        ] {
            assert_eq!(of_content_type(content_type), None, "{content_type}");
        }
    }

    #[test]
    fn byte_order_marks_are_removed_and_utf_16_and_utf_32_are_converted() {
        let utf16 = |read: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
            text.encode_utf16().flat_map(read).collect()
        };
        let utf32 = |read: fn(u32) -> [u8; 4], text: &str| -> Vec<u8> {
            text.chars().flat_map(|char| read(char.into())).collect()
        };
        for text in [
            "{\"a\":\"邮😀\"}",
            "\u{feff}{\"a\":\"邮😀\"}",
            "\u{feff}\u{feff}{\"a\":\"邮😀\"}",
        ] {
            for bytes in [
                text.as_bytes().to_vec(),
                utf16(u16::to_le_bytes, text),
                utf16(u16::to_be_bytes, text),
                utf32(u32::to_le_bytes, text),
                utf32(u32::to_be_bytes, text),
            ] {
                let mut repairs = Repairs::NONE;
                let plain = unmarked(Cow::Owned(bytes), &mut repairs);
                assert_eq!(&*plain, "{\"a\":\"邮😀\"}".as_bytes());
                assert_eq!(
                    repairs.contains(Repair::ByteOrderMark),
                    text.starts_with('\u{feff}')
                );
                assert!(!repairs.contains(Repair::InvalidText));
            }
        }
    }

    #[test]
    fn valid_utf8_overrides_single_byte_charsets_and_mostly_multi_byte_ones() {
        let gbk = of_label(b"gbk");
        let latin1 = of_label(b"iso-8859-1");
        let read = |bytes, declared| text(bytes, declared, &mut Repairs::NONE.clone()).into_owned();
        assert_eq!(read("Grüße".as_bytes(), latin1), "Grüße");
        assert_eq!(read(b"Gr\xfc\xdfe", latin1), "Grüße");
        assert_eq!(read("验证码".as_bytes(), gbk), "验证码");
        assert_eq!(read(b"\xcd\xa8", gbk), "通");
        assert_eq!(read(b"\xcd\xa8", None), "\u{368}");
        assert_eq!(read(b"a\xffb", None), "a\u{fffd}b");
    }
}
