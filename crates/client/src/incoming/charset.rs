//! From bytes to text.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::repairs::{Repair, Repairs};

/// The charset that a content type names, as [`of_label`] takes it.
pub(super) fn of_content_type(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| of_label(value.as_bytes()))?
    })
}

/// The charset of a label, if it is known and another one than UTF-8. Nor is it UTF-16: JSON and forms in that are recognised without
/// a label, and nothing else can be.
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

/// The bytes without byte order mark, UTF-16 and UTF-32 as UTF-8. A mark says the charset; so do the zeros that the first
/// characters of JSON and of a form have there, mark or not.
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

/// Whether another charset is declared than the bytes are in: then what is valid UTF-8 is UTF-8.
///
/// A single-byte charset is declared by servers where nobody chose one, and takes any bytes. One of several bytes was chosen; two
/// letters of it may look like UTF-8 of two bytes, but never a longer text like one of three, which all of Chinese takes.
pub(super) fn is_utf8<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Option<&'a str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let chosen = declared.is_some_and(|encoding| !encoding.is_single_byte());
    let in_doubt = chosen && !text.is_ascii() && text.chars().all(|char| char < '\u{800}');
    (!in_doubt).then_some(text)
}

/// The text of bytes that have no mark: UTF-8, else in the declared charset, else with U+FFFD for what is no text.
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

/// The text in the charset that Chinese systems use when they name none, if it is text there.
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
    fn charsets_are_found_in_content_types_however_they_are_written() {
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
            // Its text would have been recognised by its zeros.
            "application/json; charset=utf-16",
            "application/json; charset=unicode",
            "charset=gbk",
        ] {
            assert_eq!(of_content_type(content_type), None, "{content_type}");
        }
    }

    #[test]
    fn marks_are_skipped_and_wide_text_is_narrowed() {
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
    fn valid_utf8_wins_against_a_default_and_a_chosen_charset_against_two_letters() {
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
