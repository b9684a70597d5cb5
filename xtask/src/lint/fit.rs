//! Every example and default fits its schema.

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

/// What does not fit in a spec that is sound otherwise: its references lead somewhere, and no schema holds itself without end.
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
    for written in places::schemas(document) {
        let schema = written.schema;
        for (key, value) in [("example", &schema.example), ("default", &schema.default)] {
            if let Some(value) = value {
                let at = format!("{}.{key}", written.at);
                fit.value(&at, schema, value, Writer::Caller);
            }
        }
    }
}

/// Who writes the value.
#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Caller,
    Platform,
}

struct Fit<'f, 'n> {
    document: &'f Document,
    compiler: Compiler,
    /// By the schema in JSON: a reply's has several examples.
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

    /// What JSON Schema lets through and the generated types do not: a key that no request has, and a number beyond 64 bits. The variants of a
    /// choice may have a key in common, so that several schemas can describe a value.
    fn in_rust(&mut self, at: &str, schemas: &[SchemaRef<'_>], value: &Value, writer: Writer) {
        let is_integer = |schema: &SchemaRef<'_>| schema.kind() == Some(Kind::Integer);
        match value {
            Value::Number(number) if schemas.iter().all(is_integer) && !number.is_i64() => {
                let instead = "write one without point and exponent";
                let problem = format!("{number} is no 64-bit whole number");
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
                        .flat_map(|schema| below(*schema, key))
                        .collect();
                    if !inner.is_empty() {
                        self.in_rust(&at, &inner, member, writer);
                    } else if strict && !schemas.iter().any(|schema| is_tag(*schema, key)) {
                        let problem = "no property of its schema";
                        self.findings
                            .add(at, problem, "write the property, or leave it out");
                    }
                }
            }
            _ => {}
        }
    }
}

/// All that describes the value of a key.
fn below<'a>(schema: SchemaRef<'a>, key: &str) -> Vec<SchemaRef<'a>> {
    let declared = schema.properties().filter(|(name, _)| *name == key);
    let declared: Vec<_> = declared.map(|(_, inner)| inner).collect();
    if declared.is_empty() {
        schema.property(key).into_iter().collect()
    } else {
        declared
    }
}

/// Whether a key tells the variants of a choice apart.
fn is_tag(schema: SchemaRef<'_>, key: &str) -> bool {
    let mut parts = schema.parts().into_iter();
    parts.any(|part| {
        let tag = part.discriminator.as_ref();
        tag.is_some_and(|tag| tag.property_name == key)
    })
}

/// What is wrong with a value, and what to write instead.
fn explained(violation: &Violation, value: &Value, writer: Writer) -> (String, &'static str) {
    let problem = violation.problem.clone();
    let wants_text = problem.contains("string") || problem.contains('"');
    match (value.pointer(&violation.pointer), writer) {
        (None, Writer::Caller) => (problem, "write it, or take it out of `required`"),
        (None, Writer::Platform) => (
            problem,
            "write it, or take it out of `required` if it may be missing",
        ),
        (Some(Value::Null), Writer::Platform) => (
            format!("null: {problem}"),
            "write a value, or `nullable: true` beside the `type` of the schema if null comes",
        ),
        (Some(value @ (Value::Null | Value::Bool(_) | Value::Number(_))), _) if wants_text => {
            (format!("no text: {}", quoted(value)), QUOTE)
        }
        _ => (problem, "write a value that fits, or correct the schema"),
    }
}

/// `.name` and `[0]` for each step of a JSON pointer.
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
