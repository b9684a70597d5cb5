//! Values that YAML reads as something else than was meant, and numbers that no type holds.

use serde_json::{Map, Value};

use super::Linter;

/// Keys whose value is a text wherever they stand.
const TEXTS: &[&str] = &[
    "$ref",
    "description",
    "format",
    "hint",
    "in",
    "meaning",
    "name",
    "operationId",
    "pattern",
    "reply",
    "reply-error",
    "summary",
    "title",
    "version",
    "x-nx-action",
    "x-nx-field",
    "x-nx-list",
    "x-nx-package",
    "x-nx-sandbox",
    "x-nx-source",
];
/// Keys whose value is a list of texts.
const LISTS: &[&str] = &[
    "action",
    "content",
    "idempotency-key",
    "required",
    "x-nx-aliases",
    "x-nx-at-least-one",
    "x-nx-at-most-one",
    "x-nx-exactly-one",
    "x-nx-hash-order",
];

/// How many references are followed from one value: schemas may refer to themselves.
const HOPS: usize = 8;

fn quoted(value: &Value) -> String {
    let shown = if value.is_boolean() || value.is_null() {
        format!("{value}, which YAML also makes of no, off, yes, on, y, n and ~")
    } else {
        value.to_string()
    };
    format!("YAML reads {shown}")
}

/// Whether a number stands in the source as it is read.
fn is_written(source: &str, number: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    source.match_indices(number).any(|(at, _)| {
        let (before, after) = (&source[..at], &source[at + number.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

const QUOTE: &str = "write the text in quotes";

impl Linter<'_> {
    /// Texts that were not quoted.
    pub(super) fn texts(&mut self, at: &str, object: &Map<String, Value>) {
        for (key, value) in object {
            let at = format!("{at}.{key}");
            if TEXTS.contains(&key.as_str())
                && !value.is_string()
                && !(value.is_object() || value.is_array())
            {
                self.find(&at, format!("no text: {}", quoted(value)), QUOTE);
            }
            // `required` of a parameter is a flag, `content` of a body an object.
            if LISTS.contains(&key.as_str())
                && let Some(list) = value.as_array()
            {
                for (index, entry) in list
                    .iter()
                    .enumerate()
                    .filter(|(_, entry)| !entry.is_string())
                {
                    self.find(
                        &format!("{at}[{index}]"),
                        format!("no text: {}", quoted(entry)),
                        QUOTE,
                    );
                }
            }
        }
    }

    /// Every example, default and single value of the spec, against its schema.
    pub(super) fn examples(&mut self, root: &Value) {
        let schemas = &root["components"]["schemas"];
        for (path, item) in root["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let at = format!("paths.{path}.{method}");
                let parameters = operation["parameters"].as_array();
                for (index, parameter) in parameters.into_iter().flatten().enumerate() {
                    let at = format!("{at}.parameters[{index}]");
                    if let Some(example) = parameter.get("example") {
                        self.example(
                            &format!("{at}.example"),
                            schemas,
                            &parameter["schema"],
                            example,
                            true,
                            HOPS,
                        );
                    }
                    self.written(&format!("{at}.schema"), schemas, &parameter["schema"]);
                }
                let bodies = [
                    ("requestBody", &operation["requestBody"], true),
                    ("responses.200", &operation["responses"]["200"], false),
                ];
                for (name, holder, strict) in bodies {
                    for (media, body) in holder["content"].as_object().into_iter().flatten() {
                        let at = format!("{at}.{name}.content.{media}.examples");
                        self.named_examples(&at, schemas, body, strict);
                    }
                }
            }
        }
        let webhooks = root["x-nx-webhooks"].as_array();
        for (index, webhook) in webhooks.into_iter().flatten().enumerate() {
            self.named_examples(
                &format!("x-nx-webhooks[{index}].examples"),
                schemas,
                webhook,
                false,
            );
        }
        for (name, schema) in schemas.as_object().into_iter().flatten() {
            self.written(&format!("components.schemas.{name}"), schemas, schema);
        }
    }

    fn named_examples(&mut self, at: &str, schemas: &Value, holder: &Value, strict: bool) {
        for (name, example) in holder["examples"].as_object().into_iter().flatten() {
            match example.get("value") {
                Some(value) => self.example(
                    &format!("{at}.{name}.value"),
                    schemas,
                    &holder["schema"],
                    value,
                    strict,
                    HOPS,
                ),
                None => self.find(
                    &format!("{at}.{name}"),
                    "an example without `value`",
                    "write {value: …}",
                ),
            }
        }
    }

    /// What is written within a schema: `example`, `default`, the single value of `enum`.
    fn written(&mut self, at: &str, schemas: &Value, schema: &Value) {
        for key in ["example", "default"] {
            if let Some(value) = schema.get(key) {
                self.example(&format!("{at}.{key}"), schemas, schema, value, true, 1);
            }
        }
        for value in schema["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|value| !value.is_string())
        {
            self.find(
                &format!("{at}.enum"),
                format!("no text: {}", quoted(value)),
                QUOTE,
            );
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.written(&format!("{at}.properties.{name}"), schemas, property);
        }
        for (index, part) in schema["allOf"].as_array().into_iter().flatten().enumerate() {
            self.written(&format!("{at}.allOf[{index}]"), schemas, part);
        }
        if schema.get("items").is_some() {
            self.written(&format!("{at}.items"), schemas, &schema["items"]);
        }
        self.default(at, schema);
        self.limits(at, schema);
    }

    /// A default is written into code.
    fn default(&mut self, at: &str, schema: &Value) {
        let Some(default) = schema.get("default") else {
            return;
        };
        let fits = match schema["type"].as_str() {
            Some("integer") => default.is_i64(),
            Some("number") => default.is_number(),
            Some("boolean") => default.is_boolean(),
            _ => true,
        };
        if !fits {
            self.find(
                &format!("{at}.default"),
                format!("{default} is not of the type of the schema"),
                "write a value of that type",
            );
        }
    }

    fn example(
        &mut self,
        at: &str,
        schemas: &Value,
        schema: &Value,
        value: &Value,
        strict: bool,
        hops: usize,
    ) {
        if hops == 0 {
            return;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target = &schemas[reference.rsplit('/').next().unwrap_or_default()];
            return self.example(at, schemas, target, value, strict, hops - 1);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.example(at, schemas, part, value, strict, hops - 1);
        }
        if schema.get("oneOf").is_some() {
            return self.choice(at, schemas, schema, value, strict, hops);
        }
        match value {
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.example(
                        &format!("{at}[{index}]"),
                        schemas,
                        &schema["items"],
                        value,
                        strict,
                        HOPS,
                    );
                }
            }
            Value::Object(values) => {
                for (name, value) in values {
                    let property = match &schema["properties"][name] {
                        Value::Null => &schema["additionalProperties"],
                        property => property,
                    };
                    self.example(
                        &format!("{at}.{name}"),
                        schemas,
                        property,
                        value,
                        strict,
                        HOPS,
                    );
                }
            }
            // A reply may hold null for anything, and a number for a text, if no digit or sign of it is lost.
            Value::Null if !strict => {}
            Value::Number(number) if !strict && is_written(self.source, &number.to_string()) => {}
            Value::Null | Value::Bool(_) | Value::Number(_)
                if schema["type"].as_str() == Some("string") =>
            {
                self.find(at, format!("no text: {}", quoted(value)), QUOTE);
            }
            _ => {}
        }
    }

    fn choice(
        &mut self,
        at: &str,
        schemas: &Value,
        schema: &Value,
        value: &Value,
        strict: bool,
        hops: usize,
    ) {
        let key = schema["discriminator"]["propertyName"]
            .as_str()
            .unwrap_or_default();
        let tag = &value[key];
        if matches!(tag, Value::Bool(_) | Value::Number(_)) {
            self.find(
                &format!("{at}.{key}"),
                format!("no text: {}", quoted(tag)),
                QUOTE,
            );
        }
        let target = tag
            .as_str()
            .and_then(|tag| schema["discriminator"]["mapping"][tag].as_str());
        let Some(target) = target else { return };
        let target = &schemas[target.rsplit('/').next().unwrap_or_default()];
        self.example(at, schemas, target, value, strict, hops - 1);
    }

    /// Limits become literals of the field's type.
    fn limits(&mut self, at: &str, schema: &Value) {
        let kind = schema["type"].as_str().unwrap_or_default();
        let whole = kind == "integer" || schema["format"].as_str() == Some("integer");
        for (least, most) in [
            ("minLength", "maxLength"),
            ("minItems", "maxItems"),
            ("minimum", "maximum"),
        ] {
            let count = least != "minimum";
            for key in [least, most] {
                let Some(value) = schema.get(key) else {
                    continue;
                };
                let at = format!("{at}.{key}");
                if count && value.as_u64().is_none_or(|n| n > u64::from(u32::MAX)) {
                    self.find(&at, format!("{value} is no count"), "write a whole number from 0 to 4294967295, without quotes, point or exponent");
                } else if !count && whole && !value.is_i64() {
                    self.find(&at, format!("{value} is no 64-bit whole number"), "write a whole number from -9223372036854775808 to 9223372036854775807, without quotes, point or exponent, or leave the limit out");
                } else if !count && !value.is_number() {
                    self.find(
                        &at,
                        format!("{value} is no number"),
                        "write a number without quotes",
                    );
                }
            }
            let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
            if let (Some(low), Some(high)) = (bound(least), bound(most))
                && low > high
            {
                self.find(
                    at,
                    format!("`{least}` is greater than `{most}`"),
                    "exchange them",
                );
            }
        }
    }
}
