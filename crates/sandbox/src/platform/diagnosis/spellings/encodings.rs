//! The body with or without byte order mark, charset and compression.

use std::io::Read;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_15, KOI8_R, SHIFT_JIS, UTF_16BE,
    UTF_16LE, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
    WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use flate2::read::{DeflateDecoder, DeflateEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use super::spelling::Spelling;
use crate::platform::diagnosis::Budget;
use crate::platform::verdict::LikelyCause;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Charsets other than UTF-8, likely ones first.
const CHARSETS: [(&str, &Encoding); 5] = [
    ("GBK", GBK),
    ("Latin-1", WINDOWS_1252),
    ("Big5", BIG5),
    ("Shift_JIS", SHIFT_JIS),
    ("EUC-KR", EUC_KR),
];

/// Less likely charsets. They are tried only for small bodies and without any other difference.
const RARE_CHARSETS: [&Encoding; 13] = [
    WINDOWS_1251,
    KOI8_R,
    ISO_8859_15,
    WINDOWS_1250,
    WINDOWS_1254,
    WINDOWS_1253,
    WINDOWS_1256,
    WINDOWS_1255,
    WINDOWS_874,
    WINDOWS_1258,
    WINDOWS_1257,
    EUC_JP,
    GB18030,
];

/// Compressing six times costs about as much as hashing the body this many times.
const COST_OF_COMPRESSION: usize = 100;
/// Converting a text to another charset costs about as much as hashing it this many times.
const COST_OF_CHARSET: usize = 4;
/// Levels of common compressors.
const LEVELS: [u32; 3] = [6, 9, 1];
/// The operating system in gzip's header: unknown, Unix, FAT, NTFS.
const SYSTEMS: [u8; 4] = [255, 3, 0, 10];

/// Decoded forms of the body that was sent.
pub(super) fn decoded(body: &[u8], budget: &Budget) -> Vec<Spelling> {
    if let Some(bytes) = body.strip_prefix(MARK) {
        let difference = "signed without a byte order mark, sent with one";
        return vec![Spelling::new(LikelyCause::ByteOrderMark, difference, bytes)];
    }
    let utf_16 = match Encoding::for_bom(body) {
        Some((encoding, mark)) => Some((encoding, mark, "")),
        None => unmarked_utf_16(body).map(|encoding| (encoding, 0, " without a byte order mark")),
    };
    if let Some((encoding, mark, unmarked)) = utf_16 {
        let text = encoding.decode_without_bom_handling(&body[mark..]).0;
        let difference = format!("signed in UTF-8, sent in {}{unmarked}", encoding.name());
        return vec![Spelling::new(LikelyCause::Charset, difference, &*text)];
    }
    if std::str::from_utf8(body).is_ok() {
        return Vec::new();
    }
    if let Some((name, bytes)) = decompressed(body, budget.left()) {
        let difference = format!("signed before compression, sent as {name}");
        return vec![Spelling::new(LikelyCause::Compression, difference, bytes)];
    }
    let charsets = CHARSETS.into_iter().filter_map(|(name, charset)| {
        let text = charset.decode_without_bom_handling_and_without_replacement(body)?;
        let difference = format!("signed in UTF-8, sent in {name}");
        let affordable = budget.spend(text.len());
        affordable.then(|| Spelling::new(LikelyCause::Charset, difference, &*text))
    });
    charsets.collect()
}

/// UTF-16 without a byte order mark, recognised by the first character of JSON.
fn unmarked_utf_16(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [b'{' | b'[', 0, ..] => Some(UTF_16LE),
        [0, b'{' | b'[', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The decompressed body, up to this many bytes.
fn decompressed(body: &[u8], limit: usize) -> Option<(&'static str, Vec<u8>)> {
    let decoders: [(&str, Box<dyn Read + '_>); 3] = [
        ("gzip", Box::new(MultiGzDecoder::new(body))),
        ("deflate", Box::new(ZlibDecoder::new(body))),
        ("raw deflate", Box::new(DeflateDecoder::new(body))),
    ];
    decoders.into_iter().find_map(|(name, decoder)| {
        let mut bytes = Vec::new();
        let limit = u64::try_from(limit).ok()?;
        decoder.take(limit).read_to_end(&mut bytes).ok()?;
        (!bytes.is_empty()).then_some((name, bytes))
    })
}

/// Writes a text in another charset than UTF-8.
type Encode = fn(&str) -> Vec<u8>;

/// Typical output of languages that do not know a text's charset.
const PLAIN: [(&str, Encode); 3] = [
    ("signed in ISO-8859-1, sent in UTF-8", |text| {
        let byte = |character| u8::try_from(character).unwrap_or(b'?');
        text.chars().map(byte).collect()
    }),
    (
        "signed in ASCII, with question marks for other characters, sent in UTF-8",
        |text| {
            let ascii = |character: char| character.is_ascii().then_some(character);
            let ascii = text
                .chars()
                .map(|character| ascii(character).unwrap_or('?'));
            ascii.collect::<String>().into_bytes()
        },
    ),
    (
        "signed in UTF-8 twice over, as if each byte were a character, sent in UTF-8",
        |text| {
            text.bytes()
                .map(char::from)
                .collect::<String>()
                .into_bytes()
        },
    ),
];

/// The text with a byte order mark, and in other charsets.
pub(super) fn encoded(text: &str, budget: &Budget) -> impl Iterator<Item = Spelling> {
    let marked = std::iter::once_with(move || {
        let difference = "signed with a byte order mark, sent without one";
        let body = [MARK, text.as_bytes()].concat();
        Spelling::new(LikelyCause::ByteOrderMark, difference, body)
    });
    let charsets = CHARSETS.into_iter().filter(|_| !text.is_ascii());
    let charsets = charsets.filter_map(move |(name, charset)| {
        let affordable = budget.spend(COST_OF_CHARSET * text.len());
        affordable.then(|| signed_in(name, in_charset(text, charset)))
    });
    let plain = PLAIN.into_iter().filter(|_| !text.is_ascii());
    let plain = plain.map(move |(difference, encode)| {
        Spelling::new(LikelyCause::Charset, difference, encode(text))
    });
    marked.chain(charsets).chain(plain)
}

/// A text in a less likely charset, or decoded bytes of one.
pub(super) fn rarely_encoded(body: &[u8], budget: &Budget) -> impl Iterator<Item = Spelling> {
    let text = std::str::from_utf8(body).ok();
    let utf_16 = text.into_iter().flat_map(move |text| {
        let orders = [("UTF-16LE", true), ("UTF-16BE", false)].into_iter();
        orders.flat_map(move |(name, little)| {
            let bytes = move |unit: u16| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            };
            ["", "\u{feff}"].map(|mark| {
                let units = mark.encode_utf16().chain(text.encode_utf16());
                signed_in(name, units.flat_map(bytes).collect())
            })
        })
    });
    let charsets = RARE_CHARSETS.into_iter().filter(move |_| !body.is_ascii());
    let affordable = move |_: &&Encoding| budget.spend(COST_OF_CHARSET * body.len());
    let rare = charsets.take_while(affordable).filter_map(move |charset| {
        if let Some(text) = text {
            return Some(signed_in(charset.name(), in_charset(text, charset)));
        }
        let text = charset.decode_without_bom_handling_and_without_replacement(body)?;
        let difference = format!("signed in UTF-8, sent in {}", charset.name());
        Some(Spelling::new(LikelyCause::Charset, difference, &*text))
    });
    utf_16.chain(rare)
}

fn signed_in(name: &str, body: Vec<u8>) -> Spelling {
    let difference = format!("signed in {name}, sent in UTF-8");
    Spelling::new(LikelyCause::Charset, difference, body)
}

/// The text in a charset. Characters that the charset lacks become question marks, as in most languages.
fn in_charset(text: &str, charset: &'static Encoding) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for character in text.chars() {
        match charset.encode(character.encode_utf8(&mut [0; 4])) {
            (bytes, _, false) => out.extend_from_slice(&bytes),
            _ => out.push(b'?'),
        }
    }
    out
}

/// The text as common compressors write it.
pub(super) fn compressed(text: &str, budget: &Budget) -> impl Iterator<Item = Spelling> {
    let affordable = |_: &u32| budget.spend(COST_OF_COMPRESSION * text.len());
    LEVELS.into_iter().take_while(affordable).flat_map(|level| {
        let read = |reader: &mut dyn Read| {
            let mut body = Vec::new();
            // Reading from memory cannot fail.
            let _ = reader.read_to_end(&mut body);
            body
        };
        let (bytes, level) = (text.as_bytes(), Compression::new(level));
        let gzip = SYSTEMS.map(|system| {
            let builder = GzBuilder::new().operating_system(system);
            ("gzip", read(&mut builder.read(bytes, level)))
        });
        let deflate = [
            ("deflate", read(&mut ZlibEncoder::new(bytes, level))),
            ("raw deflate", read(&mut DeflateEncoder::new(bytes, level))),
        ];
        gzip.into_iter().chain(deflate).map(|(name, body)| {
            let difference = format!("signed as {name}, sent without compression");
            Spelling::new(LikelyCause::Compression, difference, body)
        })
    })
}
