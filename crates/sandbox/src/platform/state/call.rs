//! The input of the state functions, and their refusals.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::platform::catalog::Operation;
use crate::platform::ids::Ids;

/// The operation that is carried out: its complete input except the state.
pub(crate) struct Call<'a> {
    /// Access key or app id of the sender.
    pub(crate) account: &'a str,
    pub(crate) operation: &'a Operation,
    /// The fields of the request. They are valid by the spec.
    pub(crate) fields: &'a Map<String, Value>,
    pub(crate) ids: &'a Ids,
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) now: u64,
}

impl<'a> Call<'a> {
    /// A text field of the request; empty if absent.
    pub(super) fn text(&self, name: &str) -> &'a str {
        let text = self.fields.get(name).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    /// Whether a text field of the request is absent or has this value.
    pub(super) fn fits(&self, name: &str, value: &(impl PartialEq<str> + ?Sized)) -> bool {
        let expected = self.text(name);
        expected.is_empty() || value == expected
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(Value::as_i64)
    }

    /// A page number or page size. They start at 1 in every service.
    pub(super) fn at_least_1(&self, name: &str, default: Option<i64>) -> Result<usize, Refusal> {
        let number = self.integer(name).or(default);
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.filter(|number| *number > 0).ok_or_else(|| {
            Refusal::new(
                self.operation.parameter_code(),
                format!("/{name} less than 1"),
            )
        })
    }

    /// A value of the spec's example reply, before fields of the request are filled in.
    pub(super) fn example(&self, pointer: &str) -> Option<&'a Value> {
        self.operation.success.as_ref()?.pointer(pointer)
    }

    /// A list of the spec's example reply.
    pub(super) fn examples(&self, pointer: &str) -> &'a [Value] {
        let list = self.example(pointer).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }
}

/// Why an operation is refused.
pub(crate) struct Refusal {
    /// A code that the reference documents for the operation.
    pub(super) code: i64,
    /// Never contains a value of the request.
    pub(super) problem: Cow<'static, str>,
    /// True if no item of the kind was ever created. Then an example of the documentation cannot be distinguished
    /// from a mistake.
    pub(super) never_used: bool,
}

impl Refusal {
    pub(super) fn new(code: i64, problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            problem: problem.into(),
            never_used: false,
        }
    }

    /// The item does not exist.
    pub(super) fn missing(code: i64, problem: &'static str, ever_used: bool) -> Self {
        Self {
            never_used: !ever_used,
            ..Self::new(code, problem)
        }
    }
}

pub(super) type Done = Result<(), Refusal>;

/// The numbers of a comma-separated list.
pub(super) fn numbers(list: &str) -> impl Iterator<Item = &str> {
    let numbers = list.split(',').map(str::trim);
    numbers.filter(|number| !number.is_empty())
}

/// Sets a member of the reply, or adds it.
pub(super) fn put(reply: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some(place) = reply.pointer_mut(pointer) {
        *place = value.into();
    }
}

/// A text of the reply; empty if absent.
pub(super) fn text_at(reply: &Value, pointer: &str) -> String {
    let text = reply.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
