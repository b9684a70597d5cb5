//! Parameters: each finding stands where the parameter is written.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xtask::read::read;

const MINIMAL: &str = include_str!("minimal.yaml");

/// What is found where an operation with two times and a page number stands beside the first one.
fn found(changes: &[(&str, &str)]) -> Vec<String> {
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
    let found = found(&[(piece, other)]);
    assert_eq!(found, [expected], "{other}");
}

#[test]
fn times_with_a_greatest_distance_are_there() {
    assert_eq!(found(&[]), [""; 0]);
    const TIMES: &str = "`start` is no required date-time; name parameters of `format: date-time` with `required: true`";
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
                "x-nx-max-days.days: {days} days let no request through; write a whole number from 1"
            ),
        );
    }
}

#[test]
fn a_finding_about_a_parameter_stands_at_the_parameter() {
    refused(
        "in: path, required: true",
        "in: path",
        "parameters[0]: a path parameter that is not required; write `required: true`",
    );
    refused(
        "description: A day., schema: {type: string}, example: a",
        "description: A day., schema: {type: array}, example: []",
        "parameters[0]: a parameter that is no plain value; write type string, integer, number or boolean",
    );
    refused(
        "description: A day., schema: {type: string}, example: a",
        "description: A day., schema: {type: string}",
        "parameters[0]: `day` has no `example`; write a fictitious one: tests and the sandbox use it",
    );
    refused(
        "description: A day., ",
        "",
        "parameters[0]: no description; say what it is, its unit and its limits",
    );
}

#[test]
fn an_open_enum_that_nothing_refers_to_is_found() {
    let spec = format!(
        "{MINIMAL}    Other:\n      type: string\n      description: Another.\n      x-extensible-enum: [a]\n"
    );
    let findings = read("specs/minimal.yaml", &spec).unwrap_err();
    assert_eq!(
        findings[0].to_string(),
        "specs/minimal.yaml: components.schemas.Other: nothing refers to this schema; refer to it, or leave it out"
    );
}
