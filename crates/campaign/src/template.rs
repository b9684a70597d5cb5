//! A request as a JSON text, with `{column}` in its texts.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nxcloud_client::Request;
use serde_json::{Map, Value};

use crate::compose::{Row, key_is_taken, pointer};
use crate::{Error, ErrorKind};

/// The JSON of an operation's request, with `{column}` in its texts for the values of a row. `{{` and `}}` stand for braces.
///
/// ```
/// use nxcloud_campaign::Template;
/// use nxcloud_sms::SendSms;
///
/// let template = Template::<SendSms>::new(
///     r#"{"appKey": "my-app", "phone": "{mobile}", "content": "Hello {name}, your code is {{4711}}."}"#,
/// )?;
/// assert_eq!(template.number_column(), "mobile");
/// # Ok::<(), nxcloud_campaign::Error>(())
/// ```
///
/// The recipient is exactly one column, and that is the column of numbers. One request is one message: of several numbers in one request,
/// no receipt could be matched. A field that the run needs for the row's key (SMS: `ext`) must be left out.
///
/// `Debug` shows the names of the columns only.
pub struct Template<R> {
    parts: Arc<Parts>,
    of: PhantomData<fn() -> R>,
}

/// A template, whatever its operation is.
pub(crate) struct Parts {
    root: Node,
    /// As it was written, for the ledger.
    json: String,
    number_column: String,
}

#[derive(Clone)]
enum Node {
    /// A value without columns.
    Fixed(Value),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Clone, PartialEq, Debug)]
enum Piece {
    Text(String),
    Column(String),
}

impl<R> Template<R> {
    /// Reads the JSON of a request for the operation of `R`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] when it is no JSON object, a brace is not closed, the operation sends no messages, the recipient is not exactly
    /// one column, or the field of the row's key is used.
    pub fn new(json: &str) -> Result<Self, Error>
    where
        R: Request,
    {
        let value: Value = serde_json::from_str(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            invalid(format!(
                "the template is no JSON (line {line}, column {column}); correct it"
            ))
        })?;
        let Value::Object(_) = value else {
            return Err(invalid(
                "the template is no JSON object; write the request of the operation",
            ));
        };
        let operation = R::OPERATION.id;
        let Some(message) = R::MESSAGE else {
            return Err(invalid(format!(
                "{operation} sends no messages; choose an operation that does"
            )));
        };
        if let Some(problem) = key_is_taken::<R>(&value) {
            return Err(invalid(format!("template: {problem}")));
        }
        let to = value.pointer(&pointer(message.to)).and_then(Value::as_str);
        let number_column = match pieces(to.unwrap_or_default())
            .map_err(|problem| invalid(format!("template: `{}` {problem}", message.to)))?
            .as_slice()
        {
            [Piece::Column(column)] => column.clone(),
            _ => {
                return Err(invalid(format!(
                    "template: `{}` is not exactly one column; write the column of the numbers, such as {{phone}}",
                    message.to
                )));
            }
        };
        let root = node(value, "").map_err(|problem| invalid(format!("template: {problem}")))?;
        let parts = Arc::new(Parts {
            root,
            json: json.to_owned(),
            number_column,
        });
        Ok(Self {
            parts,
            of: PhantomData,
        })
    }

    /// The column of the recipients' numbers.
    #[must_use]
    pub fn number_column(&self) -> &str {
        &self.parts.number_column
    }

    /// Every column that it uses, sorted.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        self.parts.columns()
    }

    /// The JSON as it was written.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.parts.json
    }

    pub(crate) fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.parts)
    }

    /// The request for a row, as JSON.
    pub(crate) fn render(&self, row: &Row) -> Result<Value, String> {
        self.parts.root.render(row)
    }
}

impl Parts {
    fn columns(&self) -> Vec<&str> {
        let mut columns = BTreeSet::new();
        self.root.columns(&mut columns);
        columns.into_iter().collect()
    }

    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// Whether the list has every column that it uses.
    pub(crate) fn check(&self, columns: &[String]) -> Result<(), Error> {
        let unknown = self
            .columns()
            .into_iter()
            .find(|name| !columns.iter().any(|known| known == name));
        match unknown {
            None => Ok(()),
            Some(name) => Err(invalid(format!(
                "the template uses the column `{name}`, which the list does not have; it has: {}",
                names(columns)
            ))),
        }
    }
}

/// The name of a column, or nothing of what may be a phone number.
pub(crate) fn name(name: &str) -> String {
    if is_number(name) {
        return "(a number)".to_owned();
    }
    name.escape_debug().take(40).collect()
}

/// The first names of a list of columns. With a number among them the list has no line of names, and this would be a recipient: nothing
/// of it is shown.
pub(crate) fn names(columns: &[String]) -> String {
    const MOST: usize = 12;
    if columns.iter().any(|name| is_number(name)) {
        return "a number in its first line; write the names of the columns there".to_owned();
    }
    let first: Vec<String> = columns
        .iter()
        .take(MOST)
        .map(|column| name(column))
        .collect();
    let mut text = first.join(", ");
    if columns.len() > MOST {
        text.push_str(&format!(" and {} more", columns.len() - MOST));
    }
    text
}

fn is_number(name: &str) -> bool {
    name.chars().filter(char::is_ascii_digit).count() >= 5
}

fn invalid(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Template, text)
}

fn node(value: Value, path: &str) -> Result<Node, String> {
    Ok(match value {
        Value::String(text) => {
            match pieces(&text).map_err(|problem| format!("`{path}` {problem}"))? {
                pieces if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) => {
                    let text = pieces.into_iter().map(|piece| match piece {
                        Piece::Text(text) | Piece::Column(text) => text,
                    });
                    Node::Fixed(Value::String(text.collect()))
                }
                pieces => Node::Text(pieces),
            }
        }
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            Node::List(
                items
                    .map(|(place, item)| node(item, &join(path, &place.to_string())))
                    .collect::<Result<_, _>>()?,
            )
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let node = node(value, &join(path, &name))?;
                Ok((name, node))
            });
            Node::Object(fields.collect::<Result<_, String>>()?)
        }
        other => Node::Fixed(other),
    })
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() {
        step.to_owned()
    } else {
        format!("{path}.{step}")
    }
}

/// The pieces of a text: what stands between braces is a column.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else if let Some((name, after)) =
            from.strip_prefix('{').and_then(|from| from.split_once('}'))
        {
            let name = name.trim();
            if name.is_empty() || name.contains('{') {
                return Err(
                    "has braces without the name of a column; write {{ and }} for braces"
                        .to_owned(),
                );
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Column(name.to_owned()));
            rest = after;
        } else {
            return Err(
                "has a brace without its counterpart; write {{ and }} for braces".to_owned(),
            );
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

impl Node {
    fn columns<'n>(&'n self, found: &mut BTreeSet<&'n str>) {
        match self {
            Self::Fixed(_) => {}
            Self::Text(pieces) => found.extend(pieces.iter().filter_map(|piece| match piece {
                Piece::Column(name) => Some(name.as_str()),
                Piece::Text(_) => None,
            })),
            Self::List(items) => items.iter().for_each(|item| item.columns(found)),
            Self::Object(fields) => fields.iter().for_each(|(_, field)| field.columns(found)),
        }
    }

    fn render(&self, row: &Row) -> Result<Value, String> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(plain) => text.push_str(plain),
                        Piece::Column(name) => {
                            let value = row.get(name);
                            text.push_str(
                                value.ok_or_else(|| format!("the column `{name}` has no value"))?,
                            );
                        }
                    }
                }
                Value::String(text)
            }
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.render(row))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(fields) => {
                let mut map = Map::new();
                for (name, field) in fields {
                    map.insert(name.clone(), field.render(row)?);
                }
                Value::Object(map)
            }
        })
    }
}

impl<R> Clone for Template<R> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts(),
            of: PhantomData,
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("columns", &self.columns())
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Template<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("columns", &self.columns())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
