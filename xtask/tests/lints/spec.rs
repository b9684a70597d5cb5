//! Helpers: the minimal spec with replaced pieces, and the findings about it.

use xtask::emit;
use xtask::finding::Finding;
use xtask::read::read;

use crate::manifests;

pub(crate) const MINIMAL: &str = include_str!("../minimal.yaml");
pub(crate) const TEXT: &str = "text: {type: string, description: The text.}";
pub(crate) const PLAIN: &str = "{type: string, description: A.}";
pub(crate) const ID: &str = "id: {type: string, description: The id.}";

/// The minimal spec with replaced pieces.
pub(crate) fn spec(changes: &[(&str, &str)]) -> String {
    changes
        .iter()
        .fold(MINIMAL.to_owned(), |spec, (piece, other)| {
            assert_eq!(spec.matches(piece).count(), 1, "`{piece}` must occur once");
            spec.replace(piece, other)
        })
}

/// The findings of the minimal spec with one replaced piece.
pub(crate) fn findings(piece: &str, other: &str) -> Vec<Finding> {
    assert_eq!(
        MINIMAL.matches(piece).count(),
        1,
        "`{piece}` must occur once"
    );
    match read("specs/minimal.yaml", &MINIMAL.replace(piece, other)) {
        Ok(_) => Vec::new(),
        Err(findings) => findings,
    }
}

#[track_caller]
pub(crate) fn refused_at(piece: &str, other: &str, at: &str, problem: &str, remedy: &str) {
    let findings = findings(piece, other);
    let is_found = findings.iter().any(|finding| {
        finding.file == "specs/minimal.yaml"
            && finding.at.contains(at)
            && finding.problem.contains(problem)
            && finding.instead.contains(remedy)
    });
    assert!(
        is_found,
        "no finding at `{at}` with `{problem}` and `{remedy}` in {findings:#?}"
    );
}

/// The findings of a spec. If there are none, the generated code must parse.
pub(crate) fn findings_of(spec: &str) -> String {
    match read("specs/minimal.yaml", spec) {
        Ok(service) => {
            assert_code_parses(&service);
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

/// Panics if a generated file of the service does not parse.
pub(crate) fn assert_code_parses(service: &xtask::model::Service) {
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
pub(crate) fn refused(changes: &[(&str, &str)], parts: &[&str]) {
    let findings = findings_of(&spec(changes));
    let is_found = findings
        .lines()
        .any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(is_found, "{parts:?} in {findings:?}");
}

#[track_caller]
pub(crate) fn compiles(changes: &[(&str, &str)]) {
    assert_eq!(findings_of(&spec(changes)), "");
}

/// The minimal spec with a choice in its request. `leaf` is the field of each branch.
pub(crate) fn with_choice(values: &[&str], more: &str, leaf: &str) -> String {
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

/// The minimal spec with this path and these parameters: name, place and schema.
pub(crate) fn with_parameters(path: &str, parameters: &[(&str, &str, &str)]) -> String {
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

/// An operation without a body, after the first one.
pub(crate) fn second(id: &str, rest: &str) -> String {
    format!(
        r##"  /second/{{day}}:
    get:
      operationId: {id}
      summary: Asks.
      x-nx-action: ask
      x-nx-parameter-code: 2
{rest}
      responses:
        "200":
          description: Sent.
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/SendItReply'}}
              examples:
                success: {{value: {{code: 0}}}}
x-nx-webhooks:"##
    )
}

pub(crate) const DAY: &str = "      parameters:
        - {name: day, in: path, required: true, description: A day., schema: {type: string, format: date}, example: \"2026-11-26\"}";
