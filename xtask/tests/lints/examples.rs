//! Examples fit their schemas and the generated types.

use crate::spec::{PLAIN, TEXT, compiles, findings_of, refused, refused_at, spec, with_choice};

#[test]
fn unsupported_media_types_and_bodies_without_examples_are_refused() {
    refused_at(
        "          application/json:\n            schema: {$ref: '#/components/schemas/SendIt'}",
        "          text/plain:\n            schema: {$ref: '#/components/schemas/SendIt'}",
        "requestBody.content.text/plain",
        "the media type is not supported",
        "application/json",
    );
    refused_at(
        "                success: {value: {code: 0}}",
        "                other: {value: {code: 0}}",
        "responses.200",
        "there is no example `success`",
        "sandbox",
    );
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
