//! Whether values fit schemas: the OpenAPI 3.0 dialect translated to JSON Schema.

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
    /// Takes in the named schemas of a spec.
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
    /// A reference that leads nowhere, or a pattern that is no regular expression.
    pub fn compile(&self, schema: &Schema) -> Result<Validator, String> {
        let schema = translate::schema(schema);
        let mut schemas = Map::new();
        self.referred(&schema, &mut schemas);
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
        for (keyword, least, most) in Choice::KEYWORDS {
            options = options.with_keyword(keyword, move |_, value, _| {
                Ok(Box::new(Choice::new(value, least, most)))
            });
        }
        options = options.with_keyword(INTEGER, |_, _, _| Ok(Box::new(Integer)));
        let compiled = options.build(&document);
        compiled.map(Validator).map_err(|error| error.to_string())
    }

    /// The named schemas that a schema refers to, and those that they refer to: jsonschema reads through all that it is given.
    fn referred(&self, schema: &Value, into: &mut Map<String, Value>) {
        match schema {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                let name = reference.and_then(|reference| reference.rsplit('/').next());
                if let Some((name, named)) =
                    name.and_then(|name| self.components.get_key_value(name))
                    && !into.contains_key(name)
                {
                    into.insert(name.clone(), named.clone());
                    self.referred(named, into);
                }
                members
                    .values()
                    .for_each(|member| self.referred(member, into));
            }
            Value::Array(items) => items.iter().for_each(|item| self.referred(item, into)),
            _ => {}
        }
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
