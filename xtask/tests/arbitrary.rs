//! Arbitrary names, paths, values, descriptions and examples in a small spec give findings or code that parses, and never a panic.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};
use xtask::emit;
use xtask::read::read;

#[path = "common/manifests.rs"]
mod manifests;

const SPEC: &str = include_str!("arbitrary.yaml");

/// The texts of the spec that are replaced.
const PLACES: &[&str] = &[
    "OPERATION",
    "PATH",
    "PARAMETER",
    "PROPERTY",
    "SCHEMA",
    "FIELD",
    "VALUE",
    "TAG",
    "KEY",
    "PUSH",
    "EXAMPLE",
    "DESCRIPTION",
    "TITLE",
    "LIMIT",
    "ACTION",
    "CODE",
    "REPLY",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "gen",
            "self",
            "Self",
            "crate",
            "type",
            "async",
            "new",
            "id",
            "text",
            "extra",
            "Option",
            "String",
            "Error",
            "Client",
            "*",
            "",
            "+1",
            "-1",
            "1",
            "a.b",
            "a_b",
            "a-b",
            "_",
            "null",
            "NO",
            "1.10",
            "/send/{id}.json",
            "/{id}:{id}",
            "/a/{b}{c}",
            "```",
            "    code",
            "# x",
            "*/",
            "[x]",
            "<b>",
            "\u{202e}",
            "-9223372036854775809",
            "18446744073709551615",
            "1e5",
            "-1.5",
            "é",
            "²",
            "😀",
            "help",
            "r#a",
            "ALL",
            "PUSHED",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z_][a-zA-Z0-9_-]{0,8}",
        "/[a-z{}/.:]{0,10}",
        "[ -~]{0,12}",
        any::<String>(),
    ]
}

/// A scalar in YAML, with or without quotes.
fn scalar() -> impl Strategy<Value = String> {
    (text(), prop_oneof![Just(true), Just(true), Just(false)]).prop_map(|(text, quoted)| {
        // Strings of JSON are valid in YAML, except for characters that JSON does not escape.
        if quoted {
            serde_json::to_string(&text).unwrap()
        } else {
            text
        }
    })
}

/// Whether the spec is accepted; an error if the generated files do not parse or a rejection has no finding.
fn outcome(spec: &str) -> Result<bool, String> {
    let service = match read("specs/arbitrary.yaml", spec) {
        Ok(service) => service,
        Err(findings) if findings.is_empty() => return Err("rejected without a finding".to_owned()),
        Err(_) => return Ok(false),
    };
    let services = std::slice::from_ref(&service);
    let mut files: Vec<(String, String)> = emit::crate_files(&service)?.into_iter().collect();
    files.extend(emit::cli_files(services));
    files.extend(emit::webhook_files(services));
    files.extend(manifests::manifests(services));
    files.extend(manifests::outside(&service)?);
    for (path, text) in files {
        let sound = match path.rsplit('.').next() {
            Some("rs") => syn::parse_file(&text).is_ok() && !text.contains("compile_error!"),
            Some("toml") => text.parse::<toml::Table>().is_ok(),
            _ => true,
        };
        if !sound {
            return Err(format!("{path}: {text}"));
        }
    }
    Ok(true)
}

fn with(place: &str, value: &str) -> String {
    SPEC.replace(&format!("\"{place}\""), value)
}

/// The spec with valid texts in the remaining places.
fn filled(spec: &str) -> String {
    let plain = [
        ("PATH", "\"/send/{id}\""),
        ("LIMIT", "5"),
        ("CODE", "\"LOW\""),
        ("SCHEMA", "\"Other\""),
        ("OPERATION", "\"send_it\""),
    ];
    let spec = plain.iter().fold(spec.to_owned(), |spec, (place, value)| {
        spec.replace(&format!("\"{place}\""), value)
    });
    let rest = PLACES.iter().fold(spec, |spec, place| {
        spec.replace(
            &format!("\"{place}\""),
            &format!("\"{}\"", place.to_lowercase()),
        )
    });
    rest.replace("schemas/SCHEMA", "schemas/Other")
}

#[test]
fn the_plain_spec_is_read() {
    let findings = read("specs/arbitrary.yaml", &filled(SPEC)).err();
    assert!(findings.is_none(), "{findings:#?}");
    assert_eq!(outcome(&filled(SPEC)), Ok(true));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn one_arbitrary_text_gives_findings_or_code(place in proptest::sample::select(PLACES.to_vec()), value in scalar()) {
        let outcome = outcome(&filled(&with(place, &value)));
        prop_assert!(outcome.is_ok(), "{place} {value:?}: {:?}", outcome);
    }

    #[test]
    fn two_arbitrary_texts_give_findings_or_code(
        first in proptest::sample::select(PLACES.to_vec()), a in "[a-z]{1,3}(_|\\.|-)?[a-z]{0,2}",
        second in proptest::sample::select(PLACES.to_vec()), same in any::<bool>(), b in "[a-z]{1,3}(_|\\.|-)?[a-z]{0,2}",
    ) {
        let b = if same { a.clone() } else { b };
        let spec = with(first, &format!("\"{a}\"")).replace(&format!("\"{second}\""), &format!("\"{b}\""));
        let outcome = outcome(&filled(&spec));
        prop_assert!(outcome.is_ok(), "{first} {a} {second} {b}: {:?}", outcome);
    }
}
