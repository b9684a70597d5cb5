//! Reads a file or standard input line by line, without waiting for its end.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};

use crate::failure::Failure;
use crate::text;

/// The size of the read buffer. It holds a batch of lines of usual length.
const CHUNK: usize = 1024 * 1024;
/// The maximum length of a line. Longer lines are skipped.
const LIMIT: u64 = 16 * 1024 * 1024;

pub(crate) struct Lines<'a> {
    source: &'a str,
    reader: BufReader<Box<dyn Read>>,
    number: usize,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    /// Opens a file, or standard input for `-`, and waits for the first bytes to recognise the encoding.
    pub(crate) fn open(path: &'a str) -> Result<Self, Failure> {
        let source = text::source_name(path);
        let failed = |error: io::Error| Failure::io(source, &error);
        let reader: Box<dyn Read> = match path {
            "-" => Box::new(io::stdin().lock()),
            _ => Box::new(File::open(path).map_err(failed)?),
        };
        let mut reader = BufReader::with_capacity(CHUNK, reader);
        let start = reader.fill_buf().map_err(failed)?;
        if text::wide_encoding(start).is_some()
            && let Err(problem) = text::utf8(start)
        {
            return Err(Failure::usage(format!("{source} {problem}")));
        }
        Ok(Self {
            source,
            reader,
            number: 0,
            line: Vec::new(),
        })
    }

    /// Whether the next line can be read without waiting.
    pub(crate) fn is_ready(&self) -> bool {
        self.reader.buffer().contains(&b'\n')
    }

    /// Reads the next line. Returns its number, and its text or what is wrong with it; `None` at the end.
    #[expect(clippy::type_complexity, reason = "a number and a text or a problem")]
    pub(crate) fn next(&mut self) -> Result<Option<(usize, Result<&str, &'static str>)>, Failure> {
        let failed = |error: io::Error| Failure::io(self.source, &error);
        self.line.clear();
        let mut limited = self.reader.by_ref().take(LIMIT + 1);
        limited.read_until(b'\n', &mut self.line).map_err(failed)?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() as u64 > LIMIT && !self.line.ends_with(b"\n") {
            self.reader.skip_until(b'\n').map_err(failed)?;
            return Ok(Some((self.number, Err("longer than 16 MiB"))));
        }
        let line = match self.number {
            1 => text::without_mark(&self.line),
            _ => &self.line,
        };
        let line = std::str::from_utf8(line).map_err(|_| "not UTF-8");
        Ok(Some((self.number, line)))
    }
}
