//! The types of requests: their conversions, the order of arguments, and rules for all specs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use xtask::model::{Field, Object, Service, Side, Ty, TypeKind};

const AWKWARD: &str = include_str!("../snapshot/awkward.yaml");

fn services() -> Vec<Service> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut specs: Vec<_> = files
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    specs.sort();
    specs
        .iter()
        .map(|file| {
            let name = format!("specs/{}", file.file_name().unwrap().to_str().unwrap());
            xtask::read::read(&name, &fs::read_to_string(file).unwrap()).unwrap()
        })
        .collect()
}

fn requests(service: &Service) -> impl Iterator<Item = (&str, &Object)> {
    service.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Object(object) if object.side == Side::Request => {
            Some((def.name.as_str(), object))
        }
        _ => None,
    })
}

fn generated(spec: &str) -> String {
    let service = xtask::read::read("specs/awkward.yaml", spec).unwrap();
    xtask::emit::crate_files(&service).unwrap()["src/generated/requests.rs"].clone()
}

#[track_caller]
fn conversions(code: &str, into: &str, expected: &[&str]) {
    let end = format!(" for {into} {{");
    let sources = code.lines().filter_map(|line| {
        let source = line.strip_prefix("impl From<")?.strip_suffix(&end)?;
        source.strip_suffix('>')
    });
    assert_eq!(sources.collect::<Vec<_>>(), expected, "into {into}");
}

#[test]
fn a_type_converts_from_its_only_required_field() {
    let code = generated(AWKWARD);
    conversions(&code, "WrappedChoice", &["Only"]);
    conversions(&code, "LeftChoice", &["Link"]);
    conversions(&code, "TagsChoice", &["Word", "&str", "String"]);
}

#[test]
fn a_choice_converts_from_types_that_lead_to_one_variant() {
    let code = generated(AWKWARD);
    // Not `Link`, which is in two variants, `TwiceChoice`, which is the variant of two values, or a text.
    let expected = [
        "TextChoice",
        "ImageChoice",
        "WrappedChoice",
        "LeftChoice",
        "RightChoice",
        "InnerChoice",
        "TagsChoice",
        "Only",
        "KeyChoice",
        "PhoneChoice",
    ];
    conversions(&code, "Choice", &expected);
    conversions(&code, "InnerChoice", &["KeyChoice", "PhoneChoice"]);
}

#[test]
fn texts_convert_only_into_types_of_free_texts() {
    let code = generated(AWKWARD);
    conversions(&code, "Only", &["&str", "String"]);
    // A text with a required time, an address with a pattern, a key, a number, an id, one of two alternatives, and the request of an
    // operation.
    for into in [
        "TextChoice",
        "Link",
        "KeyChoice",
        "PhoneChoice",
        "TwiceChoice",
        "ImageChoice",
        "SendIt",
    ] {
        conversions(&code, into, &[]);
    }
    for (more, example) in [
        ("maxLength: 10, format: date", "2026-01-01"),
        ("maxLength: 5, x-nx-public: true", "hi"),
        ("pattern: '^a$'", "a"),
    ] {
        let other = AWKWARD
            .replace(
                "body: {type: string, maxLength: 5,",
                &format!("body: {{type: string, {more},"),
            )
            .replace("body: hi", &format!("body: {example}"));
        assert_ne!(other, AWKWARD);
        conversions(&generated(&other), "TextChoice", &[]);
    }
}

#[test]
fn the_generator_ends_for_types_that_contain_each_other_in_lists() {
    let other = AWKWARD
        .replace("only: {$ref: '#/components/schemas/Only'}", "only: {type: array, items: {$ref: '#/components/schemas/Choice'}, description: More.}")
        .replace("only: {text: hi}", "only: []")
        .replace("level: {$ref: '#/components/schemas/Level'}\n        inner", "only: {$ref: '#/components/schemas/Only'}\n        level: {$ref: '#/components/schemas/Level'}\n        inner");
    assert_ne!(other, AWKWARD);
    let code = generated(&other);
    conversions(&code, "Only", &["&str", "String"]);
}

#[test]
fn a_list_of_choices_has_a_method_for_each_kind_of_entry() {
    let code = generated(AWKWARD);
    let send = code.split("impl SendIt {").nth(1).unwrap();
    let send = send.split("\n}\n").next().unwrap();
    let has = |method: &str| send.matches(&format!("pub fn {method}(")).count();
    for method in [
        "with_text",
        "with_image_2g",
        "with_wrapped",
        "with_key_inner",
        "with_once",
        "with_again",
    ] {
        assert_eq!(has(method), 1, "{method}");
    }
    // `with_tags` is the setter of a field, so there is no method for the entry `tags`.
    assert_eq!(has("with_tags"), 1);
    assert!(!send.contains("TagsChoice"), "{send}");
}

#[test]
fn the_application_key_is_the_first_argument() {
    let mut keys = 0;
    for service in services() {
        for (name, object) in requests(&service) {
            let is_key = |field: &&Field| field.ty == Ty::AppKey;
            let place = object.arguments().position(|field| field.ty == Ty::AppKey);
            assert!(place.is_none_or(|place| place == 0), "{name}");
            keys += object.fields.iter().filter(is_key).count();
        }
    }
    assert_eq!(keys, 16, "application keys in requests");
    assert!(generated(AWKWARD).contains("pub fn new(\n        app_key:"));
}

#[test]
fn every_application_key_of_a_request_has_the_format() {
    for service in services() {
        for (name, object) in requests(&service) {
            for field in &object.fields {
                let name_only = field.wire.to_lowercase().replace(['_', '-'], "");
                assert_eq!(
                    name_only == "appkey",
                    field.ty == Ty::AppKey,
                    "{name}.{}",
                    field.wire
                );
            }
        }
    }
}

#[test]
fn every_number_with_a_country_code_has_a_checked_format() {
    for service in services() {
        // Records of customers: the service does not call these numbers.
        for (name, object) in requests(&service).filter(|(name, _)| *name != "Customer") {
            for field in &object.fields {
                let has_country_code = field.description.contains("country code");
                assert!(
                    !has_country_code || field.limits.phone.is_some(),
                    "{name}.{}",
                    field.wire
                );
            }
        }
    }
}

#[test]
fn every_type_of_a_request_can_grow() {
    for service in services() {
        let files = xtask::emit::crate_files(&service).unwrap();
        let code = &files["src/generated/requests.rs"];
        let lines: Vec<&str> = code.lines().collect();
        let types = (0..lines.len()).filter(|at| {
            lines[*at].starts_with("pub struct ") || lines[*at].starts_with("pub enum ")
        });
        for at in types {
            assert_eq!(
                lines[at - 1],
                "#[non_exhaustive]",
                "{}: {}",
                service.name,
                lines[at]
            );
        }
    }
}

#[test]
fn formats_and_arguments_are_checked() {
    let refused = |piece: &str, other: &str| {
        assert_eq!(AWKWARD.matches(piece).count(), 1, "{piece}");
        let findings = xtask::read::read("specs/awkward.yaml", &AWKWARD.replace(piece, other));
        findings
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect::<String>()
    };
    let misspelt = refused(
        "phone: {type: string, format: phone,",
        "phone: {type: string, format: fone,",
    );
    assert!(
        misspelt.contains(
            "`fone` is not a value of `format`; did you mean `phone`? write one of app-key"
        ),
        "{misspelt}"
    );
    let reply = refused(
        "by_phone:",
        "key: {type: string, format: app-key, description: A key.}\n        by_phone:",
    );
    assert!(
        reply.contains("a reply has a field of the format `app-key`"),
        "{reply}"
    );
    let key = "format: app-key, description: Another key.";
    let scalar = refused(key, &format!("x-nx-argument: true, {key}"));
    assert!(
        scalar.contains("`x-nx-argument` is not on an optional list"),
        "{scalar}"
    );
}
