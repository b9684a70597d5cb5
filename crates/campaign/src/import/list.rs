//! A file with a list, and how it is to be read.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use nxcloud_client::phone;

use super::encoding::{Decoded, Encoded, survey};
use super::{csv, jsonl, unreadable, wrong};
use crate::template::name;
use crate::{Error, ErrorKind};

/// The most columns.
const MOST_COLUMNS: usize = 1000;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Values with commas, semicolons, tabs or bars between; the first line names the columns.
    Csv,
    /// A JSON object on each line; the first one names the columns.
    JsonLines,
}

/// How a list is to be read.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ListOptions {
    format: Option<Format>,
    encoding: Option<String>,
    delimiter: Option<u8>,
    country: Option<String>,
}

impl ListOptions {
    /// The format is known from the name of the file (`.jsonl`, `.ndjson`; else CSV), the delimiter from its first line, the encoding from its
    /// first bytes (UTF-8 and UTF-16). Numbers begin with their country code.
    pub fn new() -> Self {
        Self::default()
    }

    /// The format.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// The encoding of a list that is neither UTF-8 nor UTF-16, by its name: `gb18030`, `windows-1252`.
    pub fn encoding(mut self, name: impl Into<String>) -> Self {
        self.encoding = Some(name.into());
        self
    }

    /// What stands between the values of a CSV.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// The country code of numbers that are written without one, such as `86`; see [`phone::normalize`].
    pub fn default_country(mut self, code: impl Into<String>) -> Self {
        self.country = Some(code.into());
        self
    }
}

/// A file with a list, looked at from beginning to end: its encoding is valid, and its columns are known.
///
/// `Debug` shows no values.
#[derive(Clone)]
pub struct List {
    path: PathBuf,
    pub(super) format: Format,
    pub(super) encoded: Encoded,
    pub(super) delimiter: u8,
    pub(super) country: Option<String>,
    pub(super) columns: Vec<String>,
    /// Length and time of the last change.
    state: (u64, Option<std::time::SystemTime>),
}

impl List {
    /// Looks at a file. It blocks: within async code use a thread for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be read; [`ErrorKind::List`] when it is empty, has another encoding, or its first row is not one of
    /// columns.
    pub fn open(path: impl AsRef<Path>, options: &ListOptions) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        if let Some(country) = &options.country {
            phone::normalize("+442079460958", Some(country))
                .map_err(|problem| Error::new(ErrorKind::List, problem.to_string()))?;
        }
        let mut file = open(&path)?;
        let state = state(&file.metadata().map_err(unreadable)?);
        let encoded = survey(&mut file, options.encoding.as_deref())?;
        let format = options.format.unwrap_or_else(|| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("jsonl" | "ndjson") => Format::JsonLines,
                _ => Format::Csv,
            }
        });
        let mut list = Self {
            format,
            encoded,
            delimiter: b',',
            country: options.country.clone(),
            columns: Vec::new(),
            state,
            path,
        };
        match format {
            Format::Csv => {
                list.delimiter = match options.delimiter {
                    Some(delimiter) => delimiter,
                    None => csv::delimiter(list.text()?)?,
                };
                list.columns = csv::columns(list.text()?, list.delimiter)?;
            }
            Format::JsonLines => list.columns = jsonl::columns(list.text()?)?,
        }
        check_columns(&list.columns)?;
        Ok(list)
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The name of the encoding.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        self.encoded.encoding.name()
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// What stands between the values of a CSV.
    #[must_use]
    pub fn delimiter(&self) -> char {
        self.delimiter.into()
    }

    /// The text from its beginning.
    pub(super) fn text(&self) -> Result<Decoded<BufReader<File>>, Error> {
        let file = BufReader::with_capacity(1 << 16, open(&self.path)?);
        Decoded::new(file, &self.encoded).map_err(unreadable)
    }

    /// Whether the file is still the one that was looked at.
    pub(super) fn unchanged(&self) -> Result<(), Error> {
        let now = std::fs::metadata(&self.path).map_err(unreadable)?;
        if state(&now) == self.state {
            Ok(())
        } else {
            Err(changed())
        }
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("encoding", &self.encoding())
            .finish_non_exhaustive()
    }
}

fn open(path: &Path) -> Result<File, Error> {
    let file = File::open(path).map_err(unreadable)?;
    let is_file = file.metadata().map_err(unreadable)?.is_file();
    is_file
        .then_some(file)
        .ok_or_else(|| wrong("the list is no file; write it to a file first"))
}

fn state(file: &Metadata) -> (u64, Option<std::time::SystemTime>) {
    (file.len(), file.modified().ok())
}

pub(super) fn changed() -> Error {
    Error::new(
        ErrorKind::ListChanged,
        "the list is not the one that the import began with; put that one back, or discard the campaign and import again",
    )
}

fn check_columns(columns: &[String]) -> Result<(), Error> {
    if columns.len() > MOST_COLUMNS {
        return Err(wrong(format!(
            "the list has {} columns, at most {MOST_COLUMNS} are read; leave some out",
            columns.len()
        )));
    }
    let mut sorted: Vec<&String> = columns.iter().filter(|name| !name.is_empty()).collect();
    sorted.sort_unstable();
    let twice = sorted.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some((*one).clone()),
        _ => None,
    });
    match twice {
        Some(twice) => Err(wrong(format!(
            "the list has two columns with the name {}; rename one",
            name(&twice)
        ))),
        None => Ok(()),
    }
}
