//! Completes and validates the body of a request. Problems name the path of the value, never the value.

use std::fmt::Display;

use nxcloud_spec::schema::{Format, Kind};
use nxcloud_spec::validate::{Compiler, Rule};
use nxcloud_spec::{Document, SchemaRef};
use serde_json::{Map, Number, Value};

use super::members::{Members, Type, known_values};
use crate::failure::Failure;

/// A value that violates the schema.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Wire names and array indexes: `customers[3].email`.
    pub(super) path: String,
    pub(super) text: String,
}

/// Completes a body and returns every problem in it. Null counts as absent. Constants and documented defaults are filled in. Numbers
/// get the form of the wire, with or without quotes. The typed request checks the limits later.
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
        let is_reported = problems.iter().any(|problem| problem.path == path);
        if let Some(text) = text(&violation.rule).filter(|_| !is_reported) {
            problems.push(Problem { path, text });
        }
    }
    if let Value::Object(value) = value {
        *body = value;
    }
    Ok(problems)
}

/// Describes a violated rule. Limits return `None`.
fn text(rule: &Rule) -> Option<String> {
    match rule {
        Rule::Required => Some("is missing".to_owned()),
        Rule::Type(kinds) => {
            let kinds = kinds.iter().map(|kind| match kind {
                Kind::String => "a string",
                Kind::Integer => "an integer",
                Kind::Number => "a number",
                Kind::Boolean => "true or false",
                Kind::Array => "an array",
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

/// Turns a JSON pointer into a path such as `customers[3].email`.
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

    /// Runs `visit` with one more step on the path.
    fn at(&mut self, step: &str, visit: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if !self.path.is_empty() && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        visit(self);
        self.path.truncate(length);
    }

    /// Completes an object. `outer` are the names of an object that is flattened into the same map.
    fn object(&mut self, schema: SchemaRef<'_>, body: &mut Map<String, Value>, outer: &[&str]) {
        let members = Members::of(schema);
        for property in &members.properties {
            // Many programs write null for an absent value.
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
        let mut known = outer.to_vec();
        known.extend(members.properties.iter().map(|property| property.name));
        let Some(choice) = members.choice else {
            return self.unknown(&known, body);
        };
        known.push(choice.tag);
        let tag = body.get(choice.tag).filter(|tag| !tag.is_null());
        let Some(tag) = tag else {
            let problem = format!("is missing; use one of {}", choice.tags());
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
                inner.problem(format!("is not a known field; use one of {expected}"));
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
            // A number may stand for a value of an open enum of strings.
            Type::Text(_) if value.is_number() && !known_values(schema).is_empty() => {
                *value = value.to_string().into();
            }
            Type::Integer(format) => {
                if let Some(number) = as_integer(value).filter(|_| !known_values(schema).is_empty())
                {
                    *value = number.into();
                }
                match value.as_i64() {
                    // JSON Schema accepts integers that 64 bits cannot hold.
                    None => self.problem("must be an integer"),
                    Some(seconds) if format == Some(Format::UnixSeconds) => {
                        self.parsed(Some(nxcloud::DateTime::from_unix_seconds(seconds)));
                    }
                    Some(_) => {}
                }
            }
            Type::QuotedInteger => match as_integer(value) {
                Some(number) => *value = number.to_string().into(),
                None => self.problem("must be an integer"),
            },
            Type::Number => {
                // `text.rs` puts a number in quotes if a float cannot hold all its digits.
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

    /// Reports a time that cannot be parsed. The validator reports values that are not strings.
    fn parsed<T, E: Display>(&mut self, parsed: Option<Result<T, E>>) {
        if let Some(Err(error)) = parsed {
            self.problem(format!("is {error}"));
        }
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Gives a decimal the form of the wire: a string or a number.
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
