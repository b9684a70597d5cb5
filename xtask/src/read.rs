//! From the spec's text to the model.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::{OpenAPI, ReferenceOr, SchemaKind, Type};
use serde_json::Value;

use crate::check;
use crate::lint::{self, Finding};
use crate::model::{Code, Input, Operation, Paging, PagingStyle, Scheme, Service, Side, Webhook};
use crate::names;
use crate::paths;
use crate::schema::{Schemas, ref_name};
use crate::webhooks;

/// Reads and lints one spec, as it came from a file.
///
/// # Errors
///
/// Everything that must change in it.
pub fn read_bytes(file: &str, bytes: &[u8]) -> Result<Service, Vec<Finding>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(file, text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(vec![Finding {
                file: file.to_owned(),
                at: format!("line {line}"),
                problem: "not UTF-8".to_owned(),
                instead: "save the file as UTF-8".to_owned(),
            }])
        }
    }
}

/// Reads and lints one spec.
///
/// # Errors
///
/// Everything that must change in it.
pub fn read(file: &str, text: &str) -> Result<Service, Vec<Finding>> {
    let broken = |problem: String| {
        vec![Finding {
            file: file.to_owned(),
            at: "(file)".to_owned(),
            // The lines behind the first show the text around it.
            problem: first_line(&problem),
            instead: if problem.contains("into string") {
                "write texts and names in quotes, such as 'null'".to_owned()
            } else {
                "write OpenAPI 3.0 as YAML".to_owned()
            },
        }]
    };
    let raw: Value = serde_saphyr::from_str(text).map_err(|error| broken(error.to_string()))?;
    let findings = lint::lint(file, &raw);
    if !findings.is_empty() {
        return Err(findings);
    }
    // Into types that know OpenAPI. Not from the text: there `y` and `on` would be no names.
    let api: OpenAPI = serde_json::from_value(raw.clone()).map_err(|error| {
        let placed = serde_saphyr::from_str::<OpenAPI>(text).err();
        broken(placed.map_or(error.to_string(), |placed| placed.to_string()))
    })?;
    let document =
        serde_json::from_value(raw.clone()).map_err(|error| broken(error.to_string()))?;
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.strip_suffix(".yaml").unwrap_or(name);
    let mut reader = Reader {
        raw: &raw,
        findings: Findings {
            file,
            list: Vec::new(),
        },
    };
    let service = reader.service(name, &api, document);
    let mut findings = reader.findings.list;
    if findings.is_empty() {
        // Only then do the schemas compile.
        findings = lint::misfits(file, &service.document);
    }
    if findings.is_empty() {
        Ok(service)
    } else {
        Err(findings)
    }
}

fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Collects what must change.
pub(crate) struct Findings<'a> {
    file: &'a str,
    list: Vec<Finding>,
}

impl Findings<'_> {
    pub(crate) fn add(
        &mut self,
        at: impl Into<String>,
        problem: impl Into<String>,
        instead: impl Into<String>,
    ) {
        self.list.push(Finding {
            file: self.file.to_owned(),
            at: at.into(),
            problem: problem.into(),
            instead: instead.into(),
        });
    }
}

struct Reader<'a> {
    raw: &'a Value,
    findings: Findings<'a>,
}

/// A text under a key.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A list of texts under a key.
pub(crate) fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The entries of a list under a key.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Named examples: `{name: {value: …}}`.
fn examples(holder: Option<&Value>) -> Vec<(String, Value)> {
    let examples = holder
        .and_then(|holder| holder.get("examples"))
        .and_then(Value::as_object);
    examples
        .into_iter()
        .flatten()
        .filter_map(|(name, example)| Some((name.clone(), example.get("value")?.clone())))
        .collect()
}

/// The parameters' examples joined to those of the body; alone, they are one example.
fn with_parameters(operation: &Value, examples: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let parameters: serde_json::Map<String, Value> = list(operation, "parameters")
        .filter_map(|parameter| Some((text(parameter, "name")?, parameter.get("example")?.clone())))
        .collect();
    if parameters.is_empty() {
        return examples;
    }
    let bodies = if examples.is_empty() {
        vec![(
            "parameters".to_owned(),
            Value::Object(serde_json::Map::new()),
        )]
    } else {
        examples
    };
    let join = |body: Value| {
        let mut joined = parameters.clone();
        joined.extend(body.as_object().cloned().unwrap_or_default());
        Value::Object(joined)
    };
    bodies
        .into_iter()
        .map(|(name, body)| (name, join(body)))
        .collect()
}

/// The one media type of a body or response.
fn content(holder: Option<&Value>) -> Option<(&String, &Value)> {
    holder?.get("content")?.as_object()?.iter().next()
}

fn schema_ref(holder: &Value) -> Option<String> {
    holder.get("schema")?.get("$ref")?.as_str().map(ref_name)
}

impl Reader<'_> {
    fn service(&mut self, name: &str, api: &OpenAPI, document: nxcloud_spec::Document) -> Service {
        let raw = self.raw;
        let mut operations = Vec::new();
        for (path, item) in &api.paths.paths {
            for (method, _) in item.as_item().into_iter().flat_map(|item| item.iter()) {
                if let Some(operation) = raw["paths"][path].get(method) {
                    operations.push(self.operation(path, method, operation));
                }
            }
        }
        let webhooks: Vec<Webhook> = list(raw, "x-nx-webhooks")
            .map(|webhook| self.webhook(webhook))
            .collect();
        let mut schemas = Schemas::new(&raw["components"]["schemas"], property_order(api));
        for operation in &operations {
            schemas.mark_returned(&operation.reply, &mut self.findings);
            if let Input::Json(request) | Input::Multipart(request) = &operation.input {
                schemas.mark(request, Side::Request, &mut self.findings);
            }
        }
        for webhook in &webhooks {
            schemas.mark(&webhook.schema, Side::Reply, &mut self.findings);
        }
        let mut types = schemas.types(&mut self.findings);
        for operation in &operations {
            let raw = &raw["paths"][&operation.path][operation.method.to_lowercase()];
            schemas.add_parameters(operation, raw, &mut types, &mut self.findings);
        }
        let service = Service {
            name: name.to_owned(),
            package: text(raw, "x-nx-package").unwrap_or_else(|| format!("nxcloud-{name}")),
            title: api.info.title.clone(),
            description: api.info.description.clone().unwrap_or_default(),
            biz_type: text(raw, "x-nx-biz-type"),
            base_url: api
                .servers
                .first()
                .map(|server| server.url.clone())
                .unwrap_or_default(),
            codes: self.codes("x-nx-codes", raw),
            operations,
            webhooks,
            types,
            raw: raw.clone(),
            document,
        };
        self.code_names(&service);
        webhooks::check(&service, &mut self.findings);
        paths::check_accessors(&service, &mut self.findings);
        check::check(&service, &mut self.findings);
        service
    }

    /// A name stands for one code only, since it becomes a constant of the service.
    fn code_names(&mut self, service: &Service) {
        let mut seen: BTreeMap<&str, i64> = BTreeMap::new();
        for code in service.all_codes() {
            let other = seen.insert(&code.name, code.code);
            if let Some(other) = other.filter(|other| *other != code.code) {
                self.findings.add(
                    "x-nx-codes",
                    format!("`{}` names the codes {other} and {}", code.name, code.code),
                    "give one of them another name",
                );
            }
        }
    }

    fn codes(&mut self, at: &str, holder: &Value) -> Vec<Code> {
        const KINDS: [(&str, &str); 9] = [
            ("authentication", "Authentication"),
            ("balance", "Balance"),
            ("not-found", "NotFound"),
            ("parameter", "Parameter"),
            ("permission", "Permission"),
            ("platform", "Platform"),
            ("rate-limit", "RateLimit"),
            ("quota", "Quota"),
            ("unknown", "Unknown"),
        ];
        let mut codes = Vec::new();
        for code in list(holder, "x-nx-codes") {
            let word = text(code, "kind").unwrap_or_default();
            let kind = KINDS.iter().find(|(spelling, _)| *spelling == word);
            if kind.is_none() {
                let words: Vec<&str> = KINDS.iter().map(|(spelling, _)| *spelling).collect();
                self.findings.add(
                    at,
                    format!("unknown kind of code `{word}`"),
                    format!("write one of {}", words.join(", ")),
                );
            }
            let name = text(code, "name").unwrap_or_default();
            if names::constant(&name) != name {
                self.findings.add(
                    at,
                    format!("`{name}` is not SCREAMING_SNAKE"),
                    format!("write `{}`", names::constant(&name)),
                );
            }
            codes.push(Code {
                code: code.get("code").and_then(Value::as_i64).unwrap_or_default(),
                name,
                kind: kind.map_or("Unknown", |(_, variant)| variant),
                meaning: text(code, "meaning").unwrap_or_default(),
                hint: text(code, "hint"),
            });
        }
        codes
    }

    fn operation(&mut self, path: &str, method: &str, operation: &Value) -> Operation {
        let at = format!("paths.{path}.{method}");
        let scheme = if text(self.raw, "x-nx-scheme").as_deref() == Some("nxcloud-md5") {
            Scheme::NxcloudMd5 {
                biz_type: text(operation, "x-nx-biz-type")
                    .or_else(|| text(self.raw, "x-nx-biz-type"))
                    .unwrap_or_default(),
                action: text(operation, "x-nx-action").unwrap_or_default(),
            }
        } else {
            Scheme::AntBuddySha256 {
                in_header: text(operation, "x-nx-hash-in").as_deref() == Some("header"),
                order: texts(operation, "x-nx-hash-order"),
            }
        };
        let id = text(operation, "operationId").unwrap_or_default();
        let body = content(operation.get("requestBody"));
        let input = match body {
            None => Input::Parameters(names::variant(&id)),
            Some((media, body)) if media == "multipart/form-data" => {
                Input::Multipart(schema_ref(body).unwrap_or_default())
            }
            Some((_, body)) => Input::Json(schema_ref(body).unwrap_or_default()),
        };
        let reply = content(operation["responses"].get("200"));
        Operation {
            id,
            method: method.to_uppercase(),
            path: path.to_owned(),
            base_url: list(operation, "servers")
                .next()
                .and_then(|server| text(server, "url")),
            summary: text(operation, "summary").unwrap_or_default(),
            description: text(operation, "description").unwrap_or_default(),
            scheme,
            safe: operation.get("x-nx-safe") == Some(&Value::Bool(true)),
            codes: self.codes(&format!("{at}.x-nx-codes"), operation),
            input,
            paging: self.paging(&at, operation),
            reply: reply
                .and_then(|(_, reply)| schema_ref(reply))
                .unwrap_or_default(),
            request_examples: with_parameters(operation, examples(body.map(|(_, body)| body))),
            reply_examples: examples(reply.map(|(_, reply)| reply)),
        }
    }

    fn paging(&mut self, at: &str, operation: &Value) -> Option<Paging> {
        let paging = operation.get("x-nx-paging")?;
        let at = format!("{at}.x-nx-paging");
        let path = |key: &str| -> Option<Vec<String>> {
            Some(text(paging, key)?.split('.').map(str::to_owned).collect())
        };
        let style = text(paging, "style").unwrap_or_default();
        let read = match style.as_str() {
            "page" => Some((PagingStyle::Page(path("total-pages")), "page")),
            "offset" => Some((PagingStyle::Offset, "offset")),
            "cursor" => path("next")
                .zip(path("more"))
                .map(|(next, more)| (PagingStyle::Cursor(next, more), "cursor")),
            _ => None,
        };
        let (Some((style, key)), Some(size), Some(items)) =
            (read, text(paging, "size"), path("items"))
        else {
            self.findings.add(
                at,
                "the paging is incomplete",
                "write {style: page, page, size, items}, {style: offset, offset, size, items} or {style: cursor, cursor, size, items, next, more}",
            );
            return None;
        };
        Some(Paging {
            style,
            cursor: text(paging, key).unwrap_or_default(),
            size,
            items,
        })
    }

    fn webhook(&mut self, webhook: &Value) -> Webhook {
        let name = text(webhook, "name").unwrap_or_default();
        let at = format!("x-nx-webhooks.{name}");
        if schema_ref(webhook).is_none() {
            self.findings.add(
                &at,
                "inline schema",
                "name it under components.schemas and refer to it",
            );
        }
        Webhook {
            description: text(webhook, "description").unwrap_or_default(),
            schema: schema_ref(webhook).unwrap_or_default(),
            signed: webhook.get("signed") == Some(&Value::Bool(true)),
            content: texts(webhook, "content"),
            actions: texts(webhook, "action"),
            reply: text(webhook, "reply"),
            reply_error: text(webhook, "reply-error"),
            retry: webhook.get("retry").and_then(|retry| {
                let seconds = |key: &str| retry.get(key).and_then(Value::as_u64);
                Some((seconds("every-seconds")?, seconds("for-seconds")?))
            }),
            idempotency_key: texts(webhook, "idempotency-key"),
            codes: self.codes(&at, webhook),
            examples: examples(Some(webhook)),
            name,
        }
    }
}

/// Schema names in the order of the spec, each with its properties in theirs.
fn property_order(api: &OpenAPI) -> Vec<(String, Vec<String>)> {
    fn properties(schema: &openapiv3::Schema, into: &mut Vec<String>) {
        match &schema.schema_kind {
            SchemaKind::Type(Type::Object(object)) => {
                into.extend(object.properties.keys().cloned())
            }
            SchemaKind::AllOf { all_of } => {
                for part in all_of.iter().filter_map(ReferenceOr::as_item) {
                    properties(part, into);
                }
            }
            SchemaKind::Any(any) => into.extend(any.properties.keys().cloned()),
            _ => {}
        }
    }
    let schemas = api
        .components
        .iter()
        .flat_map(|components| &components.schemas);
    schemas
        .map(|(name, schema)| {
            let mut order = Vec::new();
            if let Some(schema) = schema.as_item() {
                properties(schema, &mut order);
            }
            (name.clone(), order)
        })
        .collect()
}

/// Names of all schemas that a schema refers to.
pub(crate) fn references(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                into.insert(ref_name(reference));
            }
            map.values().for_each(|value| references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}
