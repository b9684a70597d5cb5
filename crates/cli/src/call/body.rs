//! From what people write to the body that the schema describes. Every place that does not fit is named by its path, never by its value.

use std::fmt::Display;

use nxcloud_spec::schema::{Format, Kind};
use nxcloud_spec::validate::{Compiler, Rule};
use nxcloud_spec::{Document, SchemaRef};
use serde_json::{Map, Number, Value};

use super::members::{Members, Type, known_values};
use crate::failure::Failure;

/// A place that does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Wire names and list positions: `customers[3].email`.
    pub(super) path: String,
    pub(super) text: String,
}

/// Completes a body and gives every place that does not fit. What is null is taken as absent, what has only one value or a documented default is filled
/// in, and numbers in and out of quotes become what the wire carries. Limits are left to the typed request.
pub(super) fn complete(
    schema: SchemaRef<'_>,
    document: &Document,
    body: &mut Map<String, Value>,
) -> Result<Vec<Problem>, Failure> {
    let mut completion = Completion::default();
    completion.object(schema, body, &[]);
    let mut problems = completion.problems;
    let validator = Compiler::new(document).compile(schema.schema());
    let validator = validator.map_err(|error| Failure::usage(format!("the spec: {error}")))?;
    let value = Value::Object(std::mem::take(body));
    for violation in validator.violations(&value) {
        let path = dotted(&value, &violation.pointer);
        let is_known = problems.iter().any(|problem| problem.path == path);
        if let Some(text) = text(&violation.rule).filter(|_| !is_known) {
            problems.push(Problem { path, text });
        }
    }
    if let Value::Object(value) = value {
        *body = value;
    }
    Ok(problems)
}

/// What is wrong by a rule; nothing for limits.
fn text(rule: &Rule) -> Option<String> {
    match rule {
        Rule::Required => Some("is missing".to_owned()),
        Rule::Type(kinds) => {
            let kinds = kinds.iter().map(|kind| match kind {
                Kind::String => "a text",
                Kind::Integer => "a whole number",
                Kind::Number => "a number",
                Kind::Boolean => "true or false",
                Kind::Array => "a list",
                Kind::Object => "an object",
            });
            Some(format!(
                "must be {}",
                kinds.collect::<Vec<_>>().join(" or ")
            ))
        }
        Rule::Limit => None,
    }
}

/// A JSON pointer into a value as a path of names and positions.
fn dotted(mut value: &Value, pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match value {
            Value::Array(items) => {
                path.push_str(&format!("[{step}]"));
                let index = step.parse().ok();
                index.and_then(|index: usize| items.get(index))
            }
            other => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&step);
                other.get(&step)
            }
        }
        .unwrap_or(&Value::Null);
    }
    path
}

#[derive(Default)]
struct Completion {
    path: String,
    problems: Vec<Problem>,
}

impl Completion {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(Problem {
            path: self.path.clone(),
            text: text.into(),
        });
    }

    /// Does something one step further down.
    fn at(&mut self, step: &str, what: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if !self.path.is_empty() && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        what(self);
        self.path.truncate(length);
    }

    /// `beside` are names that belong to another object written into the same map.
    fn object(&mut self, schema: SchemaRef<'_>, body: &mut Map<String, Value>, beside: &[&str]) {
        let members = Members::of(schema);
        for property in &members.properties {
            // A null is how many programs write what is absent.
            if body.get(property.name).is_some_and(Value::is_null) {
                body.shift_remove(property.name);
            }
            match (body.get_mut(property.name), property.filled_in()) {
                (Some(value), _) => {
                    self.at(property.name, |inner| inner.value(property.schema, value))
                }
                (None, Some(value)) => {
                    body.insert(property.name.to_owned(), value.clone());
                }
                (None, None) => {}
            }
        }
        let mut known = beside.to_vec();
        known.extend(members.properties.iter().map(|property| property.name));
        let Some(choice) = members.choice else {
            return self.unknown(&known, body);
        };
        known.push(choice.tag);
        let tag = body.get(choice.tag).filter(|tag| !tag.is_null());
        let Some(tag) = tag else {
            let problem = format!("is missing; it is one of {}", choice.tags());
            return self.at(choice.tag, |inner| inner.problem(problem));
        };
        let mut variants = choice.variants.iter();
        match variants.find(|(value, _)| tag == *value) {
            Some((_, variant)) => self.object(*variant, body, &known),
            None => {
                let problem = format!("must be one of {}", choice.tags());
                self.at(choice.tag, |inner| inner.problem(problem));
            }
        }
    }

    fn unknown(&mut self, known: &[&str], body: &Map<String, Value>) {
        for name in body.keys().filter(|name| !known.contains(&name.as_str())) {
            let expected = known.join(", ");
            self.at(name, |inner| {
                inner.problem(format!("is not known here; there are {expected}"));
            });
        }
    }

    fn value(&mut self, schema: SchemaRef<'_>, value: &mut Value) {
        match Type::of(schema) {
            Type::Text(Some(Format::Date)) => {
                self.parsed(value.as_str().map(str::parse::<nxcloud::Date>))
            }
            Type::Text(Some(Format::DateTime)) => {
                self.parsed(value.as_str().map(str::parse::<nxcloud::DateTime>));
            }
            // A value of an open enum may be a number to people.
            Type::Text(_) if value.is_number() && !known_values(schema).is_empty() => {
                *value = value.to_string().into();
            }
            Type::Integer(format) => {
                if let Some(number) = as_integer(value).filter(|_| !known_values(schema).is_empty())
                {
                    *value = number.into();
                }
                match value.as_i64() {
                    // Narrower than a whole number of JSON Schema.
                    None => self.problem("must be a whole number"),
                    Some(seconds) if format == Some(Format::UnixSeconds) => {
                        self.parsed(Some(nxcloud::DateTime::from_unix_seconds(seconds)));
                    }
                    Some(_) => {}
                }
            }
            Type::QuotedInteger => match as_integer(value) {
                Some(number) => *value = number.to_string().into(),
                None => self.problem("must be a whole number"),
            },
            Type::Number => {
                // In quotes one of more digits than a float holds, which `text.rs` has put there.
                let text = value.as_str().filter(|text| text.len() > 15);
                if let Some(number) = text.and_then(|text| text.parse::<Number>().ok()) {
                    *value = number.into();
                }
            }
            Type::Decimal => match decimal(schema, value) {
                Some(decimal) => *value = decimal,
                None => self.problem("must be decimal digits, such as \"0.05\""),
            },
            Type::List(items) => {
                for (index, value) in value.as_array_mut().into_iter().flatten().enumerate() {
                    self.at(&format!("[{index}]"), |inner| inner.value(items, value));
                }
            }
            Type::Map(values) => {
                for (name, value) in value.as_object_mut().into_iter().flatten() {
                    self.at(name, |inner| inner.value(values, value));
                }
            }
            Type::Object => {
                if let Value::Object(body) = value {
                    self.object(schema, body, &[]);
                }
            }
            Type::Text(_) | Type::Boolean | Type::File | Type::Any => {}
        }
    }

    /// Reports a time that cannot be read; one that is no text is the validator's to report.
    fn parsed<T, E: Display>(&mut self, parsed: Option<Result<T, E>>) {
        if let Some(Err(error)) = parsed {
            self.problem(format!("is {error}"));
        }
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The digits as the wire carries them: in quotes, or as a number.
fn decimal(schema: SchemaRef<'_>, value: &Value) -> Option<Value> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let decimal = text.parse::<nxcloud::Decimal>().ok()?;
    match schema.kind() {
        Some(Kind::Number) => decimal.as_str().parse::<Number>().ok().map(Value::from),
        _ => Some(decimal.as_str().into()),
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
