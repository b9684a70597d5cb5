//! Rows of JSON lines.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::parser::Values;
use super::{LONGEST_ROW, unreadable, wrong};
use crate::Error;

/// The names of the first object.
pub(super) fn columns(text: impl Read) -> Result<Vec<String>, Error> {
    let mut lines = Lines::new(text);
    let Some(line) = lines.next()? else {
        return Err(wrong("the list has no lines; write a JSON object on each"));
    };
    let object: Map<String, Value> = serde_json::from_slice(line).map_err(|_| {
        wrong("the first line of the list is no JSON object; write one on each line")
    })?;
    Ok(object.into_iter().map(|(name, _)| name).collect())
}

/// The rows after the first `skip`.
pub(super) fn rows(
    text: impl Read,
    columns: &[String],
    skip: u32,
    mut receiver: impl FnMut(Values<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut lines = Lines::new(text);
    let mut seen = 0;
    while let Some(line) = lines.next()? {
        seen += 1;
        if seen <= skip {
            continue;
        }
        let keep_reading = match values(line, columns) {
            Ok(values) => receiver(Values::Row(&mut values.iter().map(Option::as_deref)))?,
            Err(problem) => receiver(Values::Wrong(problem))?,
        };
        if !keep_reading {
            return Ok(());
        }
    }
    Ok(())
}

fn values(line: &[u8], columns: &[String]) -> Result<Vec<Option<String>>, String> {
    let object: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|_| "the line is no JSON object; write one on each line".to_owned())?;
    let mut values = vec![None; columns.len()];
    for (name, value) in object {
        let place = columns.iter().position(|known| *known == name);
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(bool) => bool.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err("a field holds a list or an object; only texts, numbers and booleans are values".to_owned());
            }
        };
        let slot = place.and_then(|place| values.get_mut(place));
        *slot.ok_or("the line has a field that the first line does not have")? = Some(value);
    }
    Ok(values)
}

/// Lines that are not blank, none longer than a row may be.
struct Lines<R> {
    text: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    fn new(text: R) -> Self {
        Self {
            text: BufReader::with_capacity(1 << 16, text),
            line: Vec::new(),
            number: 0,
        }
    }

    fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        loop {
            self.line.clear();
            self.number += 1;
            let most = u64::try_from(LONGEST_ROW).unwrap_or(u64::MAX);
            let read = (&mut self.text)
                .take(most)
                .read_until(b'\n', &mut self.line)
                .map_err(unreadable)?;
            if read == 0 {
                return Ok(None);
            }
            if read == LONGEST_ROW && !self.line.ends_with(b"\n") {
                return Err(wrong(format!(
                    "line {} is longer than {} KiB; shorten it",
                    self.number,
                    LONGEST_ROW >> 10
                )));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(self.line.trim_ascii()));
            }
        }
    }
}
