//! Checks values that YAML reads as another type than intended, and numbers that do not fit a Rust type.

use nxcloud_spec::schema::{Format, Kind, Schema};
use serde_json::{Number, Value};

use crate::finding::Findings;

pub(crate) const QUOTE: &str = "write the text in quotes";

/// Describes a value that should be a text.
pub(crate) fn quoted(value: &Value) -> String {
    match value {
        Value::Null => "YAML reads null; it reads `~` as null too".to_owned(),
        Value::Bool(_) => {
            format!("YAML reads {value}; it reads yes, no, on, off, y and n as booleans too")
        }
        value => format!("YAML reads {value}"),
    }
}

pub(super) fn values(at: &str, schema: &Schema, findings: &mut Findings<'_>) {
    for value in schema.only.iter().filter(|value| !value.is_string()) {
        let problem = format!("not a text: {}", quoted(value));
        findings.add(format!("{at}.enum"), problem, QUOTE);
    }
    // A default becomes a literal in generated code.
    if let Some(default) = &schema.default
        && schema.kind == Some(Kind::Integer)
        && !default.is_i64()
    {
        findings.add(
            format!("{at}.default"),
            format!("{default} is not a 64-bit whole number"),
            "write a whole number without quotes, point or exponent",
        );
    }
    limits(at, schema, findings);
}

/// Checks limits, which become literals of the field's type.
fn limits(at: &str, schema: &Schema, findings: &mut Findings<'_>) {
    let whole = schema.kind == Some(Kind::Integer) || schema.format == Some(Format::Integer);
    for (key, limit) in [("minimum", &schema.minimum), ("maximum", &schema.maximum)] {
        if let Some(limit) = limit.as_ref().filter(|limit| whole && !limit.is_i64()) {
            findings.add(
                format!("{at}.{key}"),
                format!("{limit} is not a 64-bit whole number"),
                "write a whole number from -9223372036854775808 to 9223372036854775807, without quotes, point or exponent, or remove the limit",
            );
        }
    }
    let number = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    let length = |length: Option<u32>| length.map(f64::from);
    for (lower, low, upper, high) in [
        (
            "minLength",
            length(schema.min_length),
            "maxLength",
            length(schema.max_length),
        ),
        (
            "minItems",
            length(schema.min_items),
            "maxItems",
            length(schema.max_items),
        ),
        (
            "minimum",
            number(&schema.minimum),
            "maximum",
            number(&schema.maximum),
        ),
    ] {
        if low.zip(high).is_some_and(|(low, high)| low > high) {
            findings.add(
                at,
                format!("`{lower}` is greater than `{upper}`"),
                "swap them",
            );
        }
    }
}
