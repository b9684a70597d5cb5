//! Parameters: each finding has the place of the parameter.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xtask::read::read;

const MINIMAL: &str = include_str!("minimal.yaml");

/// The findings of the minimal spec with a second operation, which has two times and a parameter of the path.
fn findings(changes: &[(&str, &str)]) -> Vec<String> {
    let operation = r##"  /second/{day}:
    get:
      operationId: second
      summary: Asks.
      x-nx-action: ask
      x-nx-parameter-code: 2
      x-nx-max-days: {from: start, to: end, days: 7}
      parameters:
        - {name: day, in: path, required: true, description: A day., schema: {type: string}, example: a}
        - {name: start, in: query, required: true, description: From., schema: {type: string, format: date-time}, example: "2026-11-26T00:00:00Z"}
        - {name: end, in: query, required: true, description: To., schema: {type: string, format: date-time}, example: "2026-11-27T00:00:00Z"}
      responses:
        "200":
          description: Sent.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/SendItReply'}
              examples:
                success: {value: {code: 0}}
x-nx-webhooks:"##;
    let operation = changes
        .iter()
        .fold(operation.to_owned(), |text, (piece, other)| {
            assert_eq!(text.matches(piece).count(), 1, "`{piece}` must occur once");
            text.replace(piece, other)
        });
    let spec = MINIMAL.replace("x-nx-webhooks:", &operation);
    let findings = read("specs/minimal.yaml", &spec).err().unwrap_or_default();
    findings.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(piece: &str, other: &str, expected: &str) {
    let expected = format!("specs/minimal.yaml: paths./second/{{day}}.get.{expected}");
    assert_eq!(findings(&[(piece, other)]), [expected], "{other}");
}

#[test]
fn times_of_a_limited_period_are_required() {
    assert_eq!(findings(&[]), [""; 0]);
    const TIMES: &str = "`start` is not a required date-time; name parameters of `format: date-time` with `required: true`";
    for (piece, other) in [
        (
            "name: start, in: query, required: true",
            "name: start, in: query",
        ),
        (
            "{type: string, format: date-time}, example: \"2026-11-26T00:00:00Z\"",
            "{type: string}, example: a",
        ),
    ] {
        refused(piece, other, &format!("x-nx-max-days: {TIMES}"));
    }
    for days in [0, -1, i64::MIN] {
        refused(
            "days: 7",
            &format!("days: {days}"),
            &format!(
                "x-nx-max-days.days: a limit of {days} days rejects every request; write a whole number of at least 1"
            ),
        );
    }
}

#[test]
fn a_finding_has_the_place_of_the_parameter() {
    refused(
        "in: path, required: true",
        "in: path",
        "parameters[0]: the path parameter is not required; write `required: true`",
    );
    refused(
        "description: A day., schema: {type: string}, example: a",
        "description: A day., schema: {type: array}, example: []",
        "parameters[0]: the parameter is not a plain value; write the type string, integer, number or boolean",
    );
    refused(
        "description: A day., schema: {type: string}, example: a",
        "description: A day., schema: {type: string}",
        "parameters[0]: `day` has no `example`; write a fictitious value: tests and the sandbox use it",
    );
    refused(
        "description: A day., ",
        "",
        "parameters[0]: the description is missing; describe the field, with its unit and limits",
    );
}

#[test]
fn an_unused_open_enum_is_refused() {
    let spec = format!(
        "{MINIMAL}    Other:\n      type: string\n      description: Another.\n      x-extensible-enum: [a]\n"
    );
    let findings = read("specs/minimal.yaml", &spec).unwrap_err();
    assert_eq!(
        findings[0].to_string(),
        "specs/minimal.yaml: components.schemas.Other: the schema is not used; refer to it, or remove it"
    );
}
