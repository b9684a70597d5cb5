//! The content encoding of a body.

use std::borrow::Cow;

use super::Unreadable;
use super::repairs::{Repair, Repairs};

/// The maximum number of nested encodings. More are never needed, and each one multiplies the size of a decompression bomb.
const LAYERS: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Gzip,
    Deflate,
}

/// Parses the header: the encodings in the order in which they were applied.
fn parse(header: &str) -> Result<Vec<Encoding>, Unreadable> {
    let names = header.split(',').map(str::trim);
    let mut layers = Vec::new();
    for name in names {
        match name.to_ascii_lowercase().as_str() {
            // Some servers put the charset here.
            "" | "identity" | "none" | "utf-8" | "utf8" => {}
            "gzip" | "x-gzip" => layers.push(Encoding::Gzip),
            "deflate" => layers.push(Encoding::Deflate),
            "br" => return Err(Unreadable::ContentEncoding("br")),
            "zstd" => return Err(Unreadable::ContentEncoding("zstd")),
            "compress" | "x-compress" => return Err(Unreadable::ContentEncoding("compress")),
            _ => return Err(Unreadable::ContentEncoding("an unknown one")),
        }
    }
    if layers.len() > LAYERS {
        return Err(Unreadable::ContentEncoding("more than two nested ones"));
    }
    Ok(layers)
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Whether the bytes start like JSON or a form. Compressed bytes may do so, too, so this counts only after decompression has failed.
fn looks_plain(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .take(64)
            .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

/// Decompresses a body to at most `limit` bytes.
///
/// The bytes take precedence over the header: a body is gzip if it starts with the magic bytes of gzip.
pub(super) fn undo<'a>(
    bytes: &'a [u8],
    header: Option<&str>,
    limit: usize,
    repairs: &mut Repairs,
) -> Result<Cow<'a, [u8]>, Unreadable> {
    let mut bytes = Cow::Borrowed(bytes);
    let encodings = match header {
        None => Vec::new(),
        Some(header) => parse(header)?,
    };
    if encodings.is_empty() && is_gzip(&bytes) {
        repairs.add(Repair::ContentEncoding);
        bytes = Cow::Owned(expand(&bytes, Encoding::Gzip, limit)?);
    }
    for encoding in encodings.into_iter().rev() {
        // An empty body needs no decompression, whatever the header says.
        if bytes.is_empty() {
            break;
        }
        let plain = match encoding {
            Encoding::Gzip => !is_gzip(&bytes),
            Encoding::Deflate => false,
        };
        if plain {
            repairs.add(Repair::ContentEncoding);
            continue;
        }
        match expand(&bytes, encoding, limit) {
            Ok(expanded) => bytes = Cow::Owned(expanded),
            Err(Unreadable::Damaged(_)) if looks_plain(&bytes) => {
                repairs.add(Repair::ContentEncoding);
            }
            Err(error) => return Err(error),
        }
    }
    if bytes.len() > limit {
        return Err(Unreadable::TooLarge { limit });
    }
    Ok(bytes)
}

#[cfg(not(feature = "compression"))]
fn expand(_: &[u8], encoding: Encoding, _: usize) -> Result<Vec<u8>, Unreadable> {
    Err(Unreadable::ContentEncoding(match encoding {
        Encoding::Gzip => "gzip",
        Encoding::Deflate => "deflate",
    }))
}

#[cfg(feature = "compression")]
fn expand(bytes: &[u8], encoding: Encoding, limit: usize) -> Result<Vec<u8>, Unreadable> {
    use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
    match encoding {
        Encoding::Gzip => drain(MultiGzDecoder::new(bytes), limit, "gzip"),
        // `deflate` means zlib, but some servers send raw deflate.
        Encoding::Deflate => match drain(ZlibDecoder::new(bytes), limit, "deflate") {
            Err(Unreadable::Damaged(_)) => drain(DeflateDecoder::new(bytes), limit, "deflate"),
            result => result,
        },
    }
}

/// The whole output of a decoder. Reading stops as soon as it exceeds the limit.
#[cfg(feature = "compression")]
fn drain(
    decoder: impl std::io::Read,
    limit: usize,
    name: &'static str,
) -> Result<Vec<u8>, Unreadable> {
    use std::io::Read as _;
    let mut out = Vec::new();
    let enough = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .take(enough)
        .read_to_end(&mut out)
        .map_err(|_| Unreadable::Damaged(name))?;
    if out.len() > limit {
        return Err(Unreadable::TooLarge { limit });
    }
    Ok(out)
}
