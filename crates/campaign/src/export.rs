//! Writes every row of a campaign.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::clock::{nanos, rfc3339};
use crate::ledger::sqlite::private;
use crate::ledger::{Campaign, Ledger, RowFilter, RowRecord};
use crate::{Error, ErrorKind, State};

/// Rows per read.
const PAGE: u32 = 2000;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A line with names, then a line for each row.
    Csv,
    /// A JSON object on a line for each row; what a row has not is left out.
    JsonLines,
}

/// Which rows are written: those of a [`RowFilter`] or of a [`State`].
#[derive(Clone, Copy, Debug)]
pub struct Which {
    filter: RowFilter,
    state: Option<State>,
}

impl From<RowFilter> for Which {
    fn from(filter: RowFilter) -> Self {
        Self {
            filter,
            state: None,
        }
    }
}

impl From<State> for Which {
    fn from(state: State) -> Self {
        let filter = match state {
            State::Ready => RowFilter::Ready,
            State::Unknown => RowFilter::Unknown,
            _ => RowFilter::All,
        };
        Self {
            filter,
            state: Some(state),
        }
    }
}

/// What is known of each row. The columns of the list come after these, with `list.` before their names.
pub const FIELDS: &[&str] = &[
    "row",
    "phone",
    "state",
    "skipped",
    "reason",
    "code",
    "message_id",
    "key",
    "claims",
    "claimed_at",
    "settled_at",
    "receipt",
    "receipt_at",
    "receipt_signed",
    "price",
    "currency",
    "parts",
    "delivered",
];

/// Writes rows, in their order, in bounded memory; how many.
///
/// # Errors
///
/// [`ErrorKind::Io`] and [`ErrorKind::Full`] of the writer, and those of the ledger.
pub async fn export<L: Ledger>(
    ledger: &L,
    campaign: &Campaign,
    which: impl Into<Which>,
    format: Format,
    to: impl Write,
) -> Result<u64, Error> {
    let mut out = Out::new(format, campaign, to)?;
    let Which { filter, state } = which.into();
    let (mut after, mut written) = (0, 0);
    loop {
        let rows = ledger.rows(campaign.id, filter, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.row.number();
        for row in &rows {
            if state.is_none_or(|state| state == row.state) {
                out.row(row, campaign)?;
                written += 1;
            }
        }
    }
    out.end()?;
    Ok(written)
}

/// The same into a new file that only its owner may read (mode 600).
///
/// # Errors
///
/// [`ErrorKind::Exists`] if there is a file of that name, and as [`export`].
pub async fn export_file<L: Ledger>(
    ledger: &L,
    campaign: &Campaign,
    which: impl Into<Which>,
    format: Format,
    path: impl AsRef<Path>,
) -> Result<u64, Error> {
    let file = private()
        .create_new(true)
        .open(path)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::new(
                ErrorKind::Exists,
                "there is a file of this name; choose another one, or remove it first",
            ),
            _ => Error::io("the export cannot be made", error),
        })?;
    let written = export(ledger, campaign, which, format, BufWriter::new(&file)).await?;
    File::sync_all(&file).map_err(|error| Error::io("the export cannot be written", error))?;
    Ok(written)
}

enum Out<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json(W),
}

impl<W: Write> Out<W> {
    fn new(format: Format, campaign: &Campaign, to: W) -> Result<Self, Error> {
        match format {
            Format::JsonLines => Ok(Self::Json(to)),
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(to);
                let own = campaign.columns.iter().map(|name| format!("list.{name}"));
                csv.write_record(FIELDS.iter().map(|name| (*name).to_owned()).chain(own))
                    .map_err(unwritten)?;
                Ok(Self::Csv(Box::new(csv)))
            }
        }
    }

    fn row(&mut self, row: &RowRecord, campaign: &Campaign) -> Result<(), Error> {
        let fields = FIELDS.iter().copied().zip(fields(row));
        let own = campaign
            .columns
            .iter()
            .enumerate()
            .map(|(place, name)| (name, row.row.value(place)));
        match self {
            Self::Csv(csv) => {
                let fields = fields.map(|(_, value)| text(value));
                let own = own.map(|(_, value)| value.unwrap_or_default().to_owned());
                csv.write_record(fields.chain(own)).map_err(unwritten)
            }
            Self::Json(out) => {
                let mut object: Map<String, Value> = fields
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect();
                let own = own.filter_map(|(name, value)| Some((name.clone(), Value::from(value?))));
                object.insert("list".to_owned(), Value::Object(own.collect()));
                let line = Value::Object(object).to_string() + "\n";
                out.write_all(line.as_bytes())
                    .map_err(|error| Error::io("the export cannot be written", error))
            }
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        let done = match self {
            Self::Csv(csv) => csv.flush(),
            Self::Json(out) => out.flush(),
        };
        done.map_err(|error| Error::io("the export cannot be written", error))
    }
}

fn unwritten(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::io("the export cannot be written", error),
        _ => Error::new(ErrorKind::Io, "the export cannot be written"),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn fields(row: &RowRecord) -> [Value; FIELDS.len()] {
    let receipt = row.receipt.as_ref();
    let time = |time: Option<SystemTime>| {
        Value::from(
            time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
                .map(|time| rfc3339(nanos(time))),
        )
    };
    let delivered = receipt.map(|receipt| receipt.state >= crate::ReceiptState::Delivered);
    [
        row.row.number().into(),
        Value::from(Some(row.row.phone()).filter(|phone| !phone.is_empty())),
        row.state.as_str().into(),
        row.skip.map(crate::Skip::as_str).into(),
        row.reason.clone().into(),
        row.code.into(),
        row.message_id.clone().into(),
        row.row.key().into(),
        row.claims.into(),
        time(row.claimed_at),
        time(row.settled_at),
        receipt.map(|receipt| receipt.state.as_str()).into(),
        time(receipt.map(|receipt| receipt.at)),
        receipt.map(|receipt| receipt.signed).into(),
        receipt.and_then(|receipt| receipt.price.clone()).into(),
        receipt.and_then(|receipt| receipt.currency.clone()).into(),
        receipt.and_then(|receipt| receipt.parts).into(),
        delivered.into(),
    ]
}
