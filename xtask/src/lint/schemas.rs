//! Schemas, wherever they are written.

use nxcloud_spec::schema::Schema;
use serde_json::Value;

use super::values;
use crate::finding::Findings;
use crate::places::Written;

pub(super) fn schema(written: &Written<'_>, findings: &mut Findings<'_>) {
    let Written { at, under, schema } = written;
    if !schema.known_values.is_empty() && !schema.only.is_empty() {
        findings.add(
            at,
            "both `enum` and `x-extensible-enum`",
            "keep `x-extensible-enum`",
        );
    }
    if schema.only.len() > 1 {
        findings.add(
            at,
            "a closed enum fails on tomorrow's value",
            "write `x-extensible-enum`",
        );
    }
    if !schema.one_of.is_empty() && schema.discriminator.is_none() {
        findings.add(
            at,
            "`oneOf` without `discriminator`",
            "name the key that tells the variants apart, with a mapping",
        );
    }
    if schema.one_of.is_empty() && schema.discriminator.is_some() {
        findings.add(
            at,
            "`discriminator` without `oneOf`",
            "list the variants under `oneOf`, or leave it out",
        );
    }
    if schema.reference.is_some()
        && let Ok(Value::Object(written)) = serde_json::to_value(schema)
        && let Some(key) = written.keys().find(|key| *key != "$ref")
    {
        findings.add(
            at,
            format!("`{key}` beside `$ref`, which stands alone"),
            "write `allOf: [{$ref: …}]` with a `description`, or leave it out",
        );
    }
    let inline = match under {
        Some("properties" | "items" | "additionalProperties") if needs_a_name(schema) => {
            Some("inline object, choice or enum")
        }
        Some("oneOf") if schema.reference.is_none() => Some("inline variant"),
        _ => None,
    };
    if let Some(problem) = inline {
        let instead = "name it under components.schemas and refer to it";
        findings.add(at, problem, instead);
    }
    values::values(at, schema, findings);
}

fn needs_a_name(schema: &Schema) -> bool {
    !(schema.properties.is_empty() && schema.one_of.is_empty() && schema.known_values.is_empty())
}
