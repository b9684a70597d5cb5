//! What a spec may not contain, found before anything is generated from it.
//!
//! The lints walk the file as it was written, so that a misspelt key is found where a typed reader would pass over it.

use std::collections::BTreeMap;
use std::fmt;

use heck::ToSnakeCase;
use serde_json::{Map, Value};

pub use fit::misfits;

use keys::{CODE, FORMATS, Keys, OPERATION, PARAMETER, ROOT, SCHEMA, WEBHOOK, distance};

mod fit;
mod keys;
mod paths;
mod values;

/// One thing that must change in a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// Where in it, as keys joined by dots.
    pub at: String,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {}; {}",
            self.file, self.at, self.problem, self.instead
        )
    }
}

/// Everything that is wrong with a spec but for examples, which [`misfits`] checks.
#[must_use]
pub fn lint(file: &str, spec: &Value) -> Vec<Finding> {
    let mut linter = Linter {
        file,
        findings: Vec::new(),
    };
    linter.root(spec);
    linter.findings
}

struct Linter<'a> {
    file: &'a str,
    findings: Vec<Finding>,
}

impl Linter<'_> {
    fn find(&mut self, at: &str, problem: impl Into<String>, instead: impl Into<String>) {
        self.findings.push(Finding {
            file: self.file.to_owned(),
            at: at.to_owned(),
            problem: problem.into(),
            instead: instead.into(),
        });
    }

    fn object<'v>(&mut self, at: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.find(at, "not an object", "write keys and values here");
        }
        object
    }

    /// Refuses every key that the place does not know, and names the nearest one that it does.
    fn keys(&mut self, at: &str, object: &Map<String, Value>, allowed: &Keys) {
        self.texts(at, object);
        for key in object.keys() {
            let known = allowed.plain.iter().chain(allowed.vendor);
            if known.clone().any(|candidate| candidate == key) {
                continue;
            }
            let nearest = known
                .min_by_key(|candidate| distance(candidate, key))
                .copied()
                .unwrap_or_default();
            let instead = if distance(nearest, key) <= 3 {
                format!("did you mean `{nearest}`?")
            } else {
                format!(
                    "{} takes: {}",
                    allowed.place,
                    [allowed.plain, allowed.vendor].concat().join(", ")
                )
            };
            let problem = match key.as_str() {
                "anyOf" => "`anyOf` compiles but does not decode".to_owned(),
                key if key.starts_with("x-nx-") => format!("unknown vendor extension `{key}`"),
                key => format!("unsupported key `{key}` in {}", allowed.place),
            };
            let instead = match key.as_str() {
                "anyOf" => {
                    "write `x-extensible-enum` for an open enum, or `oneOf` with a `discriminator`"
                        .to_owned()
                }
                _ => instead,
            };
            self.find(at, problem, instead);
        }
    }

    fn needs(&mut self, at: &str, object: &Map<String, Value>, key: &str, instead: &str) {
        if !object.contains_key(key) {
            self.find(at, format!("`{key}` is missing"), instead);
        }
    }

    fn root(&mut self, spec: &Value) {
        let Some(root) = self.object("(root)", spec) else {
            return;
        };
        self.keys("(root)", root, &ROOT);
        for (key, instead) in [
            ("openapi", "write `openapi: 3.0.3`"),
            ("info", "write title, version and description"),
            (
                "servers",
                "write the documented base URL as the first server",
            ),
            ("paths", "write at least one operation"),
            ("components", "write the named schemas"),
            (
                "x-nx-scheme",
                "write `x-nx-scheme: nxcloud-md5` or `antbuddy-sha256`",
            ),
            (
                "x-nx-source",
                "name the reference page that the spec was written from",
            ),
        ] {
            self.needs("(root)", root, key, instead);
        }
        if let Some(version) = root
            .get("openapi")
            .filter(|v| !v.as_str().is_some_and(|v| v.starts_with("3.0.")))
        {
            self.find(
                "openapi",
                format!("version {version} is not supported"),
                "write `openapi: 3.0.3`",
            );
        }
        let md5 = match root.get("x-nx-scheme").and_then(Value::as_str) {
            Some("nxcloud-md5") => true,
            Some("antbuddy-sha256") | None => false,
            Some(other) => {
                self.find(
                    "x-nx-scheme",
                    format!("unknown scheme `{other}`"),
                    "write `nxcloud-md5` or `antbuddy-sha256`",
                );
                false
            }
        };
        if md5 {
            self.needs(
                "(root)",
                root,
                "x-nx-biz-type",
                "write the bizType header as a string",
            );
        }
        self.biz_type("(root)", root);
        if let Some(info) = root.get("info").and_then(Value::as_object) {
            self.title(info);
        }
        self.values(spec);
        self.codes("x-nx-codes", root);
        if let Some(paths) = root.get("paths").and_then(Value::as_object) {
            self.paths(paths);
        }
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for (path, item) in root
            .get("paths")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let at = format!("paths.{path}");
            for (method, operation) in item.as_object().into_iter().flatten() {
                let at = format!("{at}.{method}");
                if matches!(method.as_str(), "get" | "post" | "put" | "delete" | "patch") {
                    self.operation(&at, operation, md5, &mut ids);
                    if let Some(operation) = operation.as_object() {
                        self.parameters(&at, path, operation);
                    }
                } else {
                    self.find(
                        &at,
                        format!("unsupported key `{method}` in a path"),
                        "write one of get, post, put, delete, patch",
                    );
                }
            }
        }
        let schemas = root
            .get("components")
            .and_then(|c| c.get("schemas"))
            .and_then(Value::as_object);
        for (name, schema) in schemas.into_iter().flatten() {
            self.schema(&format!("components.schemas.{name}"), schema);
        }
        let webhooks = root.get("x-nx-webhooks").and_then(Value::as_array);
        for (index, webhook) in webhooks.into_iter().flatten().enumerate() {
            let at = format!("x-nx-webhooks[{index}]");
            let Some(webhook) = self.object(&at, webhook) else {
                continue;
            };
            self.keys(&at, webhook, &WEBHOOK);
            for key in ["name", "content", "signed", "schema", "examples"] {
                self.needs(&at, webhook, key, "see specs/README.md");
            }
            self.transports(&at, webhook);
            self.codes(&format!("{at}.x-nx-codes"), webhook);
        }
    }

    fn biz_type(&mut self, at: &str, object: &Map<String, Value>) {
        for key in ["x-nx-biz-type", "x-nx-action"] {
            let value = object.get(key).and_then(Value::as_str);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
            if let Some(value) =
                value.filter(|value| value.is_empty() || !value.chars().all(is_plain))
            {
                self.find(
                    &format!("{at}.{key}"),
                    format!("{value:?} cannot be the value of a header"),
                    "write ASCII letters, digits and `-_.:/`",
                );
            }
        }
        if let Some(value) = object
            .get("x-nx-biz-type")
            .filter(|value| !value.is_string())
        {
            self.find(
                at,
                "`x-nx-biz-type` is not a string",
                format!("write it in quotes: \"{value}\""),
            );
        }
    }

    /// The title stands in manifests and comments as it is.
    fn title(&mut self, info: &Map<String, Value>) {
        self.texts("info", info);
        let is_plain = |c: char| c.is_alphanumeric() || " -.,:()&/+'".contains(c);
        let title = info.get("title").and_then(Value::as_str);
        if let Some(title) =
            title.filter(|title| title.trim().is_empty() || !title.chars().all(is_plain))
        {
            self.find(
                "info.title",
                format!("{title:?} is no plain title"),
                "write letters, digits, spaces and `-.,:()&/+'` on one line",
            );
        }
    }

    fn transports(&mut self, at: &str, webhook: &Map<String, Value>) {
        const TRANSPORTS: [&str; 3] = ["json", "form", "query"];
        let list = webhook.get("content").and_then(Value::as_array);
        let mut seen = Vec::new();
        let known = list.into_iter().flatten().all(|entry| {
            let fresh = !seen.contains(&entry);
            seen.push(entry);
            fresh
                && entry
                    .as_str()
                    .is_some_and(|entry| TRANSPORTS.contains(&entry))
        });
        if list.is_none_or(Vec::is_empty) || !known {
            self.find(
                &format!("{at}.content"),
                "no list of transports",
                "write one or more of json, form, query in brackets, each once",
            );
        }
    }

    fn codes(&mut self, at: &str, object: &Map<String, Value>) {
        let Some(codes) = object.get("x-nx-codes") else {
            return;
        };
        let Some(codes) = codes.as_array() else {
            self.find(
                at,
                "not a list",
                "write a list of {code, name, kind, meaning}",
            );
            return;
        };
        for (index, code) in codes.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let Some(code) = self.object(&at, code) else {
                continue;
            };
            self.keys(&at, code, &CODE);
            for key in ["code", "name", "kind", "meaning"] {
                self.needs(&at, code, key, "write {code, name, kind, meaning}");
            }
            if code.get("code").is_some_and(|code| code.as_i64().is_none()) {
                self.find(
                    &at,
                    "`code` is not a whole number",
                    "write the code without quotes",
                );
            }
        }
    }

    fn operation(
        &mut self,
        at: &str,
        operation: &Value,
        md5: bool,
        ids: &mut BTreeMap<String, String>,
    ) {
        let Some(operation) = self.object(at, operation) else {
            return;
        };
        self.keys(at, operation, &OPERATION);
        self.needs(at, operation, "summary", "say in one sentence what it does");
        self.biz_type(at, operation);
        self.codes(&format!("{at}.x-nx-codes"), operation);
        if md5 {
            self.needs(
                at,
                operation,
                "x-nx-action",
                "write the action header of this operation",
            );
            self.needs(
                at,
                operation,
                "x-nx-parameter-code",
                "write the code that answers a body which breaks the rules",
            );
        } else {
            self.needs(at, operation, "x-nx-hash-in", "write `header` or `query`");
            self.needs(
                at,
                operation,
                "x-nx-hash-order",
                "list the hashed parameters in order",
            );
        }
        match operation.get("operationId").and_then(Value::as_str) {
            None => self.find(
                at,
                "`operationId` is missing",
                "write a snake_case name, such as send_sms",
            ),
            Some(id) => {
                let snake = id.to_snake_case();
                if let Some(other) = ids.insert(snake.clone(), at.to_owned()) {
                    self.find(
                        at,
                        format!("operation id `{id}` is `{snake}` in Rust, like that of {other}"),
                        "give one of them another id",
                    );
                }
                if let Some((problem, instead)) = crate::names::unusable_operation(&snake) {
                    self.find(at, problem, instead);
                } else if snake != id {
                    self.find(
                        at,
                        format!("operation id `{id}` is not snake_case"),
                        format!("write `{snake}`"),
                    );
                }
            }
        }
        for (index, parameter) in operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let at = format!("{at}.parameters[{index}]");
            let Some(parameter) = self.object(&at, parameter) else {
                continue;
            };
            self.keys(&at, parameter, &PARAMETER);
            match parameter.get("in").and_then(Value::as_str) {
                Some("query" | "path") => {}
                Some("header") => self.find(
                    &at,
                    "header parameters are the hook's",
                    "leave it out; bizType and action are vendor extensions",
                ),
                _ => self.find(
                    &at,
                    "unsupported place of a parameter",
                    "write `in: query` or `in: path`",
                ),
            }
            if let Some(schema) = parameter.get("schema") {
                self.schema(&format!("{at}.schema"), schema);
            }
        }
        if let Some(body) = operation.get("requestBody") {
            let at = format!("{at}.requestBody");
            let content = body.get("content").and_then(Value::as_object);
            self.content(&at, content, true);
            if body.get("required") != Some(&Value::Bool(true)) {
                self.find(
                    &at,
                    "an optional body is not supported",
                    "write `required: true`",
                );
            }
        }
        let Some(responses) = operation.get("responses").and_then(Value::as_object) else {
            self.find(at, "`responses` is missing", "write a response \"200\"");
            return;
        };
        for (status, response) in responses {
            let at = format!("{at}.responses.{status}");
            match status.as_str() {
                "200" => self.content(
                    &at,
                    response.get("content").and_then(Value::as_object),
                    false,
                ),
                "default" => self.find(
                    &at,
                    "a `default` response counts as success and as error",
                    "write only \"200\"; the client reads every failure itself",
                ),
                _ => self.find(
                    &at,
                    "only \"200\" is described",
                    "leave it out; the client reads every failure itself",
                ),
            }
        }
    }

    fn content(&mut self, at: &str, content: Option<&Map<String, Value>>, request: bool) {
        let Some(content) = content else {
            self.find(
                at,
                "`content` is missing",
                "write one media type with schema and examples",
            );
            return;
        };
        if content.len() != 1 {
            self.find(
                at,
                format!("{} media types", content.len()),
                "write exactly one",
            );
        }
        for (media, body) in content {
            let at = format!("{at}.content.{media}");
            match media.as_str() {
                "application/json" => {}
                "multipart/form-data" if request => {}
                _ => self.find(
                    &at,
                    "unsupported media type",
                    if request {
                        "write application/json or multipart/form-data"
                    } else {
                        "write application/json"
                    },
                ),
            }
            match body.get("schema") {
                None => self.find(&at, "`schema` is missing", "refer to a named schema"),
                Some(schema) if schema.get("$ref").is_none() => {
                    self.find(
                        &format!("{at}.schema"),
                        "inline schema",
                        "name it under components.schemas and refer to it",
                    );
                }
                Some(_) => {}
            }
            let examples = body.get("examples").and_then(Value::as_object);
            if examples.is_none_or(Map::is_empty) && media == "application/json" {
                self.find(
                    &at,
                    "no `examples`",
                    if request {
                        "write at least one complete example"
                    } else {
                        "write an example named `success`"
                    },
                );
            } else if !request && !examples.is_some_and(|examples| examples.contains_key("success"))
            {
                self.find(
                    &at,
                    "no example named `success`",
                    "the sandbox answers with it",
                );
            }
        }
    }

    fn schema(&mut self, at: &str, schema: &Value) {
        let Some(object) = self.object(at, schema) else {
            return;
        };
        self.keys(at, object, &SCHEMA);
        if object.contains_key("x-extensible-enum") && object.contains_key("enum") {
            self.find(
                at,
                "both `enum` and `x-extensible-enum`",
                "keep `x-extensible-enum`",
            );
        }
        if object
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|values| values.len() != 1)
        {
            self.find(
                at,
                "a closed enum fails on tomorrow's value",
                "write `x-extensible-enum`",
            );
        }
        if let Some(format) = object.get("format").and_then(Value::as_str)
            && !FORMATS.contains(&format)
        {
            self.find(
                at,
                format!("unknown format `{format}`"),
                format!("write one of {}", FORMATS.join(", ")),
            );
        }
        if object.contains_key("oneOf") && !object.contains_key("discriminator") {
            self.find(
                at,
                "`oneOf` without `discriminator`",
                "name the key that tells the variants apart, with a mapping",
            );
        }
        if object
            .get("additionalProperties")
            .is_some_and(Value::is_boolean)
        {
            self.find(
                at,
                "`additionalProperties` as a switch",
                "leave it out: replies keep unknown fields, requests refuse them",
            );
        }
        for (name, property) in object
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let at = format!("{at}.properties.{name}");
            self.schema(&at, property);
            self.not_inline(&at, property);
        }
        if let Some(items) = object.get("items") {
            let at = format!("{at}.items");
            self.schema(&at, items);
            self.not_inline(&at, items);
        }
        if let Some(values) = object
            .get("additionalProperties")
            .filter(|values| values.is_object())
        {
            let at = format!("{at}.additionalProperties");
            self.schema(&at, values);
            self.not_inline(&at, values);
        }
        for key in ["allOf", "oneOf"] {
            for (index, part) in object
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .enumerate()
            {
                let at = format!("{at}.{key}[{index}]");
                self.schema(&at, part);
                if key == "oneOf" && part.get("$ref").is_none() {
                    self.find(
                        &at,
                        "inline variant",
                        "name it under components.schemas and refer to it",
                    );
                }
            }
        }
    }

    fn not_inline(&mut self, at: &str, schema: &Value) {
        if schema.get("properties").is_some()
            || schema.get("oneOf").is_some()
            || schema.get("x-extensible-enum").is_some()
        {
            self.find(
                at,
                "inline object, choice or enum",
                "name it under components.schemas and refer to it",
            );
        }
    }
}
