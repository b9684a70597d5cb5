//! From a file with a list to the rows of a campaign: CSV or JSON lines, read in bounded memory.

mod csv;
mod encoding;
mod jsonl;

use std::fmt;
use std::fs::{File, Metadata};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use nxcloud_client::{Request, phone};
use tokio::sync::mpsc;

use crate::ledger::types::NewRow;
use crate::ledger::{Batch, Campaign, CampaignId, CampaignState, Ledger, NewCampaign};
use crate::template::{Parts, Template, shown};
use crate::{Error, ErrorKind};
use encoding::{Decoded, Encoded};

/// The longest row, in bytes of UTF-8.
const LONGEST_ROW: usize = 1 << 20;
/// The most columns.
const MOST_COLUMNS: usize = 1000;
/// Rows of one transaction, and about how many bytes of them.
const ROWS: usize = 10_000;
const BYTES: usize = 2 << 20;

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
    format: Format,
    encoded: Encoded,
    delimiter: u8,
    country: Option<String>,
    columns: Vec<String>,
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
        let encoded = encoding::survey(&mut file, options.encoding.as_deref())?;
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
    fn text(&self) -> Result<Decoded<BufReader<File>>, Error> {
        let file = BufReader::with_capacity(1 << 16, open(&self.path)?);
        Decoded::new(file, &self.encoded).map_err(unreadable)
    }

    /// Whether the file is still the one that was looked at.
    fn unchanged(&self) -> Result<(), Error> {
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

fn unreadable(error: std::io::Error) -> Error {
    Error::io("the list cannot be read", error)
}

fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::List, text)
}

fn changed() -> Error {
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
        Some(name) => Err(wrong(format!(
            "the list has two columns with the name {}; rename one",
            shown(&[name])
        ))),
        None => Ok(()),
    }
}

impl NewCampaign {
    /// A campaign that sends what a template makes of the rows, for the operation of `R`.
    pub fn from_template<R: Request>(name: impl Into<String>, template: &Template<R>) -> Self {
        Self::of::<R>(
            name.into(),
            Some(template.parts()),
            template.number_column(),
        )
    }

    /// A campaign whose requests a closure makes; the column holds the recipients' numbers.
    pub fn from_requests<R: Request>(name: impl Into<String>, number_column: &str) -> Self {
        Self::of::<R>(name.into(), None, number_column)
    }

    fn of<R: Request>(name: String, template: Option<Arc<Parts>>, number_column: &str) -> Self {
        Self {
            name,
            service: R::OPERATION.service,
            operation: R::OPERATION.id,
            echoes: R::MESSAGE.is_some_and(|message| message.echo.is_some()),
            template,
            account: String::new(),
            list: Vec::new(),
            number_column: number_column.to_owned(),
            again: false,
        }
    }

    /// The account that sends: campaigns of one account and service share one rate.
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = name.into();
        self
    }

    /// Makes it although the ledger has a campaign with the same list, operation and template.
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }
}

/// Makes a campaign and imports its list; or goes on with an import of the same name and list that was interrupted. `progress` gets the
/// number of rows that the ledger has.
///
/// Every row of the list becomes one of the campaign. Those that cannot be read are skipped as invalid, with the reason; a run is refused as
/// long as they are not skipped on purpose. Later rows with the number of an earlier one are skipped as duplicates.
///
/// # Errors
///
/// [`ErrorKind::Exists`], [`ErrorKind::ListChanged`]; [`ErrorKind::Template`] and [`ErrorKind::List`] when list and template do not fit, or a
/// row is too long (then the campaign is discarded, so that its name is free for the corrected list); and those of the ledger.
pub async fn import<L: Ledger>(
    ledger: &L,
    mut new: NewCampaign,
    list: &List,
    mut progress: impl FnMut(u64),
) -> Result<Campaign, Error> {
    let place = list
        .columns
        .iter()
        .position(|name| *name == new.number_column);
    let Some(place) = place else {
        return Err(wrong(format!(
            "the list has no column {} for the numbers; it has: {}",
            shown(std::slice::from_ref(&new.number_column)),
            shown(&list.columns)
        )));
    };
    if let Some(template) = &new.template {
        template.check(&list.columns)?;
    }
    new.list = list.encoded.hash.clone();
    let name = new.name.clone();
    let begun = match ledger.campaign(&name).await {
        Err(error) if error.kind() == ErrorKind::NoCampaign => None,
        found => Some(found?),
    };
    let (id, skip) = match begun {
        Some(begun) if begun.state == CampaignState::Importing => {
            let same = begun.operation == new.operation
                && begun.template.as_deref() == new.template.as_deref().map(Parts::json)
                && begun.number_column == new.number_column;
            if !same {
                return Err(exists());
            }
            if begun.list != new.list {
                return Err(changed());
            }
            (begun.id, begun.imported)
        }
        Some(_) => return Err(exists()),
        None => (ledger.create(new).await?, 0),
    };
    let filled = fill(ledger, id, list, place, skip, &mut progress).await;
    if let Err(error) = filled {
        // The list has to be corrected, and then it is another one. Nothing was sent.
        if matches!(error.kind(), ErrorKind::List | ErrorKind::ListChanged) {
            ledger.discard(id).await?;
        }
        return Err(error);
    }
    ledger.seal(id).await?;
    ledger.campaign(&name).await
}

/// Reads the list, after so many rows, into the campaign.
async fn fill<L: Ledger>(
    ledger: &L,
    id: CampaignId,
    list: &List,
    place: usize,
    skip: u32,
    progress: &mut impl FnMut(u64),
) -> Result<(), Error> {
    let (sender, mut batches) = mpsc::channel(2);
    let parser = Parser {
        list: list.clone(),
        place,
        skip,
        sender,
        batch: Vec::new(),
        bytes: 0,
        after: skip,
    };
    let parser = std::thread::Builder::new()
        .name("nxcloud-list".to_owned())
        .spawn(move || parser.run());
    let parser = parser.map_err(|error| Error::io("no thread could be started", error))?;
    while let Some(mut batch) = batches.recv().await {
        let rows = u64::from(batch.after) + batch.rows.len() as u64;
        batch.columns = (batch.after == 0).then(|| list.columns.clone());
        ledger.import(id, batch).await?;
        progress(rows);
    }
    joined(parser)?;
    list.unchanged()
}

fn exists() -> Error {
    Error::new(
        ErrorKind::Exists,
        "the ledger has a campaign of this name; choose another name",
    )
}

fn joined(parser: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    parser
        .join()
        .unwrap_or_else(|_| Err(wrong("the list could not be read to its end")))
}

/// Reads a list on a thread of its own and gives batches of rows.
struct Parser {
    list: List,
    /// Of the column of numbers.
    place: usize,
    /// How many rows the ledger has.
    skip: u32,
    sender: mpsc::Sender<Batch>,
    batch: Vec<NewRow>,
    bytes: usize,
    after: u32,
}

/// What a format gives for one row: its values, or what is wrong with it.
enum Values<'v> {
    Row(&'v mut dyn Iterator<Item = Option<&'v str>>),
    Wrong(String),
}

impl Parser {
    fn run(mut self) -> Result<(), Error> {
        let text = self.list.text()?;
        match self.list.format {
            Format::Csv => csv::rows(
                text,
                self.list.delimiter,
                self.list.columns.len(),
                self.skip,
                |values| self.row(values),
            )?,
            Format::JsonLines => {
                jsonl::rows(text, &self.list.columns.clone(), self.skip, |values| {
                    self.row(values)
                })?
            }
        }
        if self.after == 0 && self.batch.is_empty() {
            return Err(wrong("the list has columns but no rows; add some"));
        }
        self.flush();
        Ok(())
    }

    /// Takes a row; false when nobody wants more.
    fn row(&mut self, values: Values<'_>) -> Result<bool, Error> {
        let row = match values {
            Values::Wrong(problem) => NewRow {
                phone: String::new(),
                values: "[]".to_owned(),
                problem: Some(problem),
            },
            Values::Row(values) => self.new_row(values),
        };
        self.bytes += row.values.len() + row.phone.len();
        self.batch.push(row);
        if self.batch.len() >= ROWS || self.bytes >= BYTES {
            let rows = u64::from(self.after) + self.batch.len() as u64;
            if rows > u64::from(u32::MAX) {
                return Err(wrong(
                    "the list has too many rows; make several lists of it",
                ));
            }
            return Ok(self.flush());
        }
        Ok(true)
    }

    fn new_row<'v>(&self, values: &mut dyn Iterator<Item = Option<&'v str>>) -> NewRow {
        let mut json = String::from("[");
        let mut written = None;
        for (place, value) in values.enumerate() {
            if place > 0 {
                json.push(',');
            }
            match value {
                Some(value) if place == self.place => {
                    written = Some(value);
                    json.push_str("null");
                }
                Some(value) => push_json(&mut json, value),
                None => json.push_str("null"),
            }
        }
        json.push(']');
        let (phone, problem) =
            match phone::normalize(written.unwrap_or_default(), self.list.country.as_deref()) {
                Ok(phone) => (phone, None),
                Err(problem) => (String::new(), Some(problem.to_string())),
            };
        NewRow {
            phone,
            values: json,
            problem,
        }
    }

    fn flush(&mut self) -> bool {
        let rows = std::mem::take(&mut self.batch);
        let after = self.after;
        self.after += u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.bytes = 0;
        rows.is_empty()
            || self
                .sender
                .blocking_send(Batch {
                    rows,
                    columns: None,
                    after,
                })
                .is_ok()
    }
}

fn push_json(json: &mut String, value: &str) {
    let plain = value
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if plain {
        json.push('"');
        json.push_str(value);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(value).to_string());
    }
}
