//! Validates values against schemas: translates the OpenAPI 3.0 dialect to JSON Schema.

mod choice;
mod format;
mod integer;
mod translate;
mod violation;

use jsonschema::{Draft, Validator as JsonSchema};
use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::schema::Schema;
use choice::Choice;
use integer::{INTEGER, Integer};

pub use integer::{NOT_AN_INTEGER, integer};
pub use violation::{Rule, Violation, below};

/// Compiles the schemas of one spec.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The named schemas, translated.
    components: Map<String, Value>,
}

/// A compiled schema.
#[derive(Debug)]
pub struct Validator(JsonSchema);

impl Compiler {
    /// A compiler for the schemas of a spec.
    #[must_use]
    pub fn new(document: &Document) -> Self {
        let schemas = document.components.schemas.iter();
        Self {
            components: schemas
                .map(|(name, schema)| (name.clone(), translate::schema(schema)))
                .collect(),
        }
    }

    /// Compiles a schema of the spec.
    ///
    /// # Errors
    ///
    /// If a reference has no target, or a pattern is not a regular expression.
    pub fn compile(&self, schema: &Schema) -> Result<Validator, String> {
        let schema = translate::schema(schema);
        let mut schemas = Map::new();
        self.collect_references(&schema, &mut schemas);
        let document = json!({ "allOf": [schema], "components": { "schemas": schemas } });
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true);
        for (name, check) in format::CHECKS {
            options = options.with_format(*name, check);
        }
        for (name, check, _) in format::PHONES {
            options = options.with_format(*name, check);
        }
        for (keyword, min, max) in Choice::KEYWORDS {
            options = options.with_keyword(keyword, move |_, value, _| {
                Ok(Box::new(Choice::new(value, min, max)))
            });
        }
        options = options.with_keyword(INTEGER, |_, _, _| Ok(Box::new(Integer)));
        let compiled = options.build(&document);
        compiled.map(Validator).map_err(|error| error.to_string())
    }

    /// Collects the named schemas that a schema references, directly and indirectly. jsonschema processes all schemas that it gets, so pass only these.
    fn collect_references(&self, schema: &Value, into: &mut Map<String, Value>) {
        match schema {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                let name = reference.and_then(|reference| reference.rsplit('/').next());
                if let Some((name, named)) =
                    name.and_then(|name| self.components.get_key_value(name))
                    && !into.contains_key(name)
                {
                    into.insert(name.clone(), named.clone());
                    self.collect_references(named, into);
                }
                members
                    .values()
                    .for_each(|member| self.collect_references(member, into));
            }
            Value::Array(items) => items
                .iter()
                .for_each(|item| self.collect_references(item, into)),
            _ => {}
        }
    }
}

impl Validator {
    /// Validates a value and stops at the first violation.
    ///
    /// # Errors
    ///
    /// The violation. It contains no part of the value.
    pub fn check(&self, value: &Value) -> Result<(), Violation> {
        self.0.validate(value).map_err(|error| (&error).into())
    }

    /// All violations of a value. They contain no part of the value.
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
