//! From the values of a list to rows of a ledger.

use nxcloud_client::phone;
use tokio::sync::mpsc;

use super::list::{Format, List};
use super::{csv, jsonl, wrong};
use crate::Error;
use crate::ledger::Batch;
use crate::ledger::types::NewRow;

/// Rows of one transaction, and about how many bytes of them.
const ROWS: usize = 10_000;
const BYTES: usize = 2 << 20;

/// Reads a list on its own thread and returns batches of rows.
pub(super) struct Parser {
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
pub(super) enum Values<'v> {
    Row(&'v mut dyn Iterator<Item = Option<&'v str>>),
    Wrong(String),
}

impl Parser {
    pub(super) fn new(list: List, place: usize, skip: u32, sender: mpsc::Sender<Batch>) -> Self {
        Self {
            list,
            place,
            skip,
            sender,
            batch: Vec::new(),
            bytes: 0,
            after: skip,
        }
    }

    pub(super) fn run(mut self) -> Result<(), Error> {
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

    /// Takes a row; false when the receiver has gone.
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

    fn new_row(&self, values: &mut dyn Iterator<Item = Option<&str>>) -> NewRow {
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
