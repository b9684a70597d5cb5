//! Schemas: supported constructs, references, limits, nesting.

use crate::spec::{ID, PLAIN, TEXT, compiles, findings_of, refused, refused_at, spec, with_choice};

#[test]
fn any_of_is_refused() {
    refused_at(
        "text: {type: string, description: The text.}",
        "text: {anyOf: [{type: string}], description: The text.}",
        "SendIt.properties.text",
        "`anyOf`",
        "x-extensible-enum",
    );
}

#[test]
fn a_closed_enum_is_refused() {
    refused_at(
        "x-extensible-enum: [plain, bold]",
        "enum: [plain, bold]",
        "Kind",
        "closed enum",
        "x-extensible-enum",
    );
}

#[test]
fn inline_schemas_are_refused() {
    refused_at(
        "id: {type: string, description: The id.}",
        "id: {type: object, description: The id., properties: {a: {type: string, description: A.}}}",
        "Receipt.properties.id",
        "choice or enum is inline",
        "components.schemas",
    );
    refused_at(
        "schema: {$ref: '#/components/schemas/SendItReply'}",
        "schema: {type: object}",
        "responses.200",
        "the schema is inline",
        "refer to it",
    );
}

#[test]
fn an_unused_or_missing_schema_is_refused() {
    refused_at(
        "'#/components/schemas/Receipt'",
        "'#/components/schemas/SendItReply'",
        "Receipt",
        "is not used",
        "remove it",
    );
    refused_at(
        "'#/components/schemas/Receipt'",
        "'#/components/schemas/Recept'",
        "Recept",
        "the schema does not exist",
        "correct",
    );
}

#[test]
fn a_schema_used_in_both_directions_is_refused() {
    refused_at(
        "'#/components/schemas/SendItReply'",
        "'#/components/schemas/SendIt'",
        "SendIt",
        "by a request and by a reply",
        "a second schema",
    );
}

#[test]
fn a_pattern_that_does_not_compile_is_refused() {
    refused_at(
        "text: {type: string,",
        "text: {type: string, pattern: '(',",
        "SendIt.properties.text",
        "does not compile",
        "regular expression",
    );
}

#[test]
fn a_required_name_without_property_is_refused() {
    refused_at(
        "required: [text]",
        "required: [text, txet]",
        "SendIt",
        "`txet` is in `required` but is not a property",
        "correct the name",
    );
}

#[test]
fn an_undescribed_field_is_refused() {
    refused_at(
        "text: {type: string, description: The text.}",
        "text: {type: string}",
        "SendIt.properties.text",
        "the description is missing",
        "describe the field",
    );
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
