//! RowFilter encoding a list has, and its text in UTF-8.

use std::io::{self, Read, SeekFrom};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use sha2::{Digest as _, Sha256};

use super::{unreadable, wrong};
use crate::Error;

/// What a look at a whole file found.
#[derive(Clone)]
pub(super) struct Encoded {
    pub(super) encoding: &'static Encoding,
    /// Bytes of the byte order mark.
    pub(super) mark: usize,
    /// SHA-256 of the file.
    pub(super) hash: Vec<u8>,
}

/// Reads a file from its beginning to its end: its hash, its encoding, and whether it is valid in it.
pub(super) fn survey(
    file: &mut (impl Read + io::Seek),
    name: Option<&str>,
) -> Result<Encoded, Error> {
    let named = name
        .map(|name| {
            Encoding::for_label(name.as_bytes()).ok_or_else(|| {
                wrong("the encoding is not known; name one such as utf-8, gb18030 or windows-1252")
            })
        })
        .transpose()?;
    let mut start = [0; 4];
    let length = fill(file, &mut start).map_err(unreadable)?;
    let start = start.get(..length).unwrap_or_default();
    if start.is_empty() {
        return Err(wrong(
            "the list is empty; write a line with the names of the columns, and rows",
        ));
    }
    let (encoding, mark) = match (Encoding::for_bom(start), start) {
        (Some((encoding, mark)), _) => (encoding, mark),
        (None, [1..=255, 0, 1..=255, 0]) => (UTF_16LE, 0),
        (None, [0, 1..=255, 0, 1..=255]) => (UTF_16BE, 0),
        (None, _) => (named.unwrap_or(UTF_8), 0),
    };
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut hash = Sha256::new();
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut buffer, mut text) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let (mut skip, mut offset) = (mark, 0_u64);
    loop {
        let read = fill(file, &mut buffer).map_err(unreadable)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        hash.update(bytes);
        let checked = check(
            &mut decoder,
            bytes.get(skip..).unwrap_or_default(),
            &mut text,
            read == 0,
        );
        if let Err(at) = checked {
            let at = offset + u64::try_from(skip + at).unwrap_or_default();
            return Err(match named.is_none() && encoding == UTF_8 {
                true => wrong(format!(
                    "byte {at} of the list is not UTF-8; name its encoding, such as gb18030 or windows-1252"
                )),
                false => wrong(format!(
                    "byte {at} of the list is not {}; correct it, or name another encoding",
                    encoding.name()
                )),
            });
        }
        if read == 0 {
            return Ok(Encoded {
                encoding,
                mark,
                hash: hash.finalize().to_vec(),
            });
        }
        offset += u64::try_from(read).unwrap_or_default();
        skip = 0;
    }
}

/// Decodes and forgets; the place at which it stops being valid.
fn check(
    decoder: &mut Decoder,
    mut bytes: &[u8],
    text: &mut [u8],
    last: bool,
) -> Result<(), usize> {
    let mut done = 0;
    loop {
        let (result, read, _) = decoder.decode_to_utf8_without_replacement(bytes, text, last);
        done += read;
        bytes = bytes.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(done.saturating_sub(1)),
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The text of a list in UTF-8, without a byte order mark.
pub(super) struct Decoded<R> {
    from: R,
    /// `None` for UTF-8, which passes as it is.
    decoder: Option<Decoder>,
    bytes: Vec<u8>,
    /// What of `bytes` is not decoded yet.
    left: std::ops::Range<usize>,
    text: Vec<u8>,
    /// What of `text` is not read yet.
    ready: std::ops::Range<usize>,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(mut from: R, encoded: &Encoded) -> io::Result<Self> {
        let mut mark = vec![0; encoded.mark];
        fill(&mut from, &mut mark)?;
        let decoder = (encoded.encoding != UTF_8)
            .then(|| encoded.encoding.new_decoder_without_bom_handling());
        let size = if decoder.is_some() { 1 << 15 } else { 0 };
        Ok(Self {
            from,
            decoder,
            bytes: vec![0; size],
            left: 0..0,
            text: vec![0; size * 3],
            ready: 0..0,
            ended: false,
        })
    }

    fn decode(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        while self.ready.is_empty() && !self.ended {
            if self.left.is_empty() {
                let read = fill(&mut self.from, &mut self.bytes)?;
                self.left = 0..read;
                self.ended = read == 0;
            }
            let bytes = self.bytes.get(self.left.clone()).unwrap_or_default();
            let (_, read, written, _) = decoder.decode_to_utf8(bytes, &mut self.text, self.ended);
            self.left.start += read;
            self.ready = 0..written;
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() {
            return self.from.read(buffer);
        }
        self.decode()?;
        let ready = self.text.get(self.ready.clone()).unwrap_or_default();
        let length = ready.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(ready) {
            *to = *from;
        }
        self.ready.start += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn text(bytes: &[u8], name: Option<&str>) -> Result<(String, &'static str), String> {
        let encoded = survey(&mut Cursor::new(bytes), name).map_err(|error| error.to_string())?;
        let mut text = String::new();
        Decoded::new(bytes, &encoded)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        Ok((text, encoded.encoding.name()))
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn encodings_are_found() {
        let list = "phone;name\n1;Zoë 验证 ✓\n";
        let ok = |name| Ok((list.to_owned(), name));
        assert_eq!(text(list.as_bytes(), None), ok("UTF-8"));
        assert_eq!(
            text(format!("\u{feff}{list}").as_bytes(), None),
            ok("UTF-8")
        );
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{list}");
            assert_eq!(
                text(&utf16(&marked, u16::to_le_bytes), None),
                ok("UTF-16LE")
            );
            assert_eq!(
                text(&utf16(&marked, u16::to_be_bytes), None),
                ok("UTF-16BE")
            );
        }
        let (gbk, ..) = encoding_rs::GB18030.encode(list);
        assert_eq!(text(&gbk, Some("gb18030")), ok("gb18030"));
        assert_eq!(
            text(format!("\u{feff}{list}").as_bytes(), Some("gb18030")),
            ok("UTF-8"),
            "a mark says more"
        );
    }

    #[test]
    fn what_is_not_valid_is_refused_with_its_place() {
        let (latin, ..) = encoding_rs::WINDOWS_1252.encode("phone;name\n1;Zoë\n");
        assert_eq!(
            text(&latin, None).unwrap_err(),
            "byte 15 of the list is not UTF-8; name its encoding, such as gb18030 or windows-1252"
        );
        assert!(text(&latin, Some("windows-1252")).is_ok());
        assert!(
            text(b"a\xff\xff", Some("gb18030"))
                .unwrap_err()
                .contains("is not gb18030")
        );
        assert!(
            text(b"phone\n\xe6\xb5", None)
                .unwrap_err()
                .contains("is not UTF-8"),
            "cut short"
        );
        assert!(
            text(b"x", Some("klingon"))
                .unwrap_err()
                .contains("encoding is not known")
        );
        assert!(text(b"", None).unwrap_err().contains("is empty"));
        let mut long = vec![b'a'; 200_000];
        long.push(0xff);
        assert!(text(&long, None).unwrap_err().contains("byte 200000 "));
    }

    #[test]
    fn long_texts_are_decoded_whole() {
        let list = "验证✓a".repeat(40_000);
        let (gbk, ..) = encoding_rs::GB18030.encode(&list);
        assert_eq!(
            text(&gbk, Some("gbk")).map(|(text, _)| text == list),
            Ok(true)
        );
        assert_eq!(
            text(&utf16(&format!("\u{feff}{list}"), u16::to_le_bytes), None)
                .map(|(text, _)| text == list),
            Ok(true)
        );
    }
}
