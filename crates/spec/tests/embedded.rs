//! The embedded specs: their schemas compile, their examples fit, and errors name their place.
#![cfg(all(feature = "embedded", feature = "validate"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use nxcloud_spec::document::Place;
use nxcloud_spec::schema::Schema;
use nxcloud_spec::validate::Compiler;
use nxcloud_spec::{Service, embedded, embedded_services};
use serde_json::{Value, json};

#[test]
fn every_schema_compiles_and_every_example_fits() {
    let mut checked = 0;
    for service in embedded_services().unwrap() {
        let compiler = Compiler::new(service.document());
        let mut fits = |at: &str, schema: &Schema, value: &Value| {
            let validator = compiler
                .compile(schema)
                .unwrap_or_else(|error| panic!("{at}: {error}"));
            let violations = validator.violations(value);
            assert!(violations.is_empty(), "{at}: {violations:?}");
            checked += 1;
        };
        for operation in service.operations() {
            let contents = [operation.request(), operation.reply()];
            for (_, content) in contents.into_iter().flatten() {
                for (name, example) in &content.examples {
                    let at = format!("{} {name}", operation.id);
                    fits(&at, &content.schema, &example.value);
                }
            }
            for parameter in &operation.parameters {
                let example = parameter.example.as_ref().unwrap();
                fits(&parameter.name, &parameter.schema, example);
            }
            for place in [Place::Path, Place::Query] {
                if let Some(schema) = operation.parameters_schema(place) {
                    compiler.compile(&schema).unwrap();
                }
            }
        }
        for webhook in service.webhooks() {
            for (name, example) in &webhook.examples {
                let at = format!("{} {name}", webhook.name);
                fits(&at, &webhook.schema, &example.value);
            }
        }
        // A reference without a target does not compile.
        for (name, schema) in &service.document().components.schemas {
            let compiled = compiler.compile(schema);
            compiled.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    assert!(checked > 200, "{checked} examples");
}

#[test]
fn embedded_specs_round_trip() {
    for service in embedded_services().unwrap() {
        let json = serde_json::to_string(service.document()).unwrap();
        let again = Service::read(service.name(), &json).unwrap();
        assert_eq!(serde_json::to_string(again.document()).unwrap(), json);
    }
}

/// Members whose own members have arbitrary names.
const FREE: [&str; 12] = [
    "content",
    "examples",
    "fill",
    "fill-many",
    "mapping",
    "paths",
    "properties",
    "responses",
    "schemas",
    "states",
    "x-nx-accessors",
    "x-nx-variants",
];
/// Members that hold any value.
const OPAQUE: [&str; 4] = ["default", "example", "tags", "value"];

/// Collects the JSON pointers of all objects that are read into structs. `free` is true if the members of the value have arbitrary names.
fn structs(value: &Value, at: &str, free: bool, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if !free {
                into.push(at.to_owned());
            }
            for (key, member) in members {
                if !free && OPAQUE.contains(&key.as_str()) {
                    continue;
                }
                let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                structs(
                    member,
                    &pointer,
                    !free && FREE.contains(&key.as_str()),
                    into,
                );
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                structs(item, &format!("{at}/{index}"), false, into);
            }
        }
        _ => {}
    }
}

#[test]
fn an_unknown_key_is_refused_everywhere() {
    for name in ["antbuddy", "sms", "viber", "number-check"] {
        let service = embedded(name).unwrap().unwrap();
        let spec = serde_json::to_value(service.document()).unwrap();
        let mut places = Vec::new();
        structs(&spec, "", false, &mut places);
        assert!(places.len() > 50, "{name}: {}", places.len());
        for place in places {
            let mut changed = spec.clone();
            changed.pointer_mut(&place).unwrap()["x-nx-new"] = json!(true);
            let error = Service::read(name, &changed.to_string())
                .err()
                .unwrap_or_else(|| panic!("{name} {place}: an unknown key was accepted"));
            assert!(error.to_string().contains("x-nx-new"), "{place}: {error}");
        }
    }
}

#[test]
fn a_wrong_type_names_its_place() {
    let service = embedded("sms").unwrap().unwrap();
    let spec = serde_json::to_value(service.document()).unwrap();
    let operation = "/paths/~1api~1sms~1mtsend_v2/post";
    let phone = "/components/schemas/SendSms/properties/phone";
    for (parent, key, value) in [
        ("", "x-nx-webhooks", json!({})),
        (operation, "x-nx-safe", json!("true")),
        (operation, "operationId", json!(5)),
        (phone, "format", json!("fone")),
        (phone, "minLength", json!(-1)),
    ] {
        let mut changed = spec.clone();
        changed.pointer_mut(parent).unwrap()[key] = value;
        let error = Service::read("sms", &changed.to_string()).unwrap_err();
        let place = format!("{parent}/{key}")
            .replace('/', ".")
            .replace("~1", "/");
        assert_eq!(format!(".{}", error.place()), place, "{error}");
    }
    assert_eq!(Service::read("sms", "{}").unwrap_err().place(), "(root)");
    assert_eq!(Service::read("sms", "").unwrap_err().place(), "(root)");
    assert!(Service::read("sms", &format!("{spec} {{}}")).is_err());
}
