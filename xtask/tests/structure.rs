//! Errors of the structure: one finding with the line, the place and what to write.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use xtask::read::{read, read_bytes};

const MINIMAL: &str = include_str!("minimal.yaml");
const FILE: &str = "specs/minimal.yaml";

/// The only finding of the minimal spec with one replaced piece.
#[track_caller]
fn finding(piece: &str, other: &str) -> String {
    assert_eq!(
        MINIMAL.matches(piece).count(),
        1,
        "`{piece}` must occur once"
    );
    let findings = read(FILE, &MINIMAL.replace(piece, other)).unwrap_err();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let line = findings[0].to_string();
    line.strip_prefix("specs/minimal.yaml: ")
        .unwrap()
        .to_owned()
}

const RECEIPT: &str = "id: {type: string, description: The id.}";

#[test]
fn a_finding_has_line_place_problem_and_remedy() {
    for (piece, other, expected) in [
        (
            "x-nx-action: send",
            "x-nx-acton: send",
            "line 18, paths./send.post.x-nx-acton: unknown vendor extension `x-nx-acton`; did you mean `x-nx-action`?",
        ),
        (
            RECEIPT,
            "id:\n          typ: string",
            "line 67, components.schemas.Receipt.properties.id.typ: unknown key `typ`; did you mean `type`?",
        ),
        (
            RECEIPT,
            "id: {type: string,\n          descriptoin: The id.}",
            "line 67, components.schemas.Receipt.properties.id.descriptoin: unknown key `descriptoin`; did you mean `description`?",
        ),
        (
            "kind: balance, meaning: balance too low}",
            "kind: balance}",
            "line 12, x-nx-codes[0]: `meaning` is missing; write {code, name, kind, meaning}",
        ),
        (
            "kind: balance,",
            "kind: balence,",
            "line 12, x-nx-codes[0].kind: `balence` is not a value of `kind`; did you mean `balance`? write one of authentication, parameter, balance, permission, rate-limit, quota, not-found, platform, unknown",
        ),
        (
            "code: 3,",
            "code: \"3\",",
            "line 12, x-nx-codes[0].code: wrong type: string \"3\"; write a 64-bit whole number, without quotes, point or exponent",
        ),
        (
            "signed: false",
            "signed: 'no'",
            "line 38, x-nx-webhooks[0].signed: wrong type: string \"no\"; write true or false, without quotes",
        ),
        (
            "required: [text]",
            "required:\n        - text\n        - no",
            "line 49, components.schemas.SendIt.required[1]: not a text: YAML reads false; it reads yes, no, on, off, y and n as booleans too; write the text in quotes",
        ),
        (
            "summary: Sends it.",
            "summary: 0801",
            "line 17, paths./send.post.summary: not a text: YAML reads 801.0; write the text in quotes",
        ),
        (
            "summary: Sends it.",
            "summary: Sends it.\n      description: ~",
            "line 18, paths./send.post.description: not a text: YAML reads null; it reads `~` as null too; write the text in quotes",
        ),
        (
            "schema: {$ref: '#/components/schemas/SendIt'}",
            "schema: {$ref: '#/components/schema/SendIt'}",
            "line 24, paths./send.post.requestBody.content.application/json.schema.$ref: `#/components/schema/SendIt` is not a reference to a named schema; write `#/components/schemas/NAME`",
        ),
        (
            "plain: {value: {text: hello}}",
            "plain: {vale: {text: hello}}",
            "line 26, paths./send.post.requestBody.content.application/json.examples.plain.vale: unknown key `vale`; did you mean `value`?",
        ),
        (
            "paths:",
            "x-nx-webhook: []\npaths:",
            "line 13, x-nx-webhook: unknown vendor extension `x-nx-webhook`; did you mean `x-nx-webhooks`?",
        ),
        (
            "x-nx-source: minimal.md\n",
            "",
            "line 1, (root): `x-nx-source` is missing; write the title or the address of the vendor's page that documents the service",
        ),
    ] {
        assert_eq!(finding(piece, other), expected, "{other}");
    }
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    for (piece, other, place, remedy) in [
        (
            "x-nx-action: send",
            "x-nx-action: send\n      x-nx-safe: \"true\"",
            "line 19, paths./send.post.x-nx-safe",
            "true or false",
        ),
        (
            "x-nx-webhooks:\n  - name",
            "x-nx-webhooks:\n    name",
            "line 35, x-nx-webhooks",
            "a list",
        ),
        (
            "[plain, bold]",
            "{plain: bold}",
            "line 56, components.schemas.Kind.x-extensible-enum",
            "a list",
        ),
        (
            "required: [text]",
            "required: text",
            "line 47, components.schemas.SendIt.required",
            "a list",
        ),
        (
            RECEIPT,
            "id: string",
            "line 66, components.schemas.Receipt.properties.id",
            "keys and values",
        ),
        (
            RECEIPT,
            "id: [string]",
            "line 66, components.schemas.Receipt.properties.id",
            "keys and values",
        ),
        (
            RECEIPT,
            "id: {additionalProperties: false}",
            "line 66, components.schemas.Receipt.properties.id.additionalProperties",
            "remove it",
        ),
        (
            RECEIPT,
            "id: {anyOf: [{type: string}]}",
            "line 66, components.schemas.Receipt.properties.id.anyOf",
            "`oneOf` with a `discriminator`",
        ),
        (
            RECEIPT,
            "id: {type: strng}",
            "line 66, components.schemas.Receipt.properties.id.type",
            "did you mean `string`?",
        ),
        (
            RECEIPT,
            "id: {type: string, minLength: -1}",
            "line 66, components.schemas.Receipt.properties.id.minLength",
            "from 0 to 4294967295",
        ),
        (
            RECEIPT,
            "id: {type: string, maxLength: 1.5}",
            "line 66, components.schemas.Receipt.properties.id.maxLength",
            "from 0 to 4294967295",
        ),
        (
            RECEIPT,
            "id: {type: number, maximum: '5'}",
            "line 66, components.schemas.Receipt.properties.id.maximum",
            "without quotes",
        ),
        (
            RECEIPT,
            "id: {type: string, nullable: false}",
            "line 66, components.schemas.Receipt.properties.id.nullable",
            "`nullable: true`",
        ),
        (
            RECEIPT,
            "id: {type: string, x-nx-sandbox: uid}",
            "line 66, components.schemas.Receipt.properties.id.x-nx-sandbox",
            "`uuid`",
        ),
        (
            "info:\n  title: Minimal\n  version: \"1\"\n  description: The smallest spec that passes.",
            "info: Minimal",
            "line 2, info",
            "keys and values",
        ),
        (
            "  version: \"1\"",
            "  version: 1",
            "line 4, info.version",
            "in quotes",
        ),
        (
            "x-nx-scheme: nxcloud-md5",
            "x-nx-scheme: md5",
            "line 8, x-nx-scheme",
            "nxcloud-md5",
        ),
        (
            "    signed: false",
            "    signed: false\n    after: {operation: send_it, fill: {id: \"{request}\"}}",
            "line 39, x-nx-webhooks[0].after.fill.id",
            "`{request.PATH}`",
        ),
        (
            "    signed: false",
            "    signed: false\n    retry: {every-second: 1}",
            "line 39, x-nx-webhooks[0].retry.every-second",
            "did you mean `every-seconds`?",
        ),
    ] {
        let finding = finding(piece, other);
        let (at, _) = finding.split_once(": ").unwrap();
        assert!(
            at == place && finding.contains(remedy),
            "{place} {remedy}: {finding}"
        );
    }
}

/// Entries of an open enum, and values that serde reads from a copy.
#[test]
fn values_with_several_forms_keep_their_place() {
    for (piece, other, place) in [
        (
            "[plain, bold]",
            "[plain, {value: bold, nam: Bold}]",
            "line 56, components.schemas.Kind.x-extensible-enum[1].nam",
        ),
        (
            "[plain, bold]",
            "\n        - plain\n        - value: bold\n          name: 5",
            "line 59, components.schemas.Kind.x-extensible-enum[1].name",
        ),
        (
            "[plain, bold]",
            "\n        - {name: Bold}",
            "line 57, components.schemas.Kind.x-extensible-enum[0]",
        ),
        (
            "x-nx-action: send",
            "x-nx-action: send\n      x-nx-paging:\n        style: page\n        page: a\n        pages: b",
            "line 22, paths./send.post.x-nx-paging.pages",
        ),
        (
            "x-nx-action: send",
            "x-nx-action: send\n      x-nx-paging:\n        style: page\n        size: 5\n        page: a\n        items: b",
            "line 21, paths./send.post.x-nx-paging.size",
        ),
        (
            "x-nx-action: send",
            "x-nx-action: send\n      x-nx-paging: {style: pages}",
            "line 19, paths./send.post.x-nx-paging",
        ),
        (
            "x-nx-action: send",
            "x-nx-action: send\n      x-nx-paging: {style: page, page: a}",
            "line 19, paths./send.post.x-nx-paging",
        ),
    ] {
        let finding = finding(piece, other);
        assert!(finding.starts_with(place), "{place}: {finding}");
        assert!(
            finding.contains("; ") && finding.contains(": "),
            "{finding}"
        );
    }
}

#[test]
fn errors_of_yaml_have_a_line() {
    for (text, line) in [
        ("openapi: 3.0.3\nopenapi: 3.0.3", "line 2: "),
        ("openapi: 3.0.3\ninfo: {title: a\nservers: []", "line 3: "),
        ("openapi: 3.0.3\ninfo:\n\ttitle: a", "line 3: "),
        ("a: 1\nb: *nowhere", "line 2: "),
    ] {
        let findings = read(FILE, text).unwrap_err();
        let finding = findings[0].to_string();
        assert!(
            finding.starts_with(&format!("{FILE}: {line}")),
            "{text}: {finding}"
        );
    }
    let findings = read_bytes(FILE, b"openapi: 3.0.3\ninfo: \xff").unwrap_err();
    assert_eq!(
        findings[0].to_string(),
        format!("{FILE}: line 2: the file is not UTF-8; save it as UTF-8")
    );
    let twice = read(FILE, "openapi: 3.0.3\nopenapi: 3.0.3").unwrap_err();
    assert!(twice[0].problem.contains("is used twice"), "{twice:?}");
    let odd = read(
        FILE,
        &MINIMAL.replace("x-nx-action", "\"x-nx\\nact\\u001bion\""),
    )
    .unwrap_err();
    assert!(!odd[0].to_string().contains(char::is_control), "{odd:?}");
}

/// Collects all places of a spec.
fn places(value: &Value, path: &str, into: &mut Vec<String>) {
    into.push(path.to_owned());
    let mut below = |step: &str, inner: &Value| {
        let step = step.replace('~', "~0").replace('/', "~1");
        places(inner, &format!("{path}/{step}"), into);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| below(key, inner)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, inner)| below(&index.to_string(), inner));
        }
        _ => {}
    }
}

/// For a wrong key and for a value of a wrong type.
#[test]
fn a_finding_has_the_line_of_every_place() {
    const MARK: &str = "wrong-987654";
    let spec: Value = serde_saphyr::from_str(MINIMAL).unwrap();
    let mut all = Vec::new();
    places(&spec, "", &mut all);
    let (mut keys, mut values) = (0, 0);
    for place in all {
        let mut with_key = spec.clone();
        let target = with_key.pointer_mut(&place).unwrap();
        let is_object = target.is_object();
        if is_object {
            target[MARK] = json!(1);
        }
        let mut with_value = spec.clone();
        *with_value.pointer_mut(&place).unwrap() = json!({ MARK: 1 });
        for (changed, count) in [(with_key, &mut keys), (with_value, &mut values)] {
            // JSON is YAML, with one value per line.
            let text = serde_json::to_string_pretty(&changed).unwrap();
            let Some(line) = text.lines().position(|line| line.contains(MARK)) else {
                continue;
            };
            let findings = read(FILE, &text).err().unwrap_or_default();
            let Some(number) = findings.first().and_then(|finding| {
                let rest = finding.at.strip_prefix("line ")?;
                rest.split(',').next()?.parse::<usize>().ok()
            }) else {
                continue;
            };
            // The line of the mark, or of the key that contains it.
            assert!(
                (line..=line + 1).contains(&number),
                "{place}: line {} or before, not {number}: {}",
                line + 1,
                findings[0]
            );
            *count += 1;
        }
    }
    assert!(keys > 25 && values > 60, "{keys} keys, {values} values");
}

#[test]
fn a_finding_lists_the_allowed_texts() {
    for value in ["5", "~", "[nxcloud-md5]", "{a: b}"] {
        let finding = finding("x-nx-scheme: nxcloud-md5", &format!("x-nx-scheme: {value}"));
        assert!(
            finding.starts_with("line 8, x-nx-scheme: ")
                && finding.ends_with("; write one of nxcloud-md5, antbuddy-sha256"),
            "{finding}"
        );
    }
    let paging = |keys: &str| {
        let keys = format!("x-nx-action: send\n      x-nx-paging: {{{keys}}}");
        finding("x-nx-action: send", &keys)
    };
    for (keys, place, text) in [
        (
            "style: 0, page: a, size: b, items: c",
            ".style: ",
            "write one of page, offset, cursor",
        ),
        (
            "style: ~, page: a, size: b, items: c",
            ".style: ",
            "write one of page, offset, cursor",
        ),
        (
            "page: a, size: b, items: c",
            ": ",
            "write page, offset or cursor",
        ),
        (
            "style: page, page: a, size: b, items: c, total-pages: ~",
            ".total-pages: ",
            "in quotes",
        ),
        (
            "style: page, page: a, size: b, items: c, next: d",
            ".next: ",
            "total-pages",
        ),
        (
            "style: cursor, cursor: a, size: b, items: c, next: d",
            ": ",
            "`more` is missing",
        ),
        (
            "style: page, page: ~, size: b, items: c",
            ".page: ",
            "in quotes",
        ),
    ] {
        let finding = paging(keys);
        let at = format!("line 19, paths./send.post.x-nx-paging{place}");
        assert!(
            finding.starts_with(&at) && finding.contains(text),
            "{keys}: {finding}"
        );
    }
}

#[test]
fn messages_of_the_yaml_library_become_findings() {
    let deep = format!("tags: [{}{}]", "[".repeat(100), "]".repeat(100));
    for (text, problem, instead) in [
        (
            "a: 1\na: 2",
            "the key `a` is used twice",
            "remove one of them",
        ),
        (
            "a: 1\n---\nb: 2",
            "the file has several YAML documents",
            "write each spec in a separate file",
        ),
        (
            deep.as_str(),
            "the values are nested too deeply",
            "move inner schemas to components.schemas and refer to them with `$ref`",
        ),
        (
            "~: 1",
            "a key is null",
            "write the name in quotes, such as 'null'",
        ),
        (
            "a: &a [*a]",
            "an alias is inside its own anchor",
            "write the value instead of the alias",
        ),
        (
            "a: 1e400",
            "not a number: `1e400` rejected by the configured policy",
            "write a number within 64 bits, or remove the limit",
        ),
    ] {
        let findings = read(FILE, text).unwrap_err();
        assert_eq!(
            (findings[0].problem.as_str(), findings[0].instead.as_str()),
            (problem, instead),
            "{text}"
        );
    }
    let many = format!("tags: [{}]", "1,".repeat(300_000));
    let findings = read(FILE, &many).unwrap_err();
    assert_eq!(findings[0].problem, "the spec is too large");
    let unknown = finding("paths:", "nonsense: []\npaths:");
    assert!(!unknown.contains("x-nx-generated"), "{unknown}");
}
