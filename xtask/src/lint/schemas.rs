//! Checks schemas, in every place of a spec.

use nxcloud_spec::schema::Schema;
use serde_json::Value;

use super::values;
use crate::finding::Findings;
use crate::places::Located;

pub(super) fn schema(located: &Located<'_>, findings: &mut Findings<'_>) {
    let Located { at, under, schema } = located;
    if !schema.known_values.is_empty() && !schema.only.is_empty() {
        findings.add(
            at,
            "there are both `enum` and `x-extensible-enum`",
            "keep `x-extensible-enum`",
        );
    }
    if schema.only.len() > 1 {
        findings.add(
            at,
            "a closed enum rejects values that the platform adds later",
            "write `x-extensible-enum`",
        );
    }
    if !schema.one_of.is_empty() && schema.discriminator.is_none() {
        findings.add(
            at,
            "there is `oneOf` but no `discriminator`",
            "add one, with the key that identifies the variant, and a mapping",
        );
    }
    if schema.one_of.is_empty() && schema.discriminator.is_some() {
        findings.add(
            at,
            "there is `discriminator` but no `oneOf`",
            "list the variants under `oneOf`, or remove the discriminator",
        );
    }
    if schema.reference.is_some()
        && let Ok(Value::Object(keys)) = serde_json::to_value(schema)
        && let Some(key) = keys.keys().find(|key| *key != "$ref")
    {
        findings.add(
            at,
            format!("`{key}` is beside `$ref`, which allows no other key"),
            "write `allOf: [{$ref: …}]` with a `description`, or remove the key",
        );
    }
    let inline = match under {
        Some("properties" | "items" | "additionalProperties") if needs_a_name(schema) => {
            Some("the object, choice or enum is inline")
        }
        Some("oneOf") if schema.reference.is_none() => Some("the variant is inline"),
        _ => None,
    };
    if let Some(problem) = inline {
        let instead = "move it to components.schemas and refer to it with `$ref`";
        findings.add(at, problem, instead);
    }
    values::values(at, schema, findings);
}

fn needs_a_name(schema: &Schema) -> bool {
    !(schema.properties.is_empty() && schema.one_of.is_empty() && schema.known_values.is_empty())
}
