//! Checks that every example and default fits its schema.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use nxcloud_spec::document::Example;
use nxcloud_spec::schema::{Kind, Schema};
use nxcloud_spec::validate::{Compiler, Validator, Violation};
use nxcloud_spec::{Document, SchemaRef};
use serde_json::Value;

use super::values::{QUOTE, quoted};
use crate::finding::Findings;
use crate::places;

/// Adds a finding for each value that does not fit its schema. References must be valid and no schema may contain itself endlessly;
/// earlier checks ensure that.
pub(crate) fn misfits(document: &Document, findings: &mut Findings<'_>) {
    let mut fit = Fit {
        document,
        compiler: Compiler::new(document),
        compiled: BTreeMap::new(),
        findings,
    };
    for (at, _, _, operation) in places::operations(document) {
        for (index, parameter) in operation.parameters.iter().enumerate() {
            if let Some(example) = &parameter.example {
                let at = format!("{at}.parameters[{index}].example");
                fit.value(&at, &parameter.schema, example, Writer::Caller);
            }
        }
        for (media, body) in operation.body.iter().flat_map(|body| &body.content) {
            let at = format!("{at}.requestBody.content.{media}");
            fit.examples(&at, &body.schema, &body.examples, Writer::Caller);
        }
        for (status, response) in &operation.responses {
            for (media, body) in &response.content {
                let at = format!("{at}.responses.{status}.content.{media}");
                fit.examples(&at, &body.schema, &body.examples, Writer::Platform);
            }
        }
    }
    for (index, push) in document.webhooks.iter().enumerate() {
        let at = format!("x-nx-webhooks[{index}]");
        fit.examples(&at, &push.schema, &push.examples, Writer::Platform);
    }
    for place in places::schemas(document) {
        let schema = place.schema;
        for (key, value) in [("example", &schema.example), ("default", &schema.default)] {
            if let Some(value) = value {
                let at = format!("{}.{key}", place.at);
                fit.value(&at, schema, value, Writer::Caller);
            }
        }
    }
}

/// Who sends the value.
#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Caller,
    Platform,
}

struct Fit<'f, 'n> {
    document: &'f Document,
    compiler: Compiler,
    /// Compiled schemas, by the schema in JSON: several examples use the same schema.
    compiled: BTreeMap<String, Option<Validator>>,
    findings: &'f mut Findings<'n>,
}

impl Fit<'_, '_> {
    fn examples(
        &mut self,
        at: &str,
        schema: &Schema,
        examples: &IndexMap<String, Example>,
        writer: Writer,
    ) {
        for (name, example) in examples {
            let at = format!("{at}.examples.{name}.value");
            self.value(&at, schema, &example.value, writer);
        }
    }

    fn value(&mut self, at: &str, schema: &Schema, value: &Value, writer: Writer) {
        let key = serde_json::to_string(schema).unwrap_or_default();
        let compiled = self.compiled.entry(key).or_insert_with(|| {
            let compiled = self.compiler.compile(schema);
            if let Err(error) = &compiled {
                let problem = format!("the schema does not compile: {error}");
                let instead = "correct the schema of this value";
                self.findings.add(at, problem, instead);
            }
            compiled.ok()
        });
        let violations = compiled
            .iter()
            .flat_map(|validator| validator.violations(value));
        for violation in violations {
            let at = format!("{at}{}", dotted(value, &violation.pointer));
            let (problem, instead) = explained(&violation, value, writer);
            self.findings.add(at, problem, instead);
        }
        let schema = SchemaRef::new(schema, self.document);
        self.in_rust(at, &[schema], value, writer);
    }

    /// Checks what JSON Schema allows and the generated types do not: an unknown key in a request, and a number beyond 64 bits. Several
    /// schemas may describe a value, because variants of a choice may have a common key.
    fn in_rust(&mut self, at: &str, schemas: &[SchemaRef<'_>], value: &Value, writer: Writer) {
        let is_integer = |schema: &SchemaRef<'_>| schema.kind() == Some(Kind::Integer);
        match value {
            Value::Number(number) if schemas.iter().all(is_integer) && !number.is_i64() => {
                let instead = "write a whole number without point and exponent";
                let problem = format!("{number} is not a 64-bit whole number");
                self.findings.add(at, problem, instead);
            }
            Value::Array(items) => {
                let inner: Vec<_> = schemas.iter().filter_map(|schema| schema.items()).collect();
                for (index, item) in items.iter().enumerate().filter(|_| !inner.is_empty()) {
                    self.in_rust(&format!("{at}[{index}]"), &inner, item, writer);
                }
            }
            Value::Object(members) => {
                let has_properties = |schema: &SchemaRef<'_>| schema.properties().next().is_some();
                let strict = writer == Writer::Caller && schemas.iter().all(has_properties);
                for (key, member) in members {
                    let at = format!("{at}.{key}");
                    let inner: Vec<_> = schemas
                        .iter()
                        .flat_map(|schema| describing(*schema, key))
                        .collect();
                    if !inner.is_empty() {
                        self.in_rust(&at, &inner, member, writer);
                    } else if strict && !schemas.iter().any(|schema| is_tag(*schema, key)) {
                        let problem = "the schema has no such property";
                        self.findings.add(
                            at,
                            problem,
                            "add the property to the schema, or remove the value",
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

/// The schemas that describe the value of a key.
fn describing<'a>(schema: SchemaRef<'a>, key: &str) -> Vec<SchemaRef<'a>> {
    let declared = schema.properties().filter(|(name, _)| *name == key);
    let declared: Vec<_> = declared.map(|(_, inner)| inner).collect();
    if declared.is_empty() {
        schema.property(key).into_iter().collect()
    } else {
        declared
    }
}

/// Whether a key is the discriminator of a choice.
fn is_tag(schema: SchemaRef<'_>, key: &str) -> bool {
    let mut parts = schema.parts().into_iter();
    parts.any(|part| {
        let tag = part.discriminator.as_ref();
        tag.is_some_and(|tag| tag.property_name == key)
    })
}

/// The problem of a value, and what to write.
fn explained(violation: &Violation, value: &Value, writer: Writer) -> (String, &'static str) {
    let problem = violation.problem.clone();
    let expects_text = problem.contains("string") || problem.contains('"');
    match (value.pointer(&violation.pointer), writer) {
        (None, Writer::Caller) => (problem, "add it, or remove it from `required`"),
        (None, Writer::Platform) => (
            problem,
            "add it, or remove it from `required` if it may be missing",
        ),
        (Some(Value::Null), Writer::Platform) => (
            format!("null: {problem}"),
            "write a value, or `nullable: true` beside the `type` of the schema if it may be null",
        ),
        (Some(value @ (Value::Null | Value::Bool(_) | Value::Number(_))), _) if expects_text => {
            (format!("not a text: {}", quoted(value)), QUOTE)
        }
        _ => (problem, "write a value that fits, or correct the schema"),
    }
}

/// A JSON pointer as `.name` and `[0]` steps.
fn dotted(value: &Value, pointer: &str) -> String {
    let mut at = String::new();
    let mut value = Some(value);
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        let is_list = value.is_some_and(Value::is_array);
        at.push_str(&if is_list {
            format!("[{name}]")
        } else {
            format!(".{name}")
        });
        value = value.and_then(|value| match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            other => other.get(&name),
        });
    }
    at
}
