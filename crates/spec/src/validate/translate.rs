//! Translates a schema of a spec to JSON Schema, draft 2020-12.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::choice::{AT_LEAST_ONE, AT_MOST_ONE, EXACTLY_ONE};
use super::integer::INTEGER;
use crate::schema::{Discriminator, Kind, Schema};

/// The JSON Schema. Its references point into `#/components`.
pub(super) fn schema(schema: &Schema) -> Value {
    if let Some(reference) = &schema.reference {
        // OpenAPI 3.0 ignores keys beside a reference.
        return json!({ "$ref": String::from(reference.clone()) });
    }
    let mut target = Target(Map::new());
    if let Some(kind) = schema.kind {
        target.kind(kind, schema.nullable);
    }
    target.put("format", schema.format.as_ref());
    target.put("pattern", schema.pattern.as_ref());
    target.put("minLength", schema.min_length);
    target.put("maxLength", schema.max_length);
    target.put("minimum", schema.minimum.as_ref());
    target.put("maximum", schema.maximum.as_ref());
    target.put("minItems", schema.min_items);
    target.put("maxItems", schema.max_items);
    target.list("required", &schema.required);
    let null = schema.nullable.then_some(&Value::Null);
    if !schema.only.is_empty() {
        let only: Vec<&Value> = schema.only.iter().chain(null).collect();
        target.list("enum", &only);
    }
    target.list(AT_LEAST_ONE, &schema.at_least_one);
    target.list(AT_MOST_ONE, &schema.at_most_one);
    target.list(EXACTLY_ONE, &schema.exactly_one);
    if !schema.properties.is_empty() {
        let properties = schema.properties.iter();
        let properties: Map<String, Value> = properties
            .map(|(name, property)| (name.clone(), self::schema(property)))
            .collect();
        target.put("properties", Some(properties));
    }
    target.put("items", schema.items.as_deref().map(self::schema));
    let values = schema.additional_properties.as_deref();
    target.put("additionalProperties", values.map(self::schema));
    let mut all: Vec<Value> = schema.all_of.iter().map(self::schema).collect();
    match &schema.discriminator {
        Some(discriminator) => all.extend(branches(discriminator)),
        None if !schema.one_of.is_empty() => {
            let one: Vec<Value> = schema.one_of.iter().map(self::schema).collect();
            target.put("oneOf", Some(one));
        }
        None => {}
    }
    target.list("allOf", &all);
    Value::Object(target.0)
}

/// The JSON Schema under construction.
struct Target(Map<String, Value>);

impl Target {
    fn put(&mut self, key: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), json!(value));
        }
    }

    fn list(&mut self, key: &str, values: &[impl Serialize]) {
        if !values.is_empty() {
            self.put(key, Some(values));
        }
    }

    fn kind(&mut self, kind: Kind, nullable: bool) {
        if nullable {
            self.put("type", Some((kind, "null")));
        } else {
            self.put("type", Some(kind));
        }
        if kind == Kind::Integer {
            // To JSON Schema 1.0 is an integer, and so is one of any size.
            self.put(INTEGER, Some(true));
        }
    }
}

/// A rule for the discriminator, and a rule for each of its values. Unlike with `oneOf`, a violation in the selected variant is reported directly.
fn branches(discriminator: &Discriminator) -> Vec<Value> {
    let tag = &discriminator.property_name;
    let known: Vec<&String> = discriminator.mapping.keys().collect();
    let mut rules = vec![json!({
        "type": "object",
        "required": [tag],
        "properties": { tag: { "enum": known } },
    })];
    for (value, variant) in &discriminator.mapping {
        rules.push(json!({
            "if": { "required": [tag], "properties": { tag: { "const": value } } },
            "then": { "$ref": String::from(variant.clone()) },
        }));
    }
    rules
}
