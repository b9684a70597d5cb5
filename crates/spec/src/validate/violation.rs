//! Violations of schemas. Their texts contain no part of the value.

use jsonschema::JsonType;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::{NOT_AN_INTEGER, format};
use crate::schema::Kind as JsonKind;

/// A violation of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The JSON pointer of the value.
    pub pointer: String,
    /// The broken rule, for callers that write their own texts.
    pub rule: Rule,
    /// What is wrong.
    pub problem: String,
}

/// The broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A property is required.
    Required,
    /// The value must have one of these JSON types.
    Type(Vec<JsonKind>),
    /// Any other rule: a limit, a format, a fixed value, or how many properties may be set.
    Limit,
}

impl Violation {
    /// A violation of the value as a whole.
    pub fn whole(problem: impl Into<String>) -> Self {
        Self::at(String::new(), problem)
    }

    /// A violation at a place.
    pub fn at(pointer: String, problem: impl Into<String>) -> Self {
        Self {
            pointer,
            rule: Rule::Limit,
            problem: problem.into(),
        }
    }
}

/// Appends a name to a JSON pointer.
pub fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl From<&jsonschema::ValidationError<'_>> for Violation {
    fn from(error: &jsonschema::ValidationError<'_>) -> Self {
        use ValidationErrorKind as Kind;
        let pointer = error.instance_path().as_str().to_owned();
        // Limits and options come from the spec. The value must not be in the text.
        let problem = match error.kind() {
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                return Self {
                    rule: Rule::Required,
                    ..Self::at(below(&pointer, name), "is missing")
                };
            }
            Kind::Type { kind }
                if error.instance().is_number()
                    && json_kinds(kind).contains(&JsonKind::Integer) =>
            {
                NOT_AN_INTEGER.to_owned()
            }
            Kind::Type { kind } => format!("wrong type, {} expected", kinds(kind)),
            Kind::Enum { options } => format!("not one of {}", list(options)),
            Kind::Constant { expected_value } => format!("{expected_value} expected"),
            Kind::MinLength { limit: 1 } => "is empty".to_owned(),
            Kind::MinLength { limit } => format!("shorter than {limit} characters"),
            Kind::MaxLength { limit } => format!("longer than {limit} characters"),
            Kind::Pattern { pattern } => format!("does not match {pattern}"),
            Kind::Format { format } => {
                let mut phones = format::PHONES.iter();
                match phones.find(|(name, _, _)| name == format) {
                    Some((_, _, form)) => format!("is not {form}"),
                    None => format!("not in the form {format}"),
                }
            }
            Kind::Minimum { limit } => format!("less than {limit}"),
            Kind::Maximum { limit } => format!("greater than {limit}"),
            Kind::ExclusiveMinimum { limit } => format!("not greater than {limit}"),
            Kind::ExclusiveMaximum { limit } => format!("not less than {limit}"),
            Kind::MinItems { limit } => format!("fewer than {limit} items"),
            Kind::MaxItems { limit } => format!("more than {limit} items"),
            Kind::UniqueItems => "items repeat".to_owned(),
            Kind::Custom { message, .. } => message.clone(),
            other => format!("breaks the rule {}", other.keyword()),
        };
        let rule = match error.kind() {
            Kind::Type { kind } => Rule::Type(json_kinds(kind)),
            Kind::Custom { message, .. } if message == NOT_AN_INTEGER => {
                Rule::Type(vec![JsonKind::Integer])
            }
            _ => Rule::Limit,
        };
        Self {
            rule,
            ..Self::at(pointer, problem)
        }
    }
}

/// The types, except null, which a schema allows with `nullable`.
fn json_kinds(kind: &TypeKind) -> Vec<JsonKind> {
    let types: Vec<JsonType> = match kind {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().collect(),
    };
    let kinds = types.into_iter().filter_map(|kind| match kind {
        JsonType::Array => Some(JsonKind::Array),
        JsonType::Boolean => Some(JsonKind::Boolean),
        JsonType::Integer => Some(JsonKind::Integer),
        JsonType::Number => Some(JsonKind::Number),
        JsonType::Object => Some(JsonKind::Object),
        JsonType::String => Some(JsonKind::String),
        JsonType::Null => None,
    });
    kinds.collect()
}

fn kinds(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => kinds
            .iter()
            .map(|kind| kind.to_string())
            .collect::<Vec<_>>()
            .join(" or "),
    }
}

fn list(options: &Value) -> String {
    options
        .as_array()
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
