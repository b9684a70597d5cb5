//! From the OpenAPI 3.0 dialect of the specs to JSON Schema.

use jsonschema::{Draft, Keyword, Validator};
use serde_json::{Map, Value, json};

use crate::format;
use crate::violation::Violation;

/// The either-or rules, checked as keywords of their own so that a violation can name the fields.
const AT_LEAST_ONE: &str = "x-nx-at-least-one";
const AT_MOST_ONE: &str = "x-nx-at-most-one";
const EXACTLY_ONE: &str = "x-nx-exactly-one";

/// What describes a value, but does not restrict it.
const ANNOTATIONS: &[&str] = &[
    "default",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
];

/// A schema as a JSON Schema of draft 2020-12; references keep pointing below `#/components`.
pub(super) fn translate(schema: &Value) -> Value {
    let Value::Object(source) = schema else {
        return schema.clone();
    };
    if let Some(reference @ Value::String(_)) = source.get("$ref") {
        // OpenAPI 3.0 ignores what stands beside a reference.
        return json!({ "$ref": reference });
    }
    let mut target = Map::new();
    let mut and = Vec::new();
    for (key, value) in source {
        match key.as_str() {
            "oneOf" if source.contains_key("discriminator") => {
                and.extend(branches(source));
            }
            "allOf" => and.extend(translate_list(value)),
            "anyOf" | "oneOf" => {
                target.insert(key.clone(), Value::Array(translate_list(value)));
            }
            "properties" => {
                target.insert(key.clone(), translate_map(value));
            }
            "items" | "not" | "additionalProperties" => {
                target.insert(key.clone(), translate(value));
            }
            "exclusiveMinimum" | "exclusiveMaximum" => {
                let limit = if key == "exclusiveMinimum" {
                    "minimum"
                } else {
                    "maximum"
                };
                if let (Some(true), Some(number)) = (value.as_bool(), source.get(limit)) {
                    target.insert(key.clone(), number.clone());
                }
            }
            AT_LEAST_ONE | AT_MOST_ONE | EXACTLY_ONE => {
                target.insert(key.clone(), value.clone());
            }
            key if key.starts_with("x-") || ANNOTATIONS.contains(&key) => {}
            _ => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
    if source.get("nullable").and_then(Value::as_bool) == Some(true) {
        allow_null(&mut target);
    }
    if !and.is_empty() {
        target.insert("allOf".to_owned(), Value::Array(and));
    }
    Value::Object(target)
}

/// All schemas below `components`, so that references of a translated schema resolve in it.
pub(super) fn translate_components(components: &Value) -> Value {
    let schemas = components.get("schemas").unwrap_or(&Value::Null);
    json!({ "schemas": translate_map(schemas) })
}

fn translate_list(list: &Value) -> Vec<Value> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(translate)
        .collect()
}

fn translate_map(map: &Value) -> Value {
    map.as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), translate(schema)))
        .collect::<Map<_, _>>()
        .into()
}

fn allow_null(target: &mut Map<String, Value>) {
    if let Some(kind @ Value::String(_)) = target.get_mut("type") {
        *kind = json!([kind, "null"]);
    }
    if let Some(Value::Array(values)) = target.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

/// One rule for the discriminator itself and one for each variant it can name. Unlike `oneOf`, a wrong field of the
/// variant that was meant is then reported as such.
fn branches(schema: &Map<String, Value>) -> Vec<Value> {
    let discriminator = schema.get("discriminator").unwrap_or(&Value::Null);
    let Some(tag) = discriminator.get("propertyName").and_then(Value::as_str) else {
        return vec![
            json!({ "oneOf": translate_list(schema.get("oneOf").unwrap_or(&Value::Null)) }),
        ];
    };
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let known = mapping
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect::<Vec<_>>();
    let mut rules = vec![json!({
        "type": "object",
        "required": [tag],
        "properties": { tag: { "enum": known } },
    })];
    for (name, variant) in mapping.into_iter().flatten() {
        let target = match variant.as_str() {
            Some(reference) if reference.contains('/') => json!({ "$ref": reference }),
            Some(reference) => json!({ "$ref": format!("#/components/schemas/{reference}") }),
            None => continue,
        };
        rules.push(json!({
            "if": { "required": [tag], "properties": { tag: { "const": name } } },
            "then": target,
        }));
    }
    rules
}

/// A compiled schema.
pub(crate) struct Rules(Validator);

impl Rules {
    /// Compiles a translated schema whose references point below `#/components`.
    pub(super) fn compile(schema: Value, components: &Value) -> Result<Self, String> {
        let document = json!({ "allOf": [schema], "components": components });
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true);
        for (name, check) in format::CHECKS {
            options = options.with_format(*name, check);
        }
        for (name, check, _) in format::phone::FORMS {
            options = options.with_format(*name, check);
        }
        for (name, least, most) in [
            (AT_LEAST_ONE, 1, usize::MAX),
            (AT_MOST_ONE, 0, 1),
            (EXACTLY_ONE, 1, 1),
        ] {
            options = options.with_keyword(name, move |_, value, _| {
                Ok(Box::new(Choice::new(value, least, most)))
            });
        }
        options
            .build(&document)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Checks a value and reports the first violation.
    pub(crate) fn check(&self, value: &Value) -> Result<(), Violation> {
        self.0.validate(value).map_err(|error| (&error).into())
    }
}

/// How many of some fields may be present.
struct Choice {
    groups: Vec<Vec<String>>,
    least: usize,
    most: usize,
}

impl Choice {
    /// Reads a list of names, or a list of such lists.
    fn new(value: &Value, least: usize, most: usize) -> Self {
        let names = |list: &Value| {
            list.as_array()
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let nested = value.get(0).is_some_and(Value::is_array);
        let groups = if nested {
            value.as_array().into_iter().flatten().map(names).collect()
        } else {
            vec![names(value)]
        };
        Self {
            groups,
            least,
            most,
        }
    }

    fn violated(&self, instance: &Value) -> Option<String> {
        let object = instance.as_object()?;
        self.groups.iter().find_map(|names| {
            let present = names
                .iter()
                .filter(|name| object.get(*name).is_some_and(|value| !value.is_null()))
                .count();
            let rule = match (self.least, self.most) {
                _ if (self.least..=self.most).contains(&present) => return None,
                (1, 1) => "exactly one of",
                (1, _) => "at least one of",
                _ => "at most one of",
            };
            Some(format!("{rule} {} expected", names.join(", ")))
        })
    }
}

impl<'i> Keyword<'i> for Choice {
    fn validate(&self, instance: &'i Value) -> Result<(), jsonschema::ValidationError<'i>> {
        match self.violated(instance) {
            Some(message) => Err(jsonschema::ValidationError::custom(message)),
            None => Ok(()),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.violated(instance).is_none()
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
