//! Every example, default and single value fits its schema.

use std::collections::BTreeMap;

use nxcloud_spec::Document;
use nxcloud_spec::document::Example;
use nxcloud_spec::schema::Schema;
use nxcloud_spec::validate::{Compiler, Validator, Violation};
use serde_json::Value;

use super::Finding;
use super::values::{QUOTE, quoted};

/// What does not fit in a spec that is sound otherwise: its references lead somewhere, and no schema holds itself without end.
#[must_use]
pub fn misfits(file: &str, document: &Document) -> Vec<Finding> {
    let mut fit = Fit {
        file,
        compiler: Compiler::new(document),
        compiled: BTreeMap::new(),
        findings: Vec::new(),
    };
    fit.document(document);
    fit.findings
}

struct Fit<'a> {
    file: &'a str,
    compiler: Compiler,
    /// By the schema in JSON: a reply's has several examples.
    compiled: BTreeMap<String, Option<Validator>>,
    findings: Vec<Finding>,
}

/// Who writes the value.
#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Caller,
    Platform,
}

impl Fit<'_> {
    fn document(&mut self, document: &Document) {
        for (path, item) in &document.paths {
            for (method, operation) in item.operations() {
                let at = format!("paths.{path}.{}", method.to_lowercase());
                for (index, parameter) in operation.parameters.iter().enumerate() {
                    let at = format!("{at}.parameters[{index}]");
                    if let Some(example) = &parameter.example {
                        let at = format!("{at}.example");
                        self.value(&at, &parameter.schema, example, Writer::Caller);
                    }
                    self.schema(&format!("{at}.schema"), &parameter.schema);
                }
                let body = operation.body.iter().flat_map(|body| &body.content);
                for (media, body) in body {
                    let at = format!("{at}.requestBody.content.{media}");
                    self.examples(&at, &body.schema, &body.examples, Writer::Caller);
                }
                for (status, response) in &operation.responses {
                    for (media, body) in &response.content {
                        let at = format!("{at}.responses.{status}.content.{media}");
                        self.examples(&at, &body.schema, &body.examples, Writer::Platform);
                    }
                }
            }
        }
        for (index, push) in document.webhooks.iter().enumerate() {
            let at = format!("x-nx-webhooks[{index}]");
            self.examples(&at, &push.schema, &push.examples, Writer::Platform);
        }
        for (name, schema) in &document.components.schemas {
            self.schema(&format!("components.schemas.{name}"), schema);
        }
    }

    fn examples<'e>(
        &mut self,
        at: &str,
        schema: &Schema,
        examples: impl IntoIterator<Item = (&'e String, &'e Example)>,
        writer: Writer,
    ) {
        for (name, example) in examples {
            let at = format!("{at}.examples.{name}.value");
            self.value(&at, schema, &example.value, writer);
        }
    }

    /// What is written within a schema: `example` and `default`.
    fn schema(&mut self, at: &str, schema: &Schema) {
        for (key, value) in [("example", &schema.example), ("default", &schema.default)] {
            if let Some(value) = value {
                self.value(&format!("{at}.{key}"), schema, value, Writer::Caller);
            }
        }
        for (name, property) in &schema.properties {
            self.schema(&format!("{at}.properties.{name}"), property);
        }
        for (key, inner) in [
            ("items", &schema.items),
            ("additionalProperties", &schema.additional_properties),
        ] {
            if let Some(inner) = inner {
                self.schema(&format!("{at}.{key}"), inner);
            }
        }
        for (index, part) in schema.all_of.iter().enumerate() {
            self.schema(&format!("{at}.allOf[{index}]"), part);
        }
    }

    fn value(&mut self, at: &str, schema: &Schema, value: &Value, writer: Writer) {
        let key = serde_json::to_string(schema).unwrap_or_default();
        if !self.compiled.contains_key(&key) {
            let compiled = self.compiler.compile(schema);
            if let Err(error) = &compiled {
                let problem = format!("the schema does not compile: {error}");
                self.find(at, problem, "correct the schema of this value");
            }
            self.compiled.insert(key.clone(), compiled.ok());
        }
        let Some(Some(validator)) = self.compiled.get(&key) else {
            return;
        };
        for violation in validator.violations(value) {
            let at = format!("{at}{}", dotted(value, &violation.pointer));
            let (problem, instead) = explained(&violation, value, writer);
            self.find(&at, problem, instead);
        }
    }

    fn find(&mut self, at: &str, problem: String, instead: &str) {
        let finding = Finding {
            file: self.file.to_owned(),
            at: at.to_owned(),
            problem,
            instead: instead.to_owned(),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
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
