//! Parameters in path and query, and parts of forms.

use xtask::emit;
use xtask::read::read;

use crate::spec::{DAY, findings, findings_of, refused_at, second, spec, with_parameters};

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
fn header_parameters_are_refused() {
    refused_at(
        "      x-nx-action: send\n",
        "      x-nx-action: send\n      parameters: [{name: bizType, in: header, required: true, schema: {type: string}}]\n",
        "parameters[0]",
        "the client adds them",
        "remove it",
    );
}

#[test]
fn a_path_takes_a_date_and_odd_ids_pass() {
    for id in [
        "build",
        "execute",
        "check_limits",
        "read_reply",
        "new_thing",
    ] {
        let findings = findings("x-nx-webhooks:", &second(id, DAY));
        assert!(findings.is_empty(), "{id}: {findings:#?}");
    }
}

#[test]
fn parameters_and_parts_of_a_form_are_plain_values() {
    for (schema, problem) in [
        (
            "{$ref: '#/components/schemas/Kind'}",
            "is not a plain value",
        ),
        (
            "{type: array, items: {type: string}}",
            "is not a plain value",
        ),
    ] {
        let kind = format!(
            "{DAY}\n        - {{name: kind, in: query, description: A kind., schema: {schema}, example: a}}"
        );
        let at = "/second/{day}.get.parameters[1]";
        let instead = "string, integer";
        refused_at(
            "x-nx-webhooks:",
            &second("ask", &kind),
            at,
            problem,
            instead,
        );
    }
    let optional = DAY.replace("required: true, ", "");
    refused_at(
        "x-nx-webhooks:",
        &second("ask", &optional),
        "/second/{day}.get.parameters[0]",
        "not required",
        "`required: true`",
    );
    refused_at(
        "application/json:
            schema: {$ref: '#/components/schemas/SendIt'}",
        "multipart/form-data:
            schema: {$ref: '#/components/schemas/SendIt'}",
        "SendIt",
        "the form has no file or several files",
        "format: binary",
    );
}
