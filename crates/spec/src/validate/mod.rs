//! Whether values fit schemas: the OpenAPI 3.0 dialect translated to JSON Schema.

mod choice;
mod format;
mod translate;
mod violation;

use jsonschema::{Draft, Validator as JsonSchema};
use serde_json::{Value, json};

use crate::document::Document;
use crate::schema::Schema;
use choice::Choice;

pub use violation::{Rule, Violation, below};

/// Compiles the schemas of one spec.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The named schemas, translated.
    components: Value,
}

/// A compiled schema.
#[derive(Debug)]
pub struct Validator(JsonSchema);

impl Compiler {
    /// Takes in the named schemas of a spec.
    #[must_use]
    pub fn new(document: &Document) -> Self {
        let schemas = document.components.schemas.iter();
        let schemas: Value = schemas
            .map(|(name, schema)| (name.clone(), translate::schema(schema)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        Self {
            components: json!({ "schemas": schemas }),
        }
    }

    /// Compiles a schema of the spec.
    ///
    /// # Errors
    ///
    /// A reference that leads nowhere, or a pattern that is no regular expression.
    pub fn compile(&self, schema: &Schema) -> Result<Validator, String> {
        let document = json!({
            "allOf": [translate::schema(schema)],
            "components": self.components,
        });
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true);
        for (name, check) in format::CHECKS {
            options = options.with_format(*name, check);
        }
        for (name, check, _) in format::PHONES {
            options = options.with_format(*name, check);
        }
        for (keyword, least, most) in Choice::KEYWORDS {
            options = options.with_keyword(keyword, move |_, value, _| {
                Ok(Box::new(Choice::new(value, least, most)))
            });
        }
        let compiled = options.build(&document);
        compiled.map(Validator).map_err(|error| error.to_string())
    }
}

impl Validator {
    /// Checks a value, and stops at the first violation.
    ///
    /// # Errors
    ///
    /// The violation. It holds no part of the value.
    pub fn check(&self, value: &Value) -> Result<(), Violation> {
        self.0.validate(value).map_err(|error| (&error).into())
    }

    /// Every violation of a value. None holds a part of the value.
    #[must_use]
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        self.0
            .iter_errors(value)
            .map(|error| (&error).into())
            .collect()
    }
}

#[cfg(test)]
mod tests;
