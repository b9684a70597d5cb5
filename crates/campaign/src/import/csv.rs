//! Rows of a CSV.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::parser::Values;
use super::{LONGEST_ROW, unreadable, wrong};
use crate::Error;

const DELIMITERS: [u8; 4] = *b",;\t|";

/// RowFilter delimiter the first line has most of, outside of quotes; a comma if it has none.
pub(super) fn delimiter(mut text: impl Read) -> Result<u8, Error> {
    let mut counts = [0_u32; DELIMITERS.len()];
    let (mut quoted, mut begun) = (false, false);
    let mut buffer = [0; 1 << 12];
    let mut left = LONGEST_ROW;
    while left > 0 {
        let read = text.read(&mut buffer).map_err(unreadable)?;
        for byte in buffer.get(..read).unwrap_or_default() {
            match byte {
                // Empty lines in front do not count.
                b'\n' | b'\r' if !quoted && begun => return Ok(most(counts)),
                b'\n' | b'\r' => {}
                b'"' => (quoted, begun) = (!quoted, true),
                byte => {
                    begun = true;
                    for (count, delimiter) in counts.iter_mut().zip(DELIMITERS) {
                        *count += u32::from(!quoted && *byte == delimiter);
                    }
                }
            }
        }
        left = if read == 0 {
            0
        } else {
            left.saturating_sub(read)
        };
    }
    Ok(most(counts))
}

fn most(counts: [u32; DELIMITERS.len()]) -> u8 {
    let mut best = (0, b',');
    for (count, delimiter) in counts.into_iter().zip(DELIMITERS) {
        if count > best.0 {
            best = (count, delimiter);
        }
    }
    best.1
}

/// The names in the first line.
pub(super) fn columns(text: impl Read, delimiter: u8) -> Result<Vec<String>, Error> {
    let mut reader = reader(text, delimiter);
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(wrong(
            "the list has no line with the names of the columns; add one",
        ));
    }
    let names = record.iter().map(|name| {
        std::str::from_utf8(name)
            .map(|name| name.trim().to_owned())
            .map_err(|_| wrong("a column has a name that is no text; rename it"))
    });
    names.collect()
}

/// The rows after the first `skip`.
pub(super) fn rows(
    text: impl Read,
    delimiter: u8,
    columns: usize,
    skip: u32,
    mut receiver: impl FnMut(Values<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut reader = reader(text, delimiter);
    let mut record = ByteRecord::new();
    for _ in 0..=skip {
        if !next(&mut reader, &mut record)? {
            return Ok(());
        }
    }
    while next(&mut reader, &mut record)? {
        let keep_reading = if record.len() != columns {
            let fields = record.len();
            receiver(Values::Wrong(format!(
                "the row has {fields} values, the list has {columns} columns"
            )))?
        } else {
            // The reader checks UTF-8 once for the whole row.
            match std::str::from_utf8(record.as_slice()) {
                Ok(_) => receiver(Values::Row(
                    &mut record.iter().map(|value| std::str::from_utf8(value).ok()),
                ))?,
                Err(_) => receiver(Values::Wrong(
                    "the row is no text in the list's encoding".to_owned(),
                ))?,
            }
        };
        if !keep_reading {
            return Ok(());
        }
    }
    Ok(())
}

fn reader<R: Read>(text: R, delimiter: u8) -> Reader<Limited<R>> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(1 << 16)
        .from_reader(Limited {
            from: text,
            left: LONGEST_ROW,
        })
}

/// Reads a row; false at the end.
fn next<R: Read>(reader: &mut Reader<Limited<R>>, record: &mut ByteRecord) -> Result<bool, Error> {
    reader.get_mut().left = LONGEST_ROW;
    let line = reader.position().line();
    let read = reader.read_byte_record(record);
    match read {
        Ok(read) => Ok(read),
        Err(error) => match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(wrong(format!(
                    "the row at line {line} is longer than {} KiB; a quote may be open there",
                    LONGEST_ROW >> 10
                )))
            }
            csv::ErrorKind::Io(error) => Err(unreadable(error)),
            _ => Err(wrong(format!(
                "the row at line {line} is no row of a CSV; correct it"
            ))),
        },
    }
}

/// Ends a row that is too long, before it is in memory.
struct Limited<R> {
    from: R,
    left: usize,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.from.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}
