//! Tests of every operation of every embedded spec.

use std::collections::BTreeSet;

use nxcloud_signing::Secret;
use nxcloud_signing::antbuddy::{AppId, Signer};
use nxcloud_spec::OperationRef;
use nxcloud_spec::document::{HashIn, Place};
use nxcloud_spec::validate::{Compiler, NOT_AN_INTEGER, Violation};

use super::test_request::{TestRequest, json_of, platform_of};
use crate::platform::catalog::Content;
use crate::platform::*;

fn platform() -> Platform {
    platform_of(Catalog::embedded().unwrap())
}

/// The operation in its spec.
fn spec_of(operation: &Operation) -> OperationRef<'static> {
    let service = nxcloud_spec::embedded(&operation.service).unwrap().unwrap();
    service.operation(&operation.id).unwrap()
}

/// The difference between a reply and its schema.
fn misfits(operation: &Operation, reply: &Value) -> Vec<Violation> {
    let spec = spec_of(operation);
    let (_, media) = spec.reply().unwrap();
    let compiler = Compiler::new(spec.service().document());
    compiler.compile(&media.schema).unwrap().violations(reply)
}

/// The examples of a request body; one absent example for an operation without a body.
fn bodies(operation: OperationRef<'_>) -> Vec<Value> {
    match operation.request() {
        None => vec![Value::Null],
        Some((_, body)) => body
            .examples
            .values()
            .map(|example| example.value.clone())
            .collect(),
    }
}

/// An example as a multipart body with boundary `x`.
fn form(operation: &Operation, example: &Value) -> Vec<u8> {
    let rules = operation.body.as_ref().unwrap();
    let mut body = String::new();
    for (name, value) in example.as_object().unwrap() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        body.push_str(&format!(
            "--x\r\ncontent-disposition: form-data; name=\"{name}\""
        ));
        if rules.uploads.contains_key(name) {
            body.push_str("; filename=\"a\"");
        }
        body.push_str(&format!("\r\n\r\n{text}\r\n"));
    }
    body.push_str("--x--\r\n");
    body.into_bytes()
}

/// The path with its parameters, and the query parameters, all from their examples.
fn address(operation: &Operation) -> (String, Vec<(String, String)>) {
    let mut path = operation.path.as_str().to_owned();
    let mut query = Vec::new();
    for parameter in &spec_of(operation).spec().parameters {
        let name = &parameter.name;
        let example = parameter.example.as_ref().unwrap();
        let value = example
            .as_str()
            .map_or_else(|| example.to_string(), str::to_owned);
        match parameter.place {
            Place::Query => query.push((name.clone(), value)),
            Place::Path => path = path.replace(&format!("{{{name}}}"), &value),
        }
    }
    (path, query)
}

fn with_query(path: &str, query: &[(String, String)]) -> String {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    format!("{path}?{}", encoded.extend_pairs(query).finish())
}

/// A correct request, created from the examples of the spec.
fn draft(operation: &Operation, example: &Value) -> TestRequest {
    let (path, mut query) = address(operation);
    let body = if example.is_null() {
        String::new()
    } else {
        example.to_string()
    };
    let multipart = operation
        .body
        .as_ref()
        .is_some_and(|body| body.content == Content::Multipart);
    match &operation.signed {
        Signed::Md5 {
            biz_type, action, ..
        } if multipart => {
            let draft = TestRequest::signed(&path, biz_type, action, b"");
            let mut draft = draft.with("content-type", "multipart/form-data; boundary=x");
            draft.body = form(operation, example).into();
            draft
        }
        Signed::Md5 {
            biz_type, action, ..
        } => {
            let path = with_query(&path, &query);
            let mut draft = TestRequest::signed(&path, biz_type, action, body.as_bytes());
            draft.method = operation.method.clone();
            draft
        }
        Signed::Sha256 { place, order } => {
            let signer = Signer::new(AppId::new("app-1").unwrap(), Secret::new("s3cret").unwrap());
            let mut draft = TestRequest::plain(operation.method.clone(), &path, body.as_bytes());
            if *place == HashIn::Header {
                let hash = signer.sign_app_id();
                return draft
                    .with("x-auth-app-id", "app-1")
                    .with("x-auth-app-hash", hash.as_str());
            }
            query.push(("appId".to_owned(), "app-1".to_owned()));
            let sent = |name: &String| query.iter().find(|(key, _)| key == name);
            let values = order
                .iter()
                .filter_map(sent)
                .map(|(_, value)| value.as_str());
            let hash = signer.sign(&values.collect::<Vec<_>>());
            query.push(("hash".to_owned(), hash.as_str().to_owned()));
            draft.path = with_query(&path, &query);
            draft
        }
    }
}

/// Whether a reply has the members and JSON types of an example. A list may have any length; each of its items must
/// match one of the example's.
fn fits(reply: &Value, example: &Value) -> bool {
    match (reply, example) {
        (Value::Object(reply), Value::Object(example)) => {
            // `next` is present only while there is a next page.
            let needed = example.keys().filter(|name| *name != "next");
            needed.into_iter().all(|name| reply.contains_key(name))
                && reply.iter().all(|(name, value)| {
                    example
                        .get(name)
                        .is_some_and(|example| fits(value, example))
                })
        }
        (Value::Array(reply), Value::Array(example)) => reply
            .iter()
            .all(|item| example.iter().any(|example| fits(item, example))),
        (reply, example) => std::mem::discriminant(reply) == std::mem::discriminant(example),
    }
}

#[test]
fn every_example_of_a_request_is_accepted_and_answered_in_the_shape_of_the_spec() {
    let catalog = Catalog::embedded().unwrap();
    for operation in catalog.operations() {
        for example in bodies(spec_of(operation)) {
            // The state is empty.
            let platform = platform();
            let answer = draft(operation, &example).send(&platform);
            let cause = answer.verdict.cause();
            assert!(cause.is_none(), "{}: {cause:?} {example}", operation.id);
            assert_eq!(answer.operation.as_deref(), Some(operation.id.as_ref()));
            if let Some(success) = &operation.success {
                let reply = json_of(&answer);
                assert!(fits(&reply, success), "{}", operation.id);
                assert_eq!(misfits(operation, &reply), [], "{}", operation.id);
            }
        }
    }
}

/// Every envelope of every operation, refused and accepted, has the keys and JSON types of its examples.
#[test]
fn every_operation_answers_in_its_own_envelope() {
    let platform = platform();
    for operation in platform.catalog.operations() {
        let Signed::Md5 {
            biz_type, action, ..
        } = &operation.signed
        else {
            continue;
        };
        let path = operation.path.as_str();
        let mut draft = TestRequest::signed(path, biz_type, action, b"");
        draft.method = operation.method.clone();
        let answer = draft.with("sign", "wrong").send(&platform);
        let reply = json_of(&answer);
        let example = operation.failure.as_ref();
        let example = example.or(operation.success.as_ref()).unwrap();
        let keys = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        let mut expected = keys(example);
        if operation.failure.is_none() {
            let common = [
                "code",
                "msg",
                "message",
                "result",
                "requestId",
                "reqId",
                "traceId",
            ];
            expected.retain(|key| common.contains(&key.as_str()));
        }
        assert_eq!(keys(&reply), expected, "{}", operation.id);
        assert_eq!(misfits(operation, &reply), [], "{}", operation.id);
        let code = if example["code"].is_string() {
            json!("1003")
        } else {
            json!(1003)
        };
        assert_eq!(reply["code"], code, "{}", operation.id);
        let texts = ["msg", "message", "result"];
        let texts = texts
            .iter()
            .filter(|key| reply.get(*key) == Some(&json!("wrong signature")));
        assert_eq!(texts.count(), 1, "{}", operation.id);
    }
}

#[test]
fn the_state_after_every_example_is_a_seed() {
    let platform = platform();
    for operation in platform.catalog.operations() {
        // Skips examples that remove something, so that more state remains.
        if ["unbind", "delete_group"].contains(&operation.id.as_ref()) {
            continue;
        }
        for example in bodies(spec_of(operation)) {
            draft(operation, &example).send(&platform);
        }
    }
    let before = platform.state.snapshot();
    let made = before["key-1"].as_object().unwrap();
    let empty = made
        .iter()
        .filter(|(_, list)| list.as_array().unwrap().is_empty());
    assert_eq!(empty.map(|(name, _)| name).collect::<Vec<_>>(), [""; 0]);
    let after = state::Seed(Some(before.clone())).into_state().ok().unwrap();
    assert_eq!(after.snapshot(), before);
}

/// The pointers to the integers in a value.
fn integers(value: &Value, at: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Number(number) if number.is_i64() => pointers.push(at.to_owned()),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                integers(item, &format!("{at}/{place}"), pointers);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                integers(member, &format!("{at}/{name}"), pointers);
            }
        }
        _ => {}
    }
}

/// Sends an example with another value at a place.
fn changed(operation: &Operation, example: &Value, pointer: &str, value: Value) -> Answer {
    let mut body = example.clone();
    *body.pointer_mut(pointer).unwrap() = value;
    draft(operation, &body).send(&platform())
}

#[test]
fn no_operation_takes_an_integer_with_a_fraction_an_exponent_or_more_than_64_bits() {
    let catalog = Catalog::embedded().unwrap();
    let mut fields = BTreeSet::new();
    for operation in catalog.operations() {
        for example in bodies(spec_of(operation)) {
            let mut pointers = Vec::new();
            integers(&example, "", &mut pointers);
            for pointer in pointers {
                for bad in ["1.0", "1e30", "9223372036854775808", "18446744073709551616"] {
                    let value = serde_json::from_str(bad).unwrap();
                    match changed(operation, &example, &pointer, value)
                        .verdict
                        .cause()
                    {
                        // It is a number but not an integer.
                        None => {}
                        Some(Cause::Parameter {
                            pointer: at,
                            problem,
                        }) => {
                            assert_eq!(*at, pointer, "{}", operation.id);
                            let is_limit = problem.starts_with("greater than");
                            assert!(is_limit || problem == NOT_AN_INTEGER, "{problem}");
                            fields.insert((operation.id.clone(), pointer.clone()));
                        }
                        other => panic!("{} {pointer} {bad}: {other:?}", operation.id),
                    }
                }
            }
        }
    }
    assert!(fields.len() > 30, "{fields:?}");
}

#[test]
fn every_page_and_page_size_starts_at_1() {
    let catalog = Catalog::embedded().unwrap();
    let mut fields = BTreeSet::new();
    for operation in catalog.operations() {
        for example in bodies(spec_of(operation)) {
            for name in ["page", "pageSize", "size", "limit", "offset"] {
                if example.get(name).is_none() {
                    continue;
                }
                fields.insert((operation.id.to_string(), name));
                // By the reference, 0 asks for all rows, and an offset is not a page.
                let begins_at_0 = operation.service.as_ref() == "virtual-number";
                for number in [0, -1, i64::MIN] {
                    let answer = changed(operation, &example, &format!("/{name}"), number.into());
                    if number == 0 && begins_at_0 {
                        assert!(answer.verdict.is_accepted());
                        continue;
                    }
                    let code = match (operation.service.as_ref(), name) {
                        ("virtual-number", "limit") => 10011,
                        ("virtual-number", _) => 10012,
                        _ => operation.parameter_code(),
                    };
                    assert_eq!(answer.verdict.code(), code, "{} {name}", operation.id);
                    let cause = answer.verdict.cause().unwrap().to_string();
                    assert!(cause.starts_with(&format!("/{name} less than ")), "{cause}");
                }
            }
        }
    }
    let expected = [
        ("get_templates", "limit"),
        ("list_bindings", "limit"),
        ("list_bindings", "offset"),
        ("list_groups", "limit"),
        ("list_groups", "offset"),
        ("query_call_records", "page"),
        ("query_call_records", "size"),
        ("query_calls", "page"),
        ("query_calls", "pageSize"),
        ("query_checks", "page"),
        ("query_checks", "pageSize"),
    ];
    assert_eq!(
        fields,
        expected.map(|(id, name)| (id.to_owned(), name)).into()
    );
}
