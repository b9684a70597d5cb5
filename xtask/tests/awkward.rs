//! Unusual specs: either they have a finding with the place and what to write, or their code parses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use xtask::emit;
use xtask::read::read;

#[path = "common/manifests.rs"]
mod manifests;

const MINIMAL: &str = include_str!("minimal.yaml");
const TEXT: &str = "text: {type: string, description: The text.}";
const PLAIN: &str = "{type: string, description: A.}";
const ID: &str = "id: {type: string, description: The id.}";

/// The minimal spec with replaced pieces.
fn spec(changes: &[(&str, &str)]) -> String {
    changes
        .iter()
        .fold(MINIMAL.to_owned(), |spec, (piece, other)| {
            assert_eq!(spec.matches(piece).count(), 1, "`{piece}` must occur once");
            spec.replace(piece, other)
        })
}

/// The findings of a spec. If there are none, the generated code must parse.
fn findings_of(spec: &str) -> String {
    match read("specs/minimal.yaml", spec) {
        Ok(service) => {
            parses(&service);
            String::new()
        }
        Err(findings) => {
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            assert!(
                lines
                    .iter()
                    .all(|line| line.starts_with("specs/minimal.yaml: "))
            );
            lines.join("\n")
        }
    }
}

fn parses(service: &xtask::model::Service) {
    let services = std::slice::from_ref(service);
    let mut files = emit::crate_files(service).unwrap();
    for (name, more) in [
        ("cli", emit::cli_files(services)),
        ("webhooks", emit::webhook_files(services)),
        ("spec", emit::spec_files(services)),
    ] {
        files.extend(
            more.into_iter()
                .map(|(path, text)| (format!("{name}/{path}"), text)),
        );
    }
    files.extend(manifests::manifests(services));
    files.extend(manifests::outside(service).unwrap());
    for (path, text) in files {
        if path.ends_with(".rs") {
            let parsed = syn::parse_file(&text);
            assert!(
                parsed.is_ok() && !text.contains("compile_error!"),
                "{path}: {text}"
            );
        } else if path.ends_with(".toml") {
            assert!(text.parse::<toml::Table>().is_ok(), "{path}: {text}");
        }
    }
}

#[track_caller]
fn refused(changes: &[(&str, &str)], parts: &[&str]) {
    let findings = findings_of(&spec(changes));
    let is_found = findings
        .lines()
        .any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(is_found, "{parts:?} in {findings:?}");
}

#[track_caller]
fn compiles(changes: &[(&str, &str)]) {
    assert_eq!(findings_of(&spec(changes)), "");
}

#[test]
fn keywords_are_escaped_or_refused() {
    for keyword in [
        "gen", "async", "try", "yield", "self", "Self", "crate", "super", "macro", "box", "final",
        "dyn", "type", "static",
    ] {
        compiles(&[(ID, &format!("{keyword}: {{type: string, description: A.}}"))]);
        refused(
            &[("operationId: send_it", &format!("operationId: {keyword}"))],
            &["/send.post", "another id"],
        );
    }
    for id in [
        "new", "from", "into", "try_into", "clone", "exec", "pre", "post", "session", "all",
        "service", "help", "_", "1st", "über",
    ] {
        refused(
            &[("operationId: send_it", &format!("operationId: {id}"))],
            &["/send.post"],
        );
    }
    for name in ["1st", "''", "'*'", "'---'", "größe", "'_'"] {
        refused(
            &[(ID, &format!("{name}: {{type: string, description: A.}}"))],
            &["Receipt.properties", "snake_case", "`x-nx-field`"],
        );
        compiles(&[(
            ID,
            &format!("{name}: {{type: string, x-nx-field: first, description: A.}}"),
        )]);
    }
    for field in [
        "First",
        "1st",
        "r#type",
        "gen",
        "__",
        "a b",
        "extra",
        "repairs",
        "spellings",
    ] {
        refused(
            &[(
                ID,
                &format!("id: {{type: string, x-nx-field: '{field}', description: A.}}"),
            )],
            &["Receipt.properties.id", "x-nx-field"],
        );
    }
}

#[test]
fn schemas_with_names_of_generated_code_are_refused() {
    for name in [
        "Option",
        "String",
        "Vec",
        "Result",
        "Client",
        "Error",
        "Self",
        "Request",
        "Items",
        "Paged",
        "Session",
        "Time",
        "Date",
        "AppKey",
        "Some",
        "None",
        "Ok",
        "Err",
        "Default",
        "From",
        "Event",
        "Unrecognized",
        "Upload",
        "Box",
        "Send",
        "Iterator",
    ] {
        let renamed = MINIMAL.replace("SendItReply", name);
        let findings = findings_of(&renamed);
        assert!(
            findings.contains(&format!("components.schemas.{name}: "))
                && !findings.contains(&format!("write `{name}`")),
            "{name}: {findings}"
        );
    }
    for name in ["sendIt", "Send_It", "2Send", "", "*", "Größe", "_"] {
        let named = MINIMAL
            .replace("    SendItReply:", &format!("    '{name}':"))
            .replace("schemas/SendItReply'", &format!("schemas/{name}'"));
        assert!(
            findings_of(&named).contains("PascalCase")
                || findings_of(&named).contains("schemas/NAME"),
            "{name}: {}",
            findings_of(&named)
        );
    }
    refused(
        &[
            ("operationId: send_it", "operationId: option"),
            (
                "      requestBody:\n        required: true\n        content:\n          application/json:\n            schema: {$ref: '#/components/schemas/SendIt'}\n            examples:\n              plain: {value: {text: hello}}\n",
                "",
            ),
        ],
        &["/send.post", "gives the type `Option`"],
    );
}

#[test]
fn types_contain_themselves_only_in_lists() {
    let own = |ty: &str| format!("id: {ty}\n        more: {{type: string, description: A.}}");
    refused(
        &[(
            ID,
            &own("{allOf: [{$ref: '#/components/schemas/Receipt'}], description: A.}"),
        )],
        &["Receipt > Receipt", "into a list"],
    );
    let through = format!(
        "{ID}\n        other: {{$ref: '#/components/schemas/Other'}}\n    Other:\n      type: object\n      description: Other.\n      properties:\n        back: {{$ref: '#/components/schemas/Receipt'}}"
    );
    refused(
        &[(ID, &through)],
        &["Receipt > Other > Receipt", "into a list"],
    );
    for (ty, example) in [
        ("type: array, items", "[{id: []}]"),
        ("type: object, additionalProperties", "{a: {id: {}}}"),
    ] {
        let own = own(&format!(
            "{{{ty}: {{$ref: '#/components/schemas/Receipt'}}, description: A.}}"
        ));
        compiles(&[
            (ID, &own),
            ("value: {id: a}", &format!("value: {{id: {example}}}")),
        ]);
    }
    let pick = "{$ref: '#/components/schemas/Pick'}";
    let direct = with_choice(&["leaf"], "", pick);
    assert!(
        findings_of(&direct).contains("Pick > Leaf > Pick"),
        "{}",
        findings_of(&direct)
    );
    let list = format!("{{type: array, description: A., items: {pick}}}");
    assert_eq!(findings_of(&with_choice(&["leaf"], "", &list)), "");
}

fn with_parameters(path: &str, parameters: &[(&str, &str, &str)]) -> String {
    let list: Vec<String> = parameters
        .iter()
        .map(|(name, place, schema)| format!("{{name: '{name}', in: {place}, required: true, description: A., schema: {schema}, example: '1'}}"))
        .collect();
    spec(&[
        ("  /send:", &format!("  {path}:")),
        (
            "      x-nx-action: send\n",
            &format!(
                "      x-nx-action: send\n      parameters: [{}]\n",
                list.join(", ")
            ),
        ),
    ])
}

#[test]
fn parameters_have_unique_names_and_match_the_path() {
    const S: &str = "{type: string}";
    for (path, parameters, problem) in [
        (
            "/send",
            vec![("text", "query", S)],
            "two fields with the name `text`",
        ),
        (
            "/send",
            vec![("a.b", "query", S), ("a_b", "query", S)],
            "both `a_b`",
        ),
        (
            "/send/{id}",
            vec![("id", "path", S), ("id", "query", S)],
            "both `id`",
        ),
        ("/send/{id}", vec![], "`id` is not declared"),
        (
            "/send",
            vec![("id", "path", S)],
            "the path has no parameter `id`",
        ),
        ("/send/{id}/{id}", vec![("id", "path", S)], "is used twice"),
        (
            "/send",
            vec![("1", "query", S)],
            "cannot be the name of a parameter",
        ),
        (
            "/send",
            vec![("+1", "query", S)],
            "cannot be the name of a parameter",
        ),
        (
            "/send",
            vec![("list", "query", "{type: array, items: {type: string}}")],
            "is not a plain value",
        ),
        (
            "/send",
            vec![("kind2", "query", "{$ref: '#/components/schemas/Kind'}")],
            "is not a plain value",
        ),
        ("/send/{id", vec![], "cannot be sent"),
        ("/send/id}", vec![], "cannot be sent"),
        (
            "/send/{a}{b}",
            vec![("a", "path", S), ("b", "path", S)],
            "cannot be sent",
        ),
        ("/send//it", vec![], "cannot be sent"),
        ("/send/../it", vec![], "cannot be sent"),
        ("/send it", vec![], "cannot be sent"),
        ("/send?a=b", vec![], "cannot be sent"),
        ("send", vec![], "cannot be sent"),
        (
            "/send",
            vec![("body", "query", S)],
            "cannot have the name `body`",
        ),
    ] {
        let findings = findings_of(&with_parameters(path, &parameters));
        assert!(
            findings.contains(problem) && findings.contains("; "),
            "{path} {parameters:?}: {findings}"
        );
    }
    for (path, parameters) in [
        ("/send/{id}.json", vec![("id", "path", S)]),
        (
            "/send/{id}:{verb}",
            vec![("id", "path", S), ("verb", "path", S)],
        ),
        (
            "/send/{way}",
            vec![
                ("way", "path", S),
                ("url", "query", S),
                ("request", "query", S),
                ("result", "query", S),
                ("response", "query", S),
                ("client", "query", S),
                ("self", "query", S),
                ("info", "query", S),
                ("value", "query", S),
                ("filter[name]", "query", S),
                ("x.y", "query", S),
            ],
        ),
    ] {
        let findings = findings_of(&with_parameters(path, &parameters));
        assert_eq!(findings, "", "{path} {parameters:?}");
    }
    let twice = spec(&[("  /send:", "  /send/{b}: {}\n  /send/{a}:")]);
    assert!(
        findings_of(&twice).contains("the same URL as"),
        "{}",
        findings_of(&twice)
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

/// The minimal spec with a choice in its request. `leaf` is the field of each branch.
fn with_choice(values: &[&str], more: &str, leaf: &str) -> String {
    let mapping: Vec<String> = values
        .iter()
        .map(|value| format!("'{value}': '#/components/schemas/Leaf'"))
        .collect();
    let field = format!("{TEXT}\n        pick: {{$ref: '#/components/schemas/Pick'}}");
    let schemas = format!(
        "    Pick:\n      description: A.\n      oneOf: [{{$ref: '#/components/schemas/Leaf'}}]\n      discriminator: {{propertyName: way, mapping: {{{}}}}}\n{more}    Leaf:\n      type: object\n      description: A.\n      properties:\n        next: {leaf}\n",
        mapping.join(", ")
    );
    spec(&[(TEXT, &field)]) + &schemas
}

#[test]
fn values_without_a_rust_name_are_named_or_refused() {
    assert_eq!(
        findings_of(&with_choice(&["text", "2g", "type"], "", PLAIN)),
        ""
    );
    for values in [
        vec!["text-image", "text_image"],
        vec!["+1", "-1"],
        vec!["self"],
        vec!["*"],
        vec![""],
        vec!["é"],
    ] {
        let findings = findings_of(&with_choice(&values, "", PLAIN));
        assert!(
            findings.contains("schemas.Pick") && findings.contains("x-nx-variants"),
            "{values:?}: {findings}"
        );
    }
    let named = with_choice(
        &["+1", "-1", "self", "*", ""],
        "      x-nx-variants: {'+1': Plus, '-1': Minus, self: Own, '*': Any, '': Empty}\n",
        PLAIN,
    );
    assert_eq!(findings_of(&named), "");
    let misspelt = with_choice(&["text"], "      x-nx-variants: {txt: Text}\n", PLAIN);
    assert!(findings_of(&misspelt).contains("`x-nx-variants` has `txt`, but `mapping` does not"));
    refused(
        &[("[plain, bold]", "[self, '*']")],
        &["Kind", "cannot be the name"],
    );
    refused(
        &[(
            "[plain, bold]",
            "[{value: a, name: A, meaning: a}, {value: a, name: B, meaning: b}]",
        )],
        &["Kind", "is listed twice"],
    );
}

#[test]
fn pushes_have_unique_names_and_known_transports() {
    for name in [
        "2nd-receipt",
        "2nd",
        "receipt-two",
        "Receipt",
        "self",
        "help",
        "'*'",
    ] {
        refused(
            &[("name: receipt", &format!("name: {name}"))],
            &["x-nx-webhooks", "snake_case"],
        );
    }
    for content in ["[jsn]", "[]", "[json, json]"] {
        refused(
            &[("content: [json]", &format!("content: {content}"))],
            &["x-nx-webhooks[0].content", "json", "form", "query"],
        );
    }
    for content in ["json", "{json: true}", "[true]", "~"] {
        refused(
            &[("content: [json]", &format!("content: {content}"))],
            &["line 37, x-nx-webhooks[0].content", "; write "],
        );
    }
    let second = "      plain: {value: {id: a}}\n  - name: receipt\n    content: [json]\n    signed: false\n    schema: {$ref: '#/components/schemas/Receipt'}\n    examples:\n      other: {value: {id: b}}\n";
    refused(
        &[("      plain: {value: {id: a}}\n", second)],
        &["two pushes have the name `receipt`", "rename"],
    );
    refused(
        &[(
            "      plain: {value: {id: a}}\n",
            "      a-b: {value: {id: a}}\n      a_b: {value: {id: a}}\n",
        )],
        &["`a_b` does not give a unique test name"],
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
    parses(&service);
}

#[test]
fn numbers_out_of_range_are_refused() {
    let integer = |limits: &str| {
        format!(
            "text: {{type: string, description: A.}}\n        size: {{type: integer, {limits}, description: A.}}"
        )
    };
    for limits in [
        "maximum: 18446744073709551615",
        "minimum: 1.5",
        "maximum: 1e3",
        "minimum: 5, maximum: 4",
        "maximum: '5'",
        "minimum: 99999999999999999999999",
        "default: 1.5",
        "default: x",
        "maximum: null",
    ] {
        refused(&[(TEXT, &integer(limits))], &["SendIt.properties.size"]);
    }
    for limits in [
        "minLength: -1",
        "maxLength: 1.5",
        "minLength: 3, maxLength: 2",
        "maxLength: 18446744073709551616",
        "maxLength: '5'",
    ] {
        refused(
            &[(
                TEXT,
                &format!("text: {{type: string, {limits}, description: A.}}"),
            )],
            &["SendIt.properties.text"],
        );
    }
    compiles(&[(
        TEXT,
        &integer("minimum: -9223372036854775808, maximum: 9223372036854775807"),
    )]);
    compiles(&[(
        TEXT,
        &format!(
            "{TEXT}\n        rate: {{type: number, minimum: -1.5, maximum: 18446744073709551615, description: A.}}"
        ),
    )]);
}

#[test]
fn keys_that_name_fields_name_existing_ones() {
    refused(
        &[(
            "      x-nx-action: send\n",
            "      x-nx-action: send\n      x-nx-paging: {style: page, page: nope, size: text, items: code}\n",
        )],
        &["x-nx-paging", "`nope`"],
    );
    refused(
        &[("name: BALANCE_TOO_LOW", "name: 2_LOW")],
        &["x-nx-codes", "cannot be the name"],
    );
    refused(
        &[("x-nx-biz-type: \"3\"", "x-nx-biz-type: \"3\\n\"")],
        &["x-nx-biz-type", "header"],
    );
    refused(
        &[("title: Minimal", "title: 'a \"b\" [c]'")],
        &["info.title"],
    );
}

#[test]
fn parameters_with_text_beside_them_are_encoded() {
    const S: &str = "{type: string}";
    for (path, parameters, code) in [
        (
            "/send/{id}.json",
            vec![("id", "path", S)],
            "{}/send/{}.json",
        ),
        (
            "/v{id}:{verb}",
            vec![("verb", "path", S), ("id", "path", S)],
            "{}/v{}:{}",
        ),
    ] {
        let service = read("specs/minimal.yaml", &with_parameters(path, &parameters)).unwrap();
        let http = &emit::crate_files(&service).unwrap()["src/generated/http.rs"];
        let calls = http.matches("codegen::encode_path(").count();
        assert!(http.contains(code) && calls == parameters.len(), "{http}");
        let order = ["id.to_string()", "verb.to_string()"].map(|call| http.find(call));
        assert!(parameters.len() == 1 || order[0] < order[1], "{http}");
    }
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

#[test]
fn a_named_list_is_a_whole_reply() {
    const OBJECT: &str = "    SendItReply:\n      type: object\n      description: The reply.\n      properties:\n        code: {type: integer, description: The code.}\n";
    const LIST: &str = "    SendItReply:\n      type: array\n      description: The reply.\n      x-nx-list: rows\n      items: {$ref: '#/components/schemas/Row'}\n    Row:\n      type: object\n      description: A row.\n      properties:\n        code: {type: integer, description: The code.}\n";
    const SUCCESS: (&str, &str) = (
        "success: {value: {code: 0}}",
        "success: {value: [{code: 0}]}",
    );
    compiles(&[(OBJECT, LIST), SUCCESS]);
    for (piece, other) in [
        ("      x-nx-list: rows\n", ""),
        ("x-nx-list: rows", "x-nx-list: 2nd"),
        ("type: array", "type: object"),
        ("type: array", "type: string"),
    ] {
        let list = LIST.replace(piece, other);
        refused(&[(OBJECT, &list), SUCCESS], &["schemas.SendItReply"]);
    }
    let list = "rows: {$ref: '#/components/schemas/SendItReply'}";
    refused(
        &[(OBJECT, LIST), SUCCESS, (ID, list)],
        &["Receipt.properties.rows", "`type: array`"],
    );
    refused(
        &[
            (OBJECT, LIST),
            SUCCESS,
            (
                "schema: {$ref: '#/components/schemas/Receipt'}",
                "schema: {$ref: '#/components/schemas/SendItReply'}",
            ),
        ],
        &["x-nx-webhooks.receipt", "object"],
    );
    refused(
        &[
            (
                "type: object\n      description: What to send.\n      required: [text]\n      properties:",
                "type: array\n      x-nx-list: rows\n      description: What to send.\n      items: {$ref: '#/components/schemas/Line'}\n    Line:\n      type: object\n      description: A line.\n      properties:",
            ),
            (
                "plain: {value: {text: hello}}",
                "plain: {value: [{text: hello}]}",
            ),
        ],
        &["schemas.SendIt", "`type: array`"],
    );
    for kind in ["string", "integer", "boolean"] {
        refused(
            &[(
                "Receipt:\n      type: object",
                &format!("Receipt:\n      type: {kind}"),
            )],
            &["schemas.Receipt", "in the place of the reference"],
        );
    }
}

#[test]
fn only_replies_and_pushes_may_be_null() {
    let nullable = |piece: &str| piece.replacen("{type:", "{nullable: true, type:", 1);
    const CODE: &str = "code: {type: integer, description: The code.}";
    for piece in [ID, CODE] {
        compiles(&[(piece, &nullable(piece))]);
    }
    compiles(&[(
        "Receipt:\n      type: object",
        "Receipt:\n      type: object\n      nullable: true",
    )]);
    compiles(&[
        (
            ID,
            "id: {type: array, items: {type: string, nullable: true}, description: Ids.}",
        ),
        ("value: {id: a}", "value: {id: [a]}"),
    ]);
    refused(
        &[(TEXT, &nullable(TEXT))],
        &[
            "SendIt.properties.text: a request has `nullable`",
            "remove it",
        ],
    );
    for (at, object) in [
        ("SendIt", "description: What to send."),
        ("Kind", "description: A kind."),
    ] {
        refused(
            &[(object, &format!("nullable: true\n      {object}"))],
            &[&format!("schemas.{at}: a request has `nullable`")],
        );
    }
    let list = "text: {type: array, items: {type: string, nullable: true}, description: Texts.}";
    refused(
        &[
            (TEXT, list),
            ("value: {text: hello}", "value: {text: [hello]}"),
        ],
        &["SendIt.properties.text.items: a request has `nullable`"],
    );
    let parameter = "x-nx-parameter-code: 2\n      parameters:\n        - {name: q, in: query, description: A., schema: {type: string, nullable: true}, example: a}";
    refused(
        &[("x-nx-parameter-code: 2", parameter)],
        &["/send.post.parameters[0].schema: a request has `nullable`"],
    );
    // In places where validators ignore it or it has no effect.
    for (property, problem) in [
        (
            "id: {nullable: true, allOf: [{$ref: '#/components/schemas/Kind'}], description: A kind.}",
            "`nullable` is beside `allOf`",
        ),
        (
            "id: {nullable: true, $ref: '#/components/schemas/Kind'}",
            "`nullable` is beside `$ref`",
        ),
        (
            "id: {nullable: true, description: Anything.}",
            "there is `nullable` but no `type`",
        ),
        (
            "id: {nullable: false, type: string, description: A.}",
            "`nullable: true`",
        ),
        ("id: {nullable: \"yes\", type: string, description: A.}", ""),
    ] {
        refused(
            &[(ID, property), ("value: {id: a}", "value: {}")],
            &[problem],
        );
    }
}

#[test]
fn only_replies_and_pushes_have_fields_of_several_types() {
    const EXAMPLE: &str = "value: {id: a}";
    let of = |schema: &str| {
        findings_of(&spec(&[
            (ID, &format!("id: {{{schema}, description: A.}}")),
            (EXAMPLE, "value: {}"),
        ]))
    };
    assert_eq!(of("format: decimal"), "");
    assert_eq!(of("items: {type: string}"), "");
    for schema in [
        "format: date-time",
        "format: unix-seconds",
        "items: {format: integer}",
    ] {
        assert!(
            of(schema).contains("there is `format` but no `type`; add the `type`"),
            "{schema}: {}",
            of(schema)
        );
    }
    for (schema, key) in [
        ("format: decimal", "format"),
        ("items: {type: string}", "items"),
    ] {
        refused(
            &[
                (TEXT, &format!("text: {{{schema}, description: A.}}")),
                ("value: {text: hello}", "value: {text: [a]}"),
            ],
            &[
                "SendIt.properties.text",
                &format!("there is `{key}` but no `type`"),
            ],
        );
    }
}

#[test]
fn examples_fit_their_schemas() {
    const REQUEST: &str = "value: {text: hello}";
    const REPLY: &str = "success: {value: {code: 0}}";
    const PUSH: &str = "plain: {value: {id: a}}";
    const CODE: &str = "code: {type: integer, description: The code.}";
    let request = "/send.post.requestBody.content.application/json.examples.plain.value";
    let reply = "/send.post.responses.200.content.application/json.examples.success.value";
    let push = "x-nx-webhooks[0].examples.plain.value";
    let text = |more: &str| format!("text: {{{more}, description: The text.}}");
    for (more, value, problem) in [
        ("type: string, minLength: 6", "hello", "shorter than 6"),
        ("type: string, maxLength: 4", "hello", "longer than 4"),
        (
            "type: string, pattern: '^[0-9]+$'",
            "hello",
            "does not match",
        ),
        ("type: string, enum: [other]", "hello", "other"),
        ("type: string, format: date", "2026-02-30", "form date"),
        ("type: string, format: phone", "'+1'", "phone number"),
        ("type: integer, minimum: 6", "5", "less than 6"),
        ("type: integer, maximum: 4", "5", "greater than 4"),
        ("type: integer", "'5'", "integer expected"),
        ("type: boolean", "'true'", "boolean expected"),
        (
            "type: array, minItems: 1, items: {type: string}",
            "[]",
            "fewer than 1",
        ),
        (
            "type: array, maxItems: 1, items: {type: string}",
            "[a, b]",
            "more than 1",
        ),
        (
            "type: object, additionalProperties: {type: integer}",
            "{a: b}",
            "integer expected",
        ),
    ] {
        refused(
            &[
                (TEXT, &text(more)),
                (REQUEST, &format!("value: {{text: {value}}}")),
            ],
            &[
                &format!("{request}.text"),
                problem,
                "; write a value that fits",
            ],
        );
    }
    refused(
        &[(REQUEST, "value: {}")],
        &[&format!("{request}.text: is missing"), "`required`"],
    );
    refused(
        &[(REQUEST, "value: hello")],
        &[&format!("{request}: "), "object expected"],
    );
    refused(
        &[
            (
                TEXT,
                &text("type: array, items: {type: array, items: {type: integer}}"),
            ),
            (REQUEST, "value: {text: [[1, 2], [a]]}"),
        ],
        &[&format!("{request}.text[1][0]: "), "integer expected"],
    );
    // Values from the platform.
    refused(
        &[(REPLY, "success: {value: {code: none}}")],
        &[&format!("{reply}.code: "), "integer expected"],
    );
    refused(
        &[(REPLY, "success: {value: {code: null}}")],
        &[&format!("{reply}.code: "), "`nullable: true`"],
    );
    let nullable = CODE.replace("integer", "integer, nullable: true");
    compiles(&[(CODE, &nullable), (REPLY, "success: {value: {code: null}}")]);
    refused(
        &[
            (
                "description: The receipt.",
                "description: The receipt.\n      required: [id]",
            ),
            (PUSH, "plain: {value: {}}"),
        ],
        &[
            &format!("{push}.id: is missing"),
            "remove it from `required`",
        ],
    );
    for value in ["null", "5", "true", "[]"] {
        let findings = findings_of(&spec(&[(
            PUSH,
            &format!("plain: {{value: {{id: {value}}}}}"),
        )]));
        assert!(
            findings.contains(&format!("{push}.id: ")),
            "{value}: {findings}"
        );
    }
    // Parameters, and values in schemas.
    let parameter = |schema: &str| {
        format!(
            "x-nx-parameter-code: 2\n      parameters:\n        - {{name: q, in: query, description: A., schema: {schema}, example: abc}}"
        )
    };
    refused(
        &[(
            "x-nx-parameter-code: 2",
            &parameter("{type: string, maxLength: 2}"),
        )],
        &["/send.post.parameters[0].example: longer than 2"],
    );
    for key in ["example", "default"] {
        refused(
            &[
                (
                    TEXT,
                    &text(&format!("type: string, maxLength: 4, {key}: hello")),
                ),
                (REQUEST, "value: {text: a}"),
            ],
            &[&format!("SendIt.properties.text.{key}: longer than 4")],
        );
        refused(
            &[
                (
                    TEXT,
                    &text(&format!("type: array, items: {{type: boolean, {key}: a}}")),
                ),
                (REQUEST, "value: {text: []}"),
            ],
            &[
                &format!("SendIt.properties.text.items.{key}: "),
                "boolean expected",
            ],
        );
    }
    refused(
        &[(
            "x-extensible-enum: [plain, bold]",
            "x-extensible-enum: [plain, bold]\n      example: 5",
        )],
        &["Kind.example: ", "in quotes"],
    );
}

#[test]
fn examples_fit_their_variant() {
    let plain = with_choice(&["leaf"], "", PLAIN);
    let with = |pick: &str| {
        let example = format!("value: {{text: hello, pick: {pick}}}");
        findings_of(&plain.replace("value: {text: hello}", &example))
    };
    assert_eq!(with("{way: leaf, next: a}"), "");
    for (pick, parts) in [
        ("{}", ["value.pick.way: is missing", ""]),
        ("{way: none}", ["value.pick.way: not one of", "leaf"]),
        ("{way: 5}", ["value.pick.way: not a text", "in quotes"]),
        (
            "{way: leaf, next: 5}",
            ["value.pick.next: not a text", "in quotes"],
        ),
        ("[a]", ["value.pick: ", "object expected"]),
    ] {
        let findings = with(pick);
        assert!(
            parts.iter().all(|part| findings.contains(part)),
            "{pick}: {findings}"
        );
    }
}

#[test]
fn replies_contain_no_application_keys_at_any_depth() {
    for ty in [
        "type: string, format: app-key",
        "type: array, items: {type: string, format: app-key}",
        "type: object, additionalProperties: {type: array, items: {type: string, format: app-key}}",
    ] {
        refused(
            &[
                (ID, &format!("id: {{{ty}, description: A.}}")),
                ("value: {id: a}", "value: {}"),
            ],
            &[
                "Receipt.properties.id",
                "a reply has a field of the format `app-key`",
            ],
        );
    }
}

/// rustc fails on types that are nested too deeply.
#[test]
fn deeply_nested_types_are_refused() {
    for list in [false, true] {
        let chain = |depth: usize| -> String {
            let schema = |at: usize| {
                let next = format!("{{$ref: '#/components/schemas/Link{}'}}", at + 1);
                let next = if list {
                    format!("{{type: array, description: L., items: {next}}}")
                } else {
                    next
                };
                let next = if at + 1 == depth {
                    PLAIN.to_owned()
                } else {
                    next
                };
                format!(
                    "    Link{at}:\n      type: object\n      description: A.\n      properties:\n        next: {next}\n"
                )
            };
            let first = format!("{ID}\n        chain: {{$ref: '#/components/schemas/Link0'}}");
            spec(&[(ID, &first)]) + &(0..depth).map(schema).collect::<String>()
        };
        assert_eq!(findings_of(&chain(15)), "");
        let findings = findings_of(&chain(200));
        assert!(findings.contains("nests more than 16 types"), "{findings}");
    }
}

#[test]
fn a_reference_has_no_other_keys() {
    for more in [
        "minLength: 2",
        "description: A.",
        "default: plain",
        "type: string",
    ] {
        let kind = format!("id: {{$ref: '#/components/schemas/Kind', {more}}}");
        refused(
            &[(ID, &kind)],
            &["Receipt.properties.id: ", "is beside `$ref`", "allOf"],
        );
    }
}

#[test]
fn base_urls_are_checked() {
    for url in [
        "",
        "example.com",
        "https://",
        "https://example.com/",
        "ftp://example.com",
        "https://{host}/x",
        "https://exa mple.com",
        "https://example.com?a=b",
        "https://example.com/#a",
        "https://a@example.com",
    ] {
        refused(
            &[("url: https://example.com", &format!("url: \"{url}\""))],
            &["servers[0].url: ", "write `https://`"],
        );
    }
    for url in ["http://127.0.0.1:8080", "https://example.com/v1.0/api"] {
        compiles(&[("url: https://example.com", &format!("url: {url}"))]);
    }
    refused(
        &[(
            "    signed: false",
            "    signed: true\n    action: [done, \"a b\"]",
        )],
        &["x-nx-webhooks[0].action[1]: ", "header"],
    );
}

/// The generated types are stricter than JSON Schema.
#[test]
fn examples_fit_the_generated_types() {
    let choice = with_choice(&["leaf"], "", PLAIN);
    for (value, at) in [
        (
            "{text: hello, txet: a}",
            "value.txet: the schema has no such property",
        ),
        (
            "{text: hello, pick: {way: leaf, more: a}}",
            "value.pick.more: the schema has no such property",
        ),
        ("{text: hello, pick: {way: leaf, next: a}}", ""),
    ] {
        let findings =
            findings_of(&choice.replace("value: {text: hello}", &format!("value: {value}")));
        assert!(
            findings.contains(at) && findings.is_empty() == at.is_empty(),
            "{value}: {findings}"
        );
    }
    for number in ["1.0", "1e3", "9223372036854775808", "99999999999999999999"] {
        let value = format!("success: {{value: {{code: {number}}}}}");
        refused(
            &[("success: {value: {code: 0}}", &value)],
            &[
                "examples.success.value.code: ",
                "is not a 64-bit whole number",
                "without point",
            ],
        );
    }
    // Replies keep unknown fields.
    compiles(&[(
        "success: {value: {code: 0}}",
        "success: {value: {code: 0, more: a}}",
    )]);
}
