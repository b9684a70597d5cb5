//! From a row of the list to the request that is sent for it.

use std::fmt;
use std::sync::Arc;

use nxcloud_client::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::template::Template;

/// A row of the list, as a request is made from it.
///
/// `Debug` shows neither the number nor the values.
#[derive(Clone)]
pub struct Row {
    pub(crate) number: u32,
    pub(crate) phone: String,
    pub(crate) key: String,
    pub(crate) columns: Arc<Columns>,
    pub(crate) values: Vec<Option<String>>,
}

/// The names of the columns of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) names: Vec<String>,
    /// The place of the column that holds the recipient's number.
    pub(crate) number: usize,
}

impl Columns {
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

impl Row {
    /// Its number in the list, from 1; a line with the names of the columns does not count.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The recipient: digits with the country code, without a plus.
    #[must_use]
    pub fn phone(&self) -> &str {
        &self.phone
    }

    /// What receipts of the row bring back, where the operation has a field for it. The run fills it in by itself.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A value by the name of its column; of the column of numbers it is [`phone`](Self::phone). `None` if there is no such column, or a
    /// JSON row lacks it.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        self.value(self.columns.place(column)?)
    }

    pub(crate) fn value(&self, place: usize) -> Option<&str> {
        if place == self.columns.number {
            return Some(&self.phone);
        }
        self.values.get(place)?.as_deref()
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Makes the request for a row: a [`Template`], or a closure from [`Row`] to the request or a problem.
///
/// A problem is one line, without numbers and texts. The run puts the row's key into the request, so a closure need not.
pub trait Compose<R>: Send + Sync {
    /// The request for a row, with its key.
    ///
    /// # Errors
    ///
    /// What is wrong with the row.
    fn compose(&self, row: &Row) -> Result<R, String>;
}

impl<R: Request + DeserializeOwned> Compose<R> for Template<R> {
    fn compose(&self, row: &Row) -> Result<R, String> {
        with_key::<R>(self.render(row)?, row)
    }
}

impl<R, F> Compose<R> for F
where
    R: Request + Serialize + DeserializeOwned,
    F: Fn(&Row) -> Result<R, String> + Send + Sync,
{
    fn compose(&self, row: &Row) -> Result<R, String> {
        let request = self(row)?;
        let body = serde_json::to_value(&request)
            .map_err(|error| format!("the request cannot be written as JSON: {error}"))?;
        if let Some(problem) = key_is_taken::<R>(&body) {
            return Err(problem);
        }
        with_key::<R>(body, row)
    }
}

/// The name of the caller's own id of a message, which the platform shows to its support.
const OWN_ID: &str = "sysMessageId";

/// What is wrong when a request uses the field that its row's key needs.
pub(crate) fn key_is_taken<R: Request>(body: &Value) -> Option<String> {
    let echo = R::MESSAGE?.echo?;
    let taken = body
        .pointer(&pointer(echo))
        .is_some_and(|value| !value.is_null());
    taken.then(|| {
        format!("`{echo}` is used; leave it out, the run needs it to find the row of a receipt")
    })
}

fn with_key<R: Request + DeserializeOwned>(mut body: Value, row: &Row) -> Result<R, String> {
    if let (Some(echo), Some(fields)) = (
        R::MESSAGE.and_then(|message| message.echo),
        body.as_object_mut(),
    ) {
        fields.insert(echo.to_owned(), Value::String(row.key.clone()));
        if R::OPERATION.public_fields.contains(&OWN_ID) {
            let own = fields.entry(OWN_ID).or_insert(Value::Null);
            if own.is_null() {
                *own = Value::String(row.key.clone());
            }
        }
    }
    // The error itself would show the value.
    serde_path_to_error::deserialize(body).map_err(|error| {
        let path = error.path().to_string();
        format!("the request does not fit the operation at `{path}`; check the template's fields")
    })
}

/// A dotted path as a JSON pointer.
pub(crate) fn pointer(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len() + 1);
    for step in path.split('.') {
        pointer.push('/');
        pointer.push_str(step);
    }
    pointer
}
