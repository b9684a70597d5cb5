use super::*;

fn compile(schemas: &Value, schema: &Value) -> Result<Validator, String> {
    let document = json!({
        "openapi": "3.0.3",
        "info": { "title": "Test", "version": "1" },
        "servers": [],
        "x-nx-scheme": "nxcloud-md5",
        "x-nx-source": "test",
        "paths": {},
        "components": { "schemas": schemas },
    });
    let document: Document = serde_json::from_value(document).unwrap();
    let schema: Schema = serde_json::from_value(schema.clone()).unwrap();
    Compiler::new(&document).compile(&schema)
}

/// The first violation of a value.
fn violation(schemas: Value, schema: Value, value: Value) -> Option<(String, String)> {
    let violation = compile(&schemas, &schema).unwrap().check(&value).err()?;
    Some((violation.pointer, violation.problem))
}

fn at(pointer: &str, problem: &str) -> Option<(String, String)> {
    Some((pointer.to_owned(), problem.to_owned()))
}

#[test]
fn a_violation_names_the_place_and_the_limit_but_not_the_value() {
    let schema = json!({ "$ref": "#/components/schemas/Send" });
    let schemas = json!({
        "Send": {
            "type": "object",
            "required": ["phone"],
            "properties": {
                "phone": { "type": "string", "minLength": 1, "maxLength": 15, "pattern": "^[0-9]*$", "x-nx-public": true },
                "level": { "allOf": [{ "$ref": "#/components/schemas/Level" }], "description": "ignored" },
                "date": { "type": "string", "format": "date" },
                "time": { "type": "string", "format": "local-date-time" },
                "price": { "type": "string", "format": "decimal" },
                "items": { "type": "array", "maxItems": 1, "items": { "$ref": "#/components/schemas/Item" } },
            },
        },
        "Level": { "type": "integer", "minimum": 1, "maximum": 5, "x-extensible-enum": [1, 5] },
        "Item": { "type": "object", "required": ["a/b"], "properties": { "kind": { "enum": ["x", "y"] } } },
    });
    for (value, expected) in [
        (json!({ "phone": "86", "level": 3, "unknown": [] }), None),
        (json!({}), at("/phone", "is missing")),
        (json!([]), at("", "wrong type, object expected")),
        (
            json!({ "phone": 86 }),
            at("/phone", "wrong type, string expected"),
        ),
        (
            json!({ "phone": null }),
            at("/phone", "wrong type, string expected"),
        ),
        (json!({ "phone": "" }), at("/phone", "is empty")),
        (
            json!({ "phone": "8".repeat(16) }),
            at("/phone", "longer than 15 characters"),
        ),
        (
            json!({ "phone": "+86" }),
            at("/phone", "does not match ^[0-9]*$"),
        ),
        (
            json!({ "phone": "1", "level": 6 }),
            at("/level", "greater than 5"),
        ),
        (
            json!({ "phone": "1", "level": 0 }),
            at("/level", "less than 1"),
        ),
        (
            json!({ "phone": "1", "level": 1.5 }),
            at("/level", NOT_AN_INTEGER),
        ),
        (
            json!({ "phone": "1", "level": "1" }),
            at("/level", "wrong type, integer expected"),
        ),
        (
            json!({ "phone": "1", "date": "21.11.2026" }),
            at("/date", "not in the form date"),
        ),
        (
            json!({ "phone": "1", "time": "2026-11-21" }),
            at("/time", "not in the form local-date-time"),
        ),
        (
            json!({ "phone": "1", "price": "1,5" }),
            at("/price", "not in the form decimal"),
        ),
        (
            json!({ "phone": "1", "items": [{ "a/b": 1 }, {}] }),
            at("/items", "more than 1 items"),
        ),
        (
            json!({ "phone": "1", "items": [{}] }),
            at("/items/0/a~1b", "is missing"),
        ),
        (
            json!({ "phone": "1", "items": [{ "a/b": 1, "kind": "z" }] }),
            at("/items/0/kind", "not one of \"x\", \"y\""),
        ),
    ] {
        assert_eq!(
            violation(schemas.clone(), schema.clone(), value.clone()),
            expected,
            "{value}"
        );
    }
}

#[test]
fn null_is_allowed_if_a_schema_is_nullable() {
    let schema = json!({ "type": "string", "nullable": true, "enum": ["a"] });
    assert_eq!(violation(json!({}), schema.clone(), Value::Null), None);
    assert_eq!(violation(json!({}), schema.clone(), json!("a")), None);
    assert!(violation(json!({}), schema, json!("b")).is_some());
    let strict = json!({ "type": "string" });
    assert!(violation(json!({}), strict, Value::Null).is_some());
}

#[test]
fn either_or_rules_name_their_fields() {
    let schema = json!({
        "type": "object",
        "x-nx-at-least-one": ["id", "batch"],
        "x-nx-at-most-one": ["link", "file"],
        "x-nx-exactly-one": ["text", "image"],
    });
    for (value, expected) in [
        (json!({ "id": 1, "batch": 2, "text": 1 }), None),
        (json!({ "id": 1, "file": 1, "image": 1 }), None),
        (
            json!({ "text": 1 }),
            at("", "at least one of id, batch expected"),
        ),
        (
            json!({ "id": null, "text": 1 }),
            at("", "at least one of id, batch expected"),
        ),
        (
            json!({ "id": 1, "link": 1, "file": 1, "text": 1 }),
            at("", "at most one of link, file expected"),
        ),
        (
            json!({ "id": 1 }),
            at("", "exactly one of text, image expected"),
        ),
        (
            json!({ "id": 1, "text": 1, "image": 1 }),
            at("", "exactly one of text, image expected"),
        ),
    ] {
        assert_eq!(
            violation(json!({}), schema.clone(), value.clone()),
            expected,
            "{value}"
        );
    }
}

#[test]
fn a_discriminator_selects_the_variant_to_validate() {
    let schemas = json!({
        "Message": {
            "allOf": [
                { "type": "object", "required": ["to"], "properties": { "to": { "type": "string" } } },
                { "$ref": "#/components/schemas/Content" },
            ],
        },
        "Content": {
            "oneOf": [{ "$ref": "#/components/schemas/Text" }, { "$ref": "#/components/schemas/Image" }],
            "discriminator": {
                "propertyName": "type",
                "mapping": { "text": "#/components/schemas/Text", "image": "#/components/schemas/Image" },
            },
        },
        "Text": { "type": "object", "required": ["text"], "properties": { "text": { "type": "string" } } },
        "Image": { "type": "object", "required": ["url"], "properties": { "url": { "type": "string" } } },
    });
    let schema = json!({ "$ref": "#/components/schemas/Message" });
    for (value, expected) in [
        (json!({ "to": "1", "type": "text", "text": "hello" }), None),
        (
            json!({ "to": "1", "type": "image", "url": "u", "text": 5 }),
            None,
        ),
        (
            json!({ "to": "1", "text": "hello" }),
            at("/type", "is missing"),
        ),
        (
            json!({ "to": "1", "type": "video" }),
            at("/type", "not one of \"image\", \"text\""),
        ),
        (
            json!({ "to": "1", "type": "image", "text": "hello" }),
            at("/url", "is missing"),
        ),
        (
            json!({ "to": "1", "type": "text", "text": 1 }),
            at("/text", "wrong type, string expected"),
        ),
    ] {
        let actual = violation(schemas.clone(), schema.clone(), value.clone());
        // The order of the mapping depends on the features of serde_json.
        let actual = actual.map(|(pointer, problem)| {
            (
                pointer,
                problem.replace("\"text\", \"image\"", "\"image\", \"text\""),
            )
        });
        assert_eq!(actual, expected, "{value}");
    }
}

#[test]
fn all_violations_are_listed() {
    let schema = json!({
        "type": "object",
        "required": ["a", "b"],
        "properties": { "b": { "type": "integer" }, "c": { "type": "array", "items": { "type": "string" } } },
    });
    let validator = compile(&json!({}), &schema).unwrap();
    let value = json!({ "b": "secret", "c": ["x", 1, 2] });
    let mut violations: Vec<String> = validator
        .violations(&value)
        .iter()
        .map(|violation| format!("{} {}", violation.pointer, violation.problem))
        .collect();
    violations.sort();
    assert_eq!(
        violations,
        [
            "/a is missing",
            "/b wrong type, integer expected",
            "/c/1 wrong type, string expected",
            "/c/2 wrong type, string expected",
        ]
    );
}

#[test]
fn a_violation_says_which_rule_is_broken() {
    let schema = json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "b": { "type": "integer", "nullable": true },
            "c": { "enum": ["x"] },
            "d": { "type": "string", "minLength": 1 },
        },
    });
    let validator = compile(&json!({}), &schema).unwrap();
    let violations = validator.violations(&json!({ "b": "1", "c": "y", "d": "" }));
    let rule = |pointer: &str| {
        let mut violations = violations.iter();
        let violation = violations.find(|violation| violation.pointer == pointer);
        violation.unwrap().rule.clone()
    };
    assert_eq!(rule("/a"), Rule::Required);
    assert_eq!(rule("/b"), Rule::Type(vec![crate::schema::Kind::Integer]));
    assert_eq!(rule("/c"), Rule::Limit);
    assert_eq!(rule("/d"), Rule::Limit);
}

#[test]
fn a_schema_that_does_not_compile_is_an_error() {
    for schema in [
        json!({ "$ref": "#/components/schemas/Absent" }),
        json!({ "type": "string", "pattern": "(" }),
    ] {
        assert!(compile(&json!({}), &schema).is_err());
    }
}

#[test]
fn an_integer_fits_64_bits_and_has_neither_fraction_nor_exponent() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a": { "type": "integer", "minimum": -1, "nullable": true },
            "list": { "type": "array", "items": { "type": "integer" } },
            "number": { "type": "number" },
        },
    });
    let validator = compile(&json!({}), &schema).unwrap();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for good in [
        r#"{"a":0}"#,
        r#"{"a":null,"list":[-9223372036854775808,9223372036854775807]}"#,
        r#"{"number":1.0}"#,
    ] {
        assert_eq!(validator.check(&read(good)), Ok(()), "{good}");
    }
    for bad in [
        "1.0",
        "1e2",
        "1.5",
        "1e308",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
    ] {
        for (body, pointer) in [
            (format!(r#"{{"a":{bad}}}"#), "/a"),
            (format!(r#"{{"list":[1,{bad}]}}"#), "/list/1"),
        ] {
            let found = validator.check(&read(&body)).unwrap_err();
            assert_eq!(
                (&*found.pointer, &*found.problem),
                (pointer, NOT_AN_INTEGER),
                "{body}"
            );
            assert_eq!(found.rule, Rule::Type(vec![crate::schema::Kind::Integer]));
        }
    }
}
