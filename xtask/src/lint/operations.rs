//! Checks operations, their bodies and replies.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use indexmap::IndexMap;
use nxcloud_spec::Document;
use nxcloud_spec::document::{MediaType, Operation, Scheme};

use super::{codes, header};
use crate::finding::Findings;
use crate::{names, places};

pub(super) fn operations(document: &Document, findings: &mut Findings<'_>) {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (at, path, _, operation) in places::operations(document) {
        id(&at, &operation.id, &mut ids, findings);
        signature(&at, document.scheme, operation, findings);
        super::servers(&format!("{at}.servers"), &operation.servers, findings);
        codes(&format!("{at}.x-nx-codes"), &operation.codes, findings);
        super::paths::parameters(&at, path, operation, findings);
        if let Some(body) = &operation.body {
            let at = format!("{at}.requestBody");
            content(&at, &body.content, true, findings);
            if !body.required {
                findings.add(
                    at,
                    "optional bodies are not supported",
                    "write `required: true`",
                );
            }
        }
        responses(&at, operation, findings);
    }
}

fn id(at: &str, id: &str, ids: &mut BTreeMap<String, String>, findings: &mut Findings<'_>) {
    let snake = id.to_snake_case();
    if let Some(other) = ids.insert(snake.clone(), at.to_owned()) {
        findings.add(
            at,
            format!("the operation id `{id}` is `{snake}` in Rust, like that of {other}"),
            "choose another id for one of them",
        );
    }
    if let Some((problem, instead)) = names::unusable_operation(&snake) {
        findings.add(at, problem, instead);
    } else if snake != id {
        findings.add(
            at,
            format!("the operation id `{id}` is not in snake_case"),
            format!("write `{snake}`"),
        );
    }
}

fn signature(at: &str, scheme: Scheme, operation: &Operation, findings: &mut Findings<'_>) {
    let needed: &[(&str, bool, &str)] = match scheme {
        Scheme::NxcloudMd5 => &[
            (
                "x-nx-action",
                operation.action.is_none(),
                "write the action header of this operation",
            ),
            (
                "x-nx-parameter-code",
                operation.parameter_code.is_none(),
                "write the result code of an invalid body",
            ),
        ],
        Scheme::AntBuddySha256 => &[
            (
                "x-nx-hash-in",
                operation.hash_in.is_none(),
                "write `header` or `query`",
            ),
            (
                "x-nx-hash-order",
                operation.hash_order.is_none(),
                "list the hashed parameters in order",
            ),
        ],
    };
    for (key, _, instead) in needed.iter().filter(|(_, missing, _)| *missing) {
        findings.add(at, format!("`{key}` is missing"), *instead);
    }
    header(
        &format!("{at}.x-nx-biz-type"),
        operation.biz_type.as_ref(),
        findings,
    );
    header(
        &format!("{at}.x-nx-action"),
        operation.action.as_ref(),
        findings,
    );
}

fn responses(at: &str, operation: &Operation, findings: &mut Findings<'_>) {
    if !operation.responses.contains_key("200") {
        findings.add(
            at,
            "there is no response \"200\"",
            "describe the reply of the platform",
        );
    }
    for (status, response) in &operation.responses {
        let at = format!("{at}.responses.{status}");
        match status.as_str() {
            "200" => content(&at, &response.content, false, findings),
            "default" => findings.add(
                at,
                "a `default` response describes both success and error",
                "write only \"200\": the client handles all failures",
            ),
            _ => findings.add(
                at,
                "only the response \"200\" is supported",
                "remove this one: the client handles all failures",
            ),
        }
    }
}

fn content(
    at: &str,
    content: &IndexMap<String, MediaType>,
    request: bool,
    findings: &mut Findings<'_>,
) {
    if content.len() != 1 {
        findings.add(
            at,
            format!("there are {} media types", content.len()),
            "write exactly one, with schema and examples",
        );
    }
    for (media, body) in content {
        let at = format!("{at}.content.{media}");
        let is_json = media == "application/json";
        let is_form = request && media == "multipart/form-data";
        if !is_json && !is_form {
            let instead = if request {
                "write application/json or multipart/form-data"
            } else {
                "write application/json"
            };
            findings.add(&at, "the media type is not supported", instead);
        }
        if body.schema.reference.is_none() {
            findings.add(
                format!("{at}.schema"),
                "the schema is inline",
                "move it to components.schemas and refer to it with `$ref`",
            );
        }
        if request && is_json && body.examples.is_empty() {
            findings.add(
                at,
                "there are no `examples`",
                "write at least one complete example",
            );
        } else if !request && !body.examples.contains_key("success") {
            let instead = "write one: the sandbox answers with it";
            findings.add(at, "there is no example `success`", instead);
        }
    }
}
