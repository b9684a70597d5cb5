//! Lines of a file or of standard input, as they come.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};

use crate::failure::Failure;
use crate::text;

/// How much is read at once: more than a batch of usual lines.
const CHUNK: usize = 1024 * 1024;
/// A line longer than this is left out: 16 MiB.
const LIMIT: u64 = 16 * 1024 * 1024;

pub(crate) struct Lines<'a> {
    from: &'a str,
    reader: BufReader<Box<dyn Read>>,
    number: usize,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    /// Opens a file, or standard input for `-`. It waits for the first bytes, which tell the encoding.
    pub(crate) fn open(from: &'a str) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::io(from, &error);
        let reader: Box<dyn Read> = match from {
            "-" => Box::new(io::stdin().lock()),
            _ => Box::new(File::open(from).map_err(failed)?),
        };
        let mut reader = BufReader::with_capacity(CHUNK, reader);
        let start = reader.fill_buf().map_err(failed)?;
        if text::wide_encoding(start).is_some()
            && let Err(problem) = text::utf8(start)
        {
            return Err(Failure::usage(format!("{from} {problem}")));
        }
        Ok(Self {
            from,
            reader,
            number: 0,
            line: Vec::new(),
        })
    }

    /// Whether the next line is here already, and need not be waited for.
    pub(crate) fn is_ready(&self) -> bool {
        self.reader.buffer().contains(&b'\n')
    }

    /// The next line with its number, or what is wrong with it; `None` at the end.
    #[expect(clippy::type_complexity, reason = "a line, or why it is none")]
    pub(crate) fn next(&mut self) -> Result<Option<(usize, Result<&str, &'static str>)>, Failure> {
        let failed = |error: io::Error| Failure::io(self.from, &error);
        self.line.clear();
        let mut limited = self.reader.by_ref().take(LIMIT + 1);
        limited.read_until(b'\n', &mut self.line).map_err(failed)?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() as u64 > LIMIT && !self.line.ends_with(b"\n") {
            self.reader.skip_until(b'\n').map_err(failed)?;
            return Ok(Some((self.number, Err("it is longer than 16 MiB"))));
        }
        let line = match self.number {
            1 => text::without_mark(&self.line),
            _ => &self.line,
        };
        let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8");
        Ok(Some((self.number, line)))
    }
}
