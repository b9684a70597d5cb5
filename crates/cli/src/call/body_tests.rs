use nxcloud_spec::Service;
use serde_json::json;

use super::*;

/// A spec with every kind of value that a request can contain.
fn service() -> Service {
    let text = json!({ "type": "string" });
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let choice = |tag: &str, variants: &[(&str, &str)]| {
        let branches: Vec<Value> = variants.iter().map(|(_, name)| reference(name)).collect();
        let mapping: Map<String, Value> = variants
            .iter()
            .map(|(value, name)| ((*value).to_owned(), reference(name)["$ref"].clone()))
            .collect();
        json!({ "oneOf": branches, "discriminator": { "propertyName": tag, "mapping": mapping } })
    };
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    let spec = json!({
        "openapi": "3.0.3",
        "info": { "title": "Test", "version": "1" },
        "servers": [],
        "x-nx-scheme": "nxcloud-md5",
        "x-nx-source": "test",
        "paths": {},
        "components": { "schemas": {
            "Whole": { "allOf": [
                object(&["text", "page", "constant"], json!({
                    "text": { "type": "string", "maxLength": 9 },
                    "page": { "type": "integer", "minimum": 1, "default": 1 },
                    "size": { "type": "integer", "default": 50 },
                    "constant": { "type": "string", "enum": ["only"] },
                    "inner": { "allOf": [reference("Inner")], "description": "described" },
                    "list": { "type": "array", "items": reference("Apart") },
                    "map": { "type": "object", "additionalProperties": { "type": "boolean" } },
                    "any": {},
                    "level": reference("Level"),
                    "word": reference("Word"),
                    "decimal": { "type": "string", "format": "decimal" },
                    "bare": { "type": "number", "format": "decimal" },
                    "float": { "type": "number" },
                    "date": { "type": "string", "format": "date" },
                    "moment": { "type": "string", "format": "date-time" },
                    "seconds": { "type": "integer", "format": "unix-seconds" },
                })),
                reference("Sibling"),
            ] },
            "Sibling": choice("type", &[("one", "One"), ("two", "Nested")]),
            "Nested": choice("format", &[("A", "One"), ("B", "One")]),
            "Apart": choice("kind", &[("one", "Holder")]),
            "Holder": object(&["value"], json!({ "value": reference("One") })),
            "One": object(&["one"], json!({ "one": text })),
            "Inner": object(&["n"], json!({ "n": { "type": "string", "format": "integer" }, "other": text })),
            "Level": { "type": "integer", "x-extensible-enum": [1, 2] },
            "Word": { "type": "string", "x-extensible-enum": ["1", { "value": "0", "meaning": "none" }] },
        } },
    });
    Service::read("test", &spec.to_string()).unwrap()
}

/// Completes a body. Returns the problems as `path: text`, and the completed body.
fn completed(body: Value) -> (Vec<String>, Value) {
    let Value::Object(mut body) = body else {
        panic!("not an object");
    };
    let service = service();
    let schema = &service.document().components.schemas["Whole"];
    let problems = complete(service.schema(schema), service.document(), &mut body).unwrap();
    let problems = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.text));
    (problems.collect(), Value::Object(body))
}

#[test]
fn a_valid_body_is_completed() {
    let (problems, body) = completed(json!({
        "type": "two", "format": "B", "one": "x", "text": "t", "size": null, "inner": { "n": 7, "other": null },
        "list": [{ "kind": "one", "value": { "one": "y" } }], "map": { "a": true }, "any": [null], "level": "3", "word": 1,
        "decimal": 0.5, "bare": "0.5", "float": "12345678901234567890.5", "date": "2028-02-29", "moment": "2026-11-26T10:15:42Z",
        "seconds": 1_793_462_400
    }));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        body,
        json!({
            "type": "two", "format": "B", "one": "x", "text": "t", "inner": { "n": "7" },
            "list": [{ "kind": "one", "value": { "one": "y" } }], "map": { "a": true }, "any": [null], "level": 3, "word": "1",
            "decimal": "0.5", "bare": 0.5, "float": 12_345_678_901_234_567_890.5, "date": "2028-02-29", "moment": "2026-11-26T10:15:42Z",
            "seconds": 1_793_462_400, "page": 1, "constant": "only"
        })
    );
    let (problems, body) = completed(json!({
        "type": "one", "one": "x", "text": "longer than the limit", "page": 0, "constant": "other", "inner": { "n": "-7" }, "decimal": " 1.50 "
    }));
    assert_eq!(problems, Vec::<String>::new(), "the client checks limits");
    assert_eq!(
        (&body["inner"]["n"], &body["decimal"]),
        (&json!("-7"), &json!("1.50"))
    );
}

#[test]
fn every_problem_has_the_path_of_its_value() {
    let (problems, _) = completed(json!({
        "type": "one", "one": 1, "extra": 1, "page": 1.0, "constant": 1, "inner": { "n": "seven", "m": 1 },
        "list": [{ "kind": "one", "value": { "one": "y" } }, { "kind": "one", "value": {}, "more": 1 }, { "kind": "none" }, 3, null],
        "map": { "a": "true" }, "level": "three", "word": true, "decimal": "1,5", "bare": [], "float": "1", "size": 9_223_372_036_854_775_808_u64,
        "date": "2026-02-29", "moment": "2026-11-26", "seconds": 1_793_462_400_000_i64
    }));
    assert_eq!(
        problems,
        [
            "page: must be an integer",
            "size: must be an integer",
            "inner.n: must be an integer",
            "inner.m: is not a known field; use one of n, other",
            "list[1].more: is not a known field; use one of kind, value",
            "list[2].kind: must be one of one",
            "level: must be an integer",
            "decimal: must be decimal digits, such as \"0.05\"",
            "bare: must be decimal digits, such as \"0.05\"",
            "date: is not a date; write a day that exists as yyyy-MM-dd, such as 2026-11-26",
            "moment: is not a date-time; write one that exists with its zone, such as 2026-11-26T10:15:42.000Z",
            "seconds: is not a time in Unix seconds; write a whole number in the years 0 to 9999",
            "extra: is not a known field; use one of text, page, size, constant, inner, list, map, any, level, word, decimal, bare, float, date, moment, seconds, type, one",
            "text: is missing",
            "constant: must be a string",
            "list[1].value.one: is missing",
            "list[3]: must be an object",
            "list[4]: must be an object",
            "map.a: must be true or false",
            "word: must be a string",
            "float: must be a number",
            "one: must be a string",
        ]
    );
    for (body, expected) in [
        (
            json!({ "text": "t", "type": "two" }),
            "format: is missing; use one of A, B",
        ),
        (
            json!({ "text": "t", "type": "two", "format": 1 }),
            "format: must be one of A, B",
        ),
        (
            json!({ "text": "t" }),
            "type: is missing; use one of one, two",
        ),
        (
            json!({ "text": "t", "type": null }),
            "type: is missing; use one of one, two",
        ),
        (
            json!({ "text": null, "type": "one", "one": "x" }),
            "text: is missing",
        ),
        (
            json!({ "text": "t", "type": "one", "one": "x", "list": {} }),
            "list: must be an array",
        ),
    ] {
        assert_eq!(completed(body).0, [expected]);
    }
}
