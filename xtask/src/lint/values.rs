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

/// How a value that should be a text is shown.
pub(super) fn quoted(value: &Value) -> String {
    let shown = if value.is_boolean() || value.is_null() {
        format!("{value}, which YAML also makes of no, off, yes, on, y, n and ~")
    } else {
        value.to_string()
    };
    format!("YAML reads {shown}")
}

pub(super) const QUOTE: &str = "write the text in quotes";

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

    /// Defaults, single values and limits of every schema, and that each example has a value.
    pub(super) fn values(&mut self, root: &Value) {
        for (path, item) in root["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let at = format!("paths.{path}.{method}");
                let parameters = operation["parameters"].as_array();
                for (index, parameter) in parameters.into_iter().flatten().enumerate() {
                    let at = format!("{at}.parameters[{index}].schema");
                    self.written(&at, &parameter["schema"]);
                }
                let bodies = [
                    ("requestBody", &operation["requestBody"]),
                    ("responses.200", &operation["responses"]["200"]),
                ];
                for (name, holder) in bodies {
                    for (media, body) in holder["content"].as_object().into_iter().flatten() {
                        self.named_examples(&format!("{at}.{name}.content.{media}"), body);
                    }
                }
            }
        }
        let webhooks = root["x-nx-webhooks"].as_array();
        for (index, webhook) in webhooks.into_iter().flatten().enumerate() {
            self.named_examples(&format!("x-nx-webhooks[{index}]"), webhook);
        }
        let schemas = root["components"]["schemas"].as_object();
        for (name, schema) in schemas.into_iter().flatten() {
            self.written(&format!("components.schemas.{name}"), schema);
        }
    }

    fn named_examples(&mut self, at: &str, holder: &Value) {
        for (name, example) in holder["examples"].as_object().into_iter().flatten() {
            if example.get("value").is_none() {
                self.find(
                    &format!("{at}.examples.{name}"),
                    "an example without `value`",
                    "write {value: …}",
                );
            }
        }
    }

    /// What is written within a schema.
    fn written(&mut self, at: &str, schema: &Value) {
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
            self.written(&format!("{at}.properties.{name}"), property);
        }
        for (index, part) in schema["allOf"].as_array().into_iter().flatten().enumerate() {
            self.written(&format!("{at}.allOf[{index}]"), part);
        }
        if schema.get("items").is_some() {
            self.written(&format!("{at}.items"), &schema["items"]);
        }
        self.default(at, schema);
        self.limits(at, schema);
    }

    /// A default is written into code.
    fn default(&mut self, at: &str, schema: &Value) {
        let Some(default) = schema.get("default") else {
            return;
        };
        if schema["type"].as_str() == Some("integer") && !default.is_i64() {
            self.find(
                &format!("{at}.default"),
                format!("{default} is no 64-bit whole number"),
                "write a whole number without quotes, point or exponent",
            );
        }
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
