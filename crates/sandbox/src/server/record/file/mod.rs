//! A file that keeps the requests after the sandbox has stopped: a header line, then one line of JSON for each
//! request.

mod error;
mod line;
mod open;

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::{Parts, ReceivedRequest};
pub use error::RecordError;
use line::Header;

/// The maximum number of a request, so that counting on from a file never overflows.
const MAX_ID: u64 = u64::MAX >> 1;

/// Writes to the file. A line is handed to the operating system before the request is answered.
pub(crate) struct Recorder {
    path: PathBuf,
    file: File,
    /// The size of the file in bytes.
    size: u64,
    max_size: u64,
    /// Bytes that could not be written yet.
    rest: Vec<u8>,
    /// The highest number that a request in this file ever had.
    last_id: u64,
}

impl Recorder {
    /// Opens or creates a file. Passes on the requests in it and in the previous file, oldest first.
    pub(crate) fn open(
        path: &Path,
        max_size: u64,
        mut pass_on: impl FnMut(ReceivedRequest),
    ) -> Result<Self, RecordError> {
        let file = open::open(path)?;
        // Checked before any request of the previous file is passed on.
        read_header(&file, path)?;
        let older = older(path);
        let mut last_id = 0;
        if let Some(file) = open::existing(&older)? {
            last_id = read(&file, &older, &mut pass_on)?.last_id;
        }
        let held = read(&file, path, &mut pass_on)?;
        let mut recorder = Self {
            path: path.to_owned(),
            file,
            size: held.size,
            max_size,
            rest: Vec::new(),
            last_id: last_id.max(held.last_id),
        };
        let io = |error| RecordError::io(path, error);
        if held.is_torn {
            tracing::warn!("the last request of the record file is incomplete and was skipped");
            recorder.file.set_len(held.size).map_err(io)?;
        }
        if held.size == 0 {
            recorder.begin();
        }
        recorder.flush().map_err(io)?;
        Ok(recorder)
    }

    pub(crate) const fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Writes bytes that could not be written before, as far as possible.
    ///
    /// # Errors
    /// The error of the operating system, for example that the disk is full.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.rest.is_empty() {
            match self.file.write(&self.rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.rest.drain(..count);
                    self.size += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Frees the memory of a large line.
        self.rest = Vec::new();
        Ok(())
    }

    /// A request as a line, which is written when its number is known.
    pub(crate) fn line(parts: &Parts) -> Vec<u8> {
        line::of(parts)
    }

    /// Writes a request. Bytes that cannot be written are kept for the next time.
    pub(crate) fn push(&mut self, id: u64, mut line: Vec<u8>) {
        if self.size >= self.max_size
            && let Err(reason) = self.rotate()
        {
            tracing::error!(%reason, "the record file cannot be rotated and grows beyond its limit");
        }
        line::number(&mut line, id);
        if self.rest.is_empty() {
            self.rest = line;
        } else {
            self.rest.extend(line);
        }
        self.last_id = id;
        self.report(id);
    }

    fn report(&mut self, id: u64) {
        if let Err(reason) = self.flush() {
            tracing::error!(id, %reason, "a request cannot be recorded; requests are refused until there is disk space");
        }
    }

    /// Rotates the file: the full file replaces the previous one.
    fn rotate(&mut self) -> Result<(), RecordError> {
        let path = self.path.clone();
        let failed = |error| RecordError::io(&path, error);
        // A line must not be split between two files.
        self.flush().map_err(failed)?;
        let older = older(&path);
        if let Some(file) = open::existing(&older)? {
            read_header(&file, &older)?;
        }
        match fs::rename(&path, &older) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        self.file = open::create(&path)?;
        self.size = 0;
        self.begin();
        Ok(())
    }

    /// The first line of the file.
    fn begin(&mut self) {
        line::write(&mut self.rest, &Header::new(self.last_id));
    }

    /// Removes all requests, including those in the previous file. Their numbers are not used again.
    pub(crate) fn clear(&mut self) {
        self.rest.clear();
        let removed = match fs::remove_file(older(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.file.set_len(0),
        };
        match removed {
            Ok(()) => {
                self.size = 0;
                self.begin();
                self.report(self.last_id);
            }
            Err(reason) => tracing::error!(%reason, "the record file cannot be cleared"),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(reason) = self.flush() {
            tracing::error!(%reason, "the last requests could not be written to the record file");
        }
    }
}

/// The path of the file that rotation creates.
fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

/// The content of a file.
struct Held {
    last_id: u64,
    /// The size of its complete lines in bytes.
    size: u64,
    /// Whether an incomplete line follows.
    is_torn: bool,
}

/// The first line of a file and its length; `None` if the file is empty or its first line is incomplete.
fn read_header(file: &File, path: &Path) -> Result<Option<(Header, u64)>, RecordError> {
    let mut first = Vec::new();
    let mut reader = BufReader::new(file);
    let read = reader.rewind().and_then(|()| {
        let mut reader = reader.take(line::MAX_HEADER as u64);
        reader.read_until(b'\n', &mut first)
    });
    read.map_err(|error| RecordError::io(path, error))?;
    let refused = |problem: &str| {
        let problem = format!("{problem}; choose another file");
        Err(RecordError::new(path, &problem))
    };
    let is_cut = first.starts_with(line::MAGIC) && !first.ends_with(b"\n");
    if first.is_empty() || (is_cut && first.len() < line::MAX_HEADER) {
        return Ok(None);
    }
    if first.starts_with(b"SQLite format 3\0") {
        return refused("is an SQLite file of an older sandbox");
    }
    match serde_json::from_slice::<Header>(&first) {
        Ok(header) if header.is_known() => Ok(Some((header, first.len() as u64))),
        Ok(Header { format, .. }) => refused(&format!(
            "was written by another version of the sandbox (format {format})"
        )),
        Err(_) => refused("is not a record file of the sandbox"),
    }
}

/// Reads the requests of a file. An incomplete last line is skipped.
fn read(
    file: &File,
    path: &Path,
    pass_on: &mut impl FnMut(ReceivedRequest),
) -> Result<Held, RecordError> {
    let failed = |error| RecordError::io(path, error);
    let damaged = |line| Err(RecordError::damaged(path, line));
    let Some((header, mut size)) = read_header(file, path)? else {
        return Ok(Held {
            last_id: 0,
            size: 0,
            is_torn: file.metadata().map_err(failed)?.len() > 0,
        });
    };
    if header.after > MAX_ID {
        return damaged(1);
    }
    let mut last_id = header.after;
    let mut reader = BufReader::new(file);
    reader.seek(io::SeekFrom::Start(size)).map_err(failed)?;
    let mut line = Vec::new();
    for number in 2.. {
        line.clear();
        let count = reader.read_until(b'\n', &mut line).map_err(failed)?;
        match line::read_request(&line) {
            Some(request) if request.id() <= MAX_ID => {
                last_id = last_id.max(request.id());
                pass_on(request);
            }
            None if reader.fill_buf().map_err(failed)?.is_empty() => break,
            _ => return damaged(number),
        }
        size += count as u64;
    }
    Ok(Held {
        last_id,
        size,
        is_torn: !line.is_empty(),
    })
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
