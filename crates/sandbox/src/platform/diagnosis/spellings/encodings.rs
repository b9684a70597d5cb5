//! The body without its byte order mark, charset or compression, and with one that it lacks.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, EncoderResult, Encoding, GB18030, GBK, ISO_8859_15, KOI8_R, SHIFT_JIS,
    UTF_16BE, UTF_16LE, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
    WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use flate2::read::{DeflateDecoder, DeflateEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use super::spelling::Spelling;
use crate::platform::diagnosis::Budget;
use crate::platform::verdict::LikelyCause;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Charsets beside UTF-8, likely ones first.
const CHARSETS: [(&str, &Encoding); 5] = [
    ("GBK", GBK),
    ("Latin-1", WINDOWS_1252),
    ("Big5", BIG5),
    ("Shift_JIS", SHIFT_JIS),
    ("EUC-KR", EUC_KR),
];

/// Less likely ones, tried with small bodies only and beside no other difference.
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

/// Compressing six times takes about as long as hashing so many times the length.
const COST_OF_COMPRESSION: usize = 100;
/// Writing a text in another charset takes about as long as hashing so many times its length.
const COST_OF_CHARSET: usize = 4;
/// Levels of the usual compressors.
const LEVELS: [u32; 3] = [6, 9, 1];
/// What gzip's header says about the system: unknown, Unix, FAT, NTFS.
const SYSTEMS: [u8; 4] = [255, 3, 0, 10];

/// A body to respell: the one that was sent, or that without an encoding.
pub(crate) struct Base<'a> {
    /// What was taken away.
    encoding: Option<(LikelyCause, String)>,
    pub(super) bytes: Cow<'a, [u8]>,
}

impl Base<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The base itself, if it is not the body that was sent.
    pub(super) fn alone(&self) -> Option<Spelling> {
        let (cause, difference) = self.encoding.clone()?;
        Some(Spelling::new(cause, difference, self.bytes.to_vec()))
    }

    /// A spelling of the base, as one of the body that was sent.
    pub(super) fn with(&self, mut spelling: Spelling) -> Spelling {
        if let Some((cause, difference)) = &self.encoding {
            spelling.cause = *cause;
            spelling.difference =
                format!("{difference}; beside that, {}", spelling.difference).into();
        }
        spelling
    }
}

/// The body that was sent and what it decodes to.
pub(crate) fn bases<'a>(body: &'a [u8], budget: &Budget) -> Vec<Base<'a>> {
    let as_sent = Base {
        encoding: None,
        bytes: body.into(),
    };
    let decoded = |cause, difference: &str, bytes: Cow<'a, [u8]>| Base {
        encoding: Some((cause, difference.to_owned())),
        bytes,
    };
    let mut bases = vec![as_sent];
    if let Some(bytes) = body.strip_prefix(MARK) {
        let difference = "signed without a byte order mark, sent with one";
        bases.push(decoded(
            LikelyCause::ByteOrderMark,
            difference,
            bytes.into(),
        ));
    } else if let Some((encoding, mark)) = Encoding::for_bom(body) {
        let text = encoding.decode_without_bom_handling(&body[mark..]).0;
        let difference = format!("signed in UTF-8, sent in {}", encoding.name());
        let bytes = text.into_owned().into_bytes().into();
        bases.push(decoded(LikelyCause::Charset, &difference, bytes));
    } else if let Some(encoding) = unmarked_utf_16(body) {
        let text = encoding.decode_without_bom_handling(body).0;
        let difference = format!(
            "signed in UTF-8, sent in {} without a byte order mark",
            encoding.name()
        );
        let bytes = text.into_owned().into_bytes().into();
        bases.push(decoded(LikelyCause::Charset, &difference, bytes));
    } else if std::str::from_utf8(body).is_err() {
        if let Some((name, bytes)) = decompressed(body, budget.left()) {
            let difference = format!("signed before compression, sent as {name}");
            bases.push(decoded(LikelyCause::Compression, &difference, bytes.into()));
            return bases;
        }
        for (name, charset) in CHARSETS {
            let text = charset.decode_without_bom_handling_and_without_replacement(body);
            if let Some(text) = text.filter(|text| budget.spend(text.len())) {
                let difference = format!("signed in UTF-8, sent in {name}");
                let bytes = text.into_owned().into_bytes().into();
                bases.push(decoded(LikelyCause::Charset, &difference, bytes));
            }
        }
    }
    bases
}

/// UTF-16 without a byte order mark, recognised by the first character of JSON.
fn unmarked_utf_16(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [b'{' | b'[', 0, ..] => Some(UTF_16LE),
        [0, b'{' | b'[', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// What was compressed, up to so many bytes.
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

/// What languages write that know no charset of their own for a text.
const PLAIN: [(&str, Encode); 3] = [
    ("signed in ISO-8859-1, sent in UTF-8", |text| {
        let byte = |character| u8::try_from(character).unwrap_or(b'?');
        text.chars().map(byte).collect()
    }),
    (
        "signed in ASCII, with question marks for other characters, sent in UTF-8",
        |text| {
            let byte = |character: char| u8::try_from(character).ok().filter(u8::is_ascii);
            text.chars()
                .map(|character| byte(character).unwrap_or(b'?'))
                .collect()
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
pub(super) fn encoded<'a>(
    text: &'a str,
    budget: &'a Budget,
) -> impl Iterator<Item = Spelling> + 'a {
    let marked = std::iter::once_with(move || {
        let difference = "signed with a byte order mark, sent without one";
        let body = [MARK, text.as_bytes()].concat();
        Spelling::new(LikelyCause::ByteOrderMark, difference, body)
    });
    let of_charset = move |(name, charset): (&str, &'static Encoding)| {
        let affordable = budget.spend(COST_OF_CHARSET * text.len());
        let difference = format!("signed in {name}, sent in UTF-8");
        let encoded = || Spelling::new(LikelyCause::Charset, difference, in_charset(text, charset));
        affordable.then(encoded)
    };
    let charsets = CHARSETS.into_iter().filter(|_| !text.is_ascii());
    let charsets = charsets.filter_map(of_charset);
    let plain = PLAIN
        .into_iter()
        .map(|(difference, encode)| Spelling::new(LikelyCause::Charset, difference, encode(text)));
    let plain = plain.filter(|_| !text.is_ascii());
    marked.chain(charsets).chain(plain)
}

/// A text in a charset that is less likely, or bytes in one without it.
pub(super) fn rarely_encoded(body: &[u8], budget: &Budget) -> impl Iterator<Item = Spelling> {
    let spelling = |difference: String, body| Spelling::new(LikelyCause::Charset, difference, body);
    let text = std::str::from_utf8(body).ok();
    let utf_16 = text.into_iter().flat_map(move |text| {
        let names = ["UTF-16LE", "UTF-16BE"]
            .into_iter()
            .zip([UTF_16LE, UTF_16BE]);
        names.flat_map(move |(name, charset)| {
            let units = text.encode_utf16();
            let bytes = units
                .flat_map(|unit| in_order(unit, charset))
                .collect::<Vec<_>>();
            let marked = [in_order(0xfeff, charset).as_slice(), &bytes].concat();
            [bytes, marked].map(|body| spelling(format!("signed in {name}, sent in UTF-8"), body))
        })
    });
    let charsets = RARE_CHARSETS.into_iter().filter(move |_| !body.is_ascii());
    let affordable = move |_: &&Encoding| budget.spend(COST_OF_CHARSET * body.len());
    let rare = charsets.take_while(affordable).filter_map(move |charset| {
        let name = charset.name();
        if let Some(text) = text {
            let difference = format!("signed in {name}, sent in UTF-8");
            return Some(spelling(difference, in_charset(text, charset)));
        }
        let text = charset.decode_without_bom_handling_and_without_replacement(body)?;
        let difference = format!("signed in UTF-8, sent in {name}");
        Some(spelling(difference, text.into_owned().into_bytes()))
    });
    utf_16.chain(rare)
}

/// The bytes of a unit of UTF-16.
fn in_order(unit: u16, charset: &Encoding) -> [u8; 2] {
    if charset == UTF_16BE {
        unit.to_be_bytes()
    } else {
        unit.to_le_bytes()
    }
}

/// The text in a charset, with a question mark for each character that it lacks, as most languages write it.
fn in_charset(text: &str, charset: &'static Encoding) -> Vec<u8> {
    let mut encoder = charset.new_encoder();
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    loop {
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut out, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return out,
            EncoderResult::OutputFull => out.reserve(rest.len() + 16),
            EncoderResult::Unmappable(_) => out.push(b'?'),
        }
    }
}

/// The text as the usual compressors write it.
pub(super) fn compressed(text: &str, budget: &Budget) -> impl Iterator<Item = Spelling> {
    let affordable = |_: &u32| budget.spend(COST_OF_COMPRESSION * text.len());
    LEVELS.into_iter().take_while(affordable).flat_map(|level| {
        let read = |reader: &mut dyn Read| {
            let mut body = Vec::new();
            // Reading from memory does not fail.
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
