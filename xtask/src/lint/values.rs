//! Values that YAML reads as something else than was meant, and numbers that no type holds.

use nxcloud_spec::schema::{Format, Kind, Schema};
use serde_json::{Number, Value};

use crate::finding::Findings;

pub(crate) const QUOTE: &str = "write the text in quotes";

/// How a value that should be a text is shown.
pub(crate) fn quoted(value: &Value) -> String {
    let shown = if value.is_boolean() || value.is_null() {
        format!("{value}, which YAML also makes of no, off, yes, on, y, n and ~")
    } else {
        value.to_string()
    };
    format!("YAML reads {shown}")
}

pub(super) fn values(at: &str, schema: &Schema, findings: &mut Findings<'_>) {
    for value in schema.only.iter().filter(|value| !value.is_string()) {
        let problem = format!("no text: {}", quoted(value));
        findings.add(format!("{at}.enum"), problem, QUOTE);
    }
    // A default is written into code.
    if let Some(default) = &schema.default
        && schema.kind == Some(Kind::Integer)
        && !default.is_i64()
    {
        findings.add(
            format!("{at}.default"),
            format!("{default} is no 64-bit whole number"),
            "write a whole number without quotes, point or exponent",
        );
    }
    limits(at, schema, findings);
}

/// Limits become literals of the field's type.
fn limits(at: &str, schema: &Schema, findings: &mut Findings<'_>) {
    let whole = schema.kind == Some(Kind::Integer) || schema.format == Some(Format::Integer);
    for (key, limit) in [("minimum", &schema.minimum), ("maximum", &schema.maximum)] {
        if let Some(limit) = limit.as_ref().filter(|limit| whole && !limit.is_i64()) {
            findings.add(
                format!("{at}.{key}"),
                format!("{limit} is no 64-bit whole number"),
                "write a whole number from -9223372036854775808 to 9223372036854775807, without quotes, point or exponent, or leave the limit out",
            );
        }
    }
    let number = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    let length = |length: Option<u32>| length.map(f64::from);
    for (least, low, most, high) in [
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
                format!("`{least}` is greater than `{most}`"),
                "exchange them",
            );
        }
    }
}
