//! A rule of a schema that a request breaks, in words that hold no value of the request.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::format::phone;

/// The first place where a request breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// JSON pointer into the body, or into the query for a request without a body.
    pub(crate) pointer: String,
    /// What is wrong there.
    pub(crate) problem: String,
}

impl Violation {
    /// A violation of the request as a whole.
    pub(crate) fn whole(problem: impl Into<String>) -> Self {
        Self::at(String::new(), problem)
    }

    /// A violation at a place.
    pub(crate) fn at(pointer: String, problem: impl Into<String>) -> Self {
        Self {
            pointer,
            problem: problem.into(),
        }
    }
}

/// Appends a name to a JSON pointer.
pub(crate) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl From<&jsonschema::ValidationError<'_>> for Violation {
    fn from(error: &jsonschema::ValidationError<'_>) -> Self {
        use ValidationErrorKind as Kind;
        let pointer = error.instance_path().as_str().to_owned();
        // Limits and options come from the spec; the value never enters the text.
        let problem = match error.kind() {
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                return Self::at(below(&pointer, name), "is missing");
            }
            Kind::Type { kind } => format!("wrong type, {} expected", kinds(kind)),
            Kind::Enum { options } => format!("not one of {}", list(options)),
            Kind::Constant { expected_value } => format!("{expected_value} expected"),
            Kind::MinLength { limit: 1 } => "is empty".to_owned(),
            Kind::MinLength { limit } => format!("shorter than {limit} characters"),
            Kind::MaxLength { limit } => format!("longer than {limit} characters"),
            Kind::Pattern { pattern } => format!("does not match {pattern}"),
            Kind::Format { format } => {
                let mut phones = phone::FORMS.iter();
                match phones.find(|(name, _, _)| name == format) {
                    Some((_, _, words)) => format!("is not {words}"),
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
        Self::at(pointer, problem)
    }
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
