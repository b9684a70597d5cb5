use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::platform::catalog::Catalog;

/// An operation whose reply has a schema and examples.
fn catalog(schema: Value, success: Value, failure: Option<Value>) -> Catalog {
    let mut examples = json!({ "success": { "value": success } });
    if let Some(failure) = failure {
        examples["failure"] = json!({ "value": failure });
    }
    let spec = json!({
        "x-nx-scheme": "nxcloud-md5",
        "x-nx-biz-type": "1",
        "paths": { "/a": { "post": {
            "operationId": "do_it",
            "x-nx-action": "act",
            "x-nx-parameter-code": 9,
            "responses": { "200": { "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Reply" },
                "examples": examples,
            } } } },
        } } },
        "components": { "schemas": schema },
    });
    Catalog::of("svc", spec).unwrap()
}

fn success(schema: Value, example: Value, fields: Value) -> Value {
    let catalog = catalog(schema, example, None);
    with_filler(&fields, |filler| {
        filler
            .success(catalog.operations().next().unwrap())
            .unwrap()
    })
}

fn failure(schema: Value, success: Value, example: Option<Value>) -> Value {
    let catalog = catalog(schema, success, example);
    with_filler(&json!({ "code": "echo?", "batch": "b-1" }), |filler| {
        filler.failure(
            catalog.operations().next().unwrap(),
            1003,
            "wrong signature",
        )
    })
}

fn with_filler(fields: &Value, act: impl Fn(&Filler<'_>) -> Value) -> Value {
    act(&Filler {
        ids: &Ids::new(),
        now: 1_655_710_885_431,
        fields: fields.as_object().unwrap(),
    })
}

#[test]
fn every_rule_fills_its_field_in_the_declared_type() {
    let rule = |rule: &str, kind: &str| json!({ "type": kind, "x-nx-sandbox": rule });
    let schema = json!({ "Reply": { "properties": {
        "uuid": rule("uuid", "string"),
        "hex": rule("hex32", "string"),
        "text": rule("digits:19", "string"),
        "number": rule("digits:19", "integer"),
        "ms": rule("now-ms", "integer"),
        "s": rule("now-s", "string"),
        "time": rule("now-text", "string"),
        "echoed": rule("echo:from.inner", "string"),
        "missing": rule("echo:nowhere", "string"),
        "unknown": rule("example", "string"),
    } } });
    let example = json!({
        "uuid": "", "hex": "x", "text": "x", "number": 1, "ms": 1, "s": "x", "time": "x", "echoed": "x", "missing": "stays",
        "unknown": "stays",
    });
    let fields = json!({ "from": { "inner": 42 } });
    let reply = success(schema, example, fields);
    assert_eq!(reply["uuid"].as_str().unwrap().len(), 36);
    assert_eq!(reply["hex"].as_str().unwrap().len(), 32);
    assert_eq!(reply["text"].as_str().unwrap().len(), 19);
    assert!(reply["number"].as_i64().unwrap() >= 100_000_000_000_000_000);
    assert_eq!(reply["ms"], json!(1_655_710_885_431_i64));
    assert_eq!(reply["s"], "1655710885");
    assert_eq!(reply["time"], "2022-06-20 07:41:25");
    assert_eq!(reply["echoed"], "42");
    assert_eq!(
        (&reply["missing"], &reply["unknown"]),
        (&json!("stays"), &json!("stays"))
    );
}

#[test]
fn rules_reach_into_nested_objects_arrays_and_maps() {
    let schema = json!({
        "Reply": { "properties": { "data": { "allOf": [{ "$ref": "#/components/schemas/Data" }] } } },
        "Data": { "properties": {
            "rows": { "type": "array", "items": { "$ref": "#/components/schemas/Row" } },
            "ids": { "type": "array", "items": { "type": "string", "x-nx-sandbox": "uuid" } },
            "map": { "type": "object", "additionalProperties": { "$ref": "#/components/schemas/Row" } },
        } },
        "Row": { "properties": { "id": { "type": "string", "x-nx-sandbox": "hex32" }, "name": { "type": "string" } } },
    });
    let row = json!({ "id": "old", "name": "old" });
    let example = json!({ "data": { "rows": [row, row], "ids": ["old", "old"], "map": { "8615012345678": row } } });
    let reply = success(schema, example, json!({ "name": "new" }));
    let data = &reply["data"];
    let rows = [
        &data["rows"][0],
        &data["rows"][1],
        &data["map"]["8615012345678"],
    ];
    assert!(rows.iter().all(|row| row["name"] == "new"));
    let fresh = rows.iter().map(|row| &row["id"]);
    let fresh = fresh.chain([&data["ids"][0], &data["ids"][1]]);
    let fresh = fresh.map(|id| id.as_str().unwrap()).collect::<HashSet<_>>();
    assert_eq!(fresh.len(), 5);
    assert!(!fresh.contains("old"));
}

#[test]
fn a_bare_array_is_filled_in_item_by_item() {
    let schema = json!({
        "Reply": { "type": "array", "x-nx-list": "records", "items": { "$ref": "#/components/schemas/Row" } },
        "Row": { "properties": { "id": { "type": "string", "x-nx-sandbox": "uuid" } } },
    });
    let reply = success(schema, json!([{ "id": "old" }]), json!({}));
    assert_eq!(reply[0]["id"].as_str().unwrap().len(), 36);
}

#[test]
fn fields_of_the_same_name_are_echoed_in_the_type_of_the_reply() {
    let schema = json!({ "Reply": { "properties": {
        "page": { "type": "integer" },
        "size": { "type": "string" },
        "flag": { "type": "boolean" },
        "price": { "type": "number" },
        "phones": { "type": "array", "items": { "type": "string" } },
        "level": { "type": "integer" },
        "rows": { "type": "array", "items": { "$ref": "#/components/schemas/Row" } },
        "who": { "$ref": "#/components/schemas/Row" },
    } }, "Row": { "properties": { "name": { "type": "string" }, "kind": { "type": "string" } } } });
    let example = json!({
        "page": 1, "size": "10", "flag": false, "price": 0.5, "phones": ["1"], "level": 1,
        "rows": [{ "name": "ann" }], "who": { "name": "ann", "kind": "user" },
    });
    let fields = json!({
        "page": "7", "size": 20, "flag": "true", "price": 3, "phones": ["2", "3"], "level": "high",
        "rows": [{ "other": 1 }], "who": { "name": "bo" }, "kind": null, "not_in_the_reply": 1,
    });
    let reply = success(schema, example, fields);
    assert_eq!(
        reply,
        json!({
            "page": 7, "size": "20", "flag": true, "price": 3, "phones": ["2", "3"], "level": 1,
            "rows": [{ "name": "ann" }], "who": { "name": "bo", "kind": "user" },
        })
    );
}

#[test]
fn code_and_text_of_the_envelope_are_never_echoed() {
    let schema = json!({ "Reply": { "properties": {
        "message": { "type": "string" }, "data": { "$ref": "#/components/schemas/Data" },
    } }, "Data": { "properties": { "code": { "type": "string" } } } });
    let fields = json!({ "code": "4711", "message": "hello" });
    for code in [json!(0), json!("0")] {
        let example = json!({ "code": code, "message": "OK", "data": { "code": "x" } });
        let reply = success(schema.clone(), example, fields.clone());
        assert_eq!(
            reply,
            json!({ "code": code, "message": "OK", "data": { "code": "4711" } })
        );
    }
}

#[test]
fn a_failure_keeps_empty_fields_and_replaces_ids() {
    let schema = json!({ "Reply": { "properties": {
        "code": { "type": "string" }, "result": { "type": "string" },
        "id": { "type": "string", "x-nx-sandbox": "uuid" },
        "requestId": { "type": "string", "x-nx-sandbox": "uuid" },
        "data": { "properties": { "batch": { "type": "string" } } },
    } } });
    let example = json!({ "code": "2", "result": "bad", "id": "", "requestId": "old", "data": { "batch": "" } });
    let reply = failure(schema, json!({}), Some(example));
    assert_eq!(reply["code"], "1003");
    assert_eq!(reply["result"], "wrong signature");
    assert_eq!(reply["id"], "");
    assert_eq!(reply["requestId"].as_str().unwrap().len(), 36);
    assert_eq!(reply["data"], json!({ "batch": "" }));
}

#[test]
fn without_an_example_a_failure_has_the_common_members() {
    let schema = json!({ "Reply": { "properties": { "requestId": { "type": "string", "x-nx-sandbox": "digits:19" } } } });
    let success = json!({ "code": 0, "msg": "success", "requestId": "1", "groupId": "g", "data": { "id": 1 }, "list": [] });
    let reply = failure(schema, success, None);
    assert_eq!(reply["code"], json!(1003));
    assert_eq!(reply["msg"], "wrong signature");
    assert_eq!(reply["requestId"].as_str().unwrap().len(), 19);
    assert_eq!(reply.as_object().unwrap().len(), 3);
}

#[test]
fn an_envelope_without_code_and_text_gets_them() {
    let reply = failure(json!({ "Reply": {} }), json!({ "value": "token" }), None);
    assert_eq!(reply, json!({ "code": 1003, "msg": "wrong signature" }));
}
