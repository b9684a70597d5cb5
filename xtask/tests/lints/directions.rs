//! Constructs that are allowed only in replies and pushes, or only in requests.

use crate::spec::{ID, TEXT, compiles, findings_of, refused, spec};

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
