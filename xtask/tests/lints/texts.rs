//! Texts: YAML that reads a text as another type, and texts in generated documentation.

use std::collections::BTreeMap;

use xtask::emit;
use xtask::read::read;

use crate::spec::{ID, TEXT, assert_code_parses, compiles, findings_of, refused, refused_at, spec};

#[test]
fn invalid_yaml_is_refused_with_the_place() {
    let findings = read("specs/broken.yaml", "openapi: [").unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].file, "specs/broken.yaml");
    let duplicate = read("specs/twice.yaml", "openapi: 3.0.3\nopenapi: 3.0.3").unwrap_err();
    assert!(
        duplicate[0].problem.contains("is used twice"),
        "{duplicate:?}"
    );
}

#[test]
fn texts_that_yaml_reads_as_other_types_need_quotes() {
    for value in [
        "NO",
        "on",
        "y",
        "0801234",
        "+8615012345678",
        "1.10",
        "null",
        "~",
        "5",
        "1e3",
        "true",
    ] {
        for quotes in ["", "'"] {
            let value = format!("{quotes}{value}{quotes}");
            let places = [
                (
                    "plain: {value: {text: hello}}".to_owned(),
                    format!("plain: {{value: {{text: {value}}}}}"),
                    "text",
                ),
                (
                    TEXT.to_owned(),
                    format!("text: {{type: string, example: {value}, description: The text.}}"),
                    "example",
                ),
                (
                    TEXT.to_owned(),
                    format!("text: {{type: string, default: {value}, description: The text.}}"),
                    "default",
                ),
                (
                    TEXT.to_owned(),
                    format!("text: {{type: string, enum: [{value}], description: The text.}}"),
                    "enum",
                ),
                (
                    "[plain, bold]".to_owned(),
                    format!("[plain, {value}]"),
                    "Kind",
                ),
                (
                    "required: [text]".to_owned(),
                    format!("required: [text, {value}]"),
                    "required",
                ),
            ];
            for (piece, other, at) in places {
                let findings = findings_of(&spec(&[(&piece, &other)]));
                let asks = findings
                    .lines()
                    .any(|line| line.contains(at) && line.contains("quote"));
                assert_eq!(asks, quotes.is_empty(), "{other}: {findings}");
            }
        }
    }
    for value in ["NO", "0801234", "+8615012345678", "1.10"] {
        refused(
            &[(
                "plain: {value: {id: a}}",
                &format!("plain: {{value: {{id: {value}}}}}"),
            )],
            &["examples.plain.value.id", "in quotes"],
        );
    }
    refused(
        &[("title: Minimal", "title: NO")],
        &["info.title", "in quotes"],
    );
    refused(
        &[("description: The id.", "description: NO")],
        &["Receipt.properties.id.description", "in quotes"],
    );
    compiles(&[(
        "plain: {value: {text: hello}}",
        "plain: {value: {text: 2026-01-01}}",
    )]);
    for name in ["y", "on", "NO", "null", "0801"] {
        let findings = findings_of(&spec(&[(
            ID,
            &format!("{name}: {{type: string, description: A.}}"),
        )]));
        assert!(
            findings.is_empty() || findings.contains("quotes") || findings.contains("x-nx-field"),
            "{name}: {findings}"
        );
    }
}

#[test]
fn a_biz_type_that_is_not_a_string_is_refused() {
    refused_at(
        "x-nx-biz-type: \"3\"",
        "x-nx-biz-type: 3",
        "line 9, x-nx-biz-type",
        "not a text: YAML reads 3",
        "in quotes",
    );
}

#[test]
fn descriptions_contain_no_doctests() {
    let text = "|\n        It is.\n\n            let x = broken;\n\n        ```\n        also broken\n        ```\n        ```rust\n        x\n\n        # Errors\n        */ <b> [x] `";
    let service = read(
        "specs/minimal.yaml",
        &spec(&[("description: The receipt.", &format!("description: {text}"))]),
    )
    .unwrap();
    let files: BTreeMap<String, String> = emit::crate_files(&service).unwrap();
    let docs = &files["src/generated/replies.rs"];
    assert!(
        docs.contains("let x = broken;") && !docs.contains("///     "),
        "{docs}"
    );
    assert_eq!(docs.matches("/// ```text").count(), 2, "{docs}");
    assert_eq!(docs.matches("/// ```").count(), 4, "{docs}");
    assert_code_parses(&service);
}

#[test]
fn texts_of_examples_are_not_imported() {
    let spec = spec(&[(
        "plain: {value: {text: hello}}",
        "plain: {value: {text: Upload the Date}}",
    )]);
    let service = read("specs/minimal.yaml", &spec).unwrap();
    let readme = &emit::crate_files(&service).unwrap()["README.md"];
    assert!(
        readme.contains("use nxcloud_minimal::{Client, SendIt, Session};"),
        "{readme}"
    );
}
