//! Each check rejects its construct with a finding: the file, the place, the problem and what to write.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xtask::finding::Finding;
use xtask::read::read;

const MINIMAL: &str = include_str!("minimal.yaml");

/// The findings of the minimal spec with one replaced piece.
fn findings(piece: &str, other: &str) -> Vec<Finding> {
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
fn refused(piece: &str, other: &str, at: &str, problem: &str, instead: &str) {
    let findings = findings(piece, other);
    let is_found = findings.iter().any(|finding| {
        finding.file == "specs/minimal.yaml"
            && finding.at.contains(at)
            && finding.problem.contains(problem)
            && finding.instead.contains(instead)
    });
    assert!(
        is_found,
        "no finding at `{at}` with `{problem}` and `{instead}` in {findings:#?}"
    );
}

#[test]
fn the_minimal_spec_passes() {
    let service = read("specs/minimal.yaml", MINIMAL).unwrap();
    assert_eq!(service.name, "minimal");
    assert_eq!(service.package, "nxcloud-minimal");
    assert_eq!(service.operations.len(), 1);
    assert_eq!(service.types.len(), 4);
}

#[test]
fn a_finding_about_a_misspelt_vendor_key_suggests_the_right_one() {
    refused(
        "x-nx-action: send",
        "x-nx-acton: send",
        "/send.post",
        "`x-nx-acton`",
        "did you mean `x-nx-action`?",
    );
    refused(
        "x-nx-source: minimal.md",
        "x-nx-sauce: minimal.md",
        "line 10, x-nx-sauce",
        "`x-nx-sauce`",
        "x-nx-source",
    );
}

#[test]
fn a_finding_about_an_unknown_vendor_key_lists_the_known_ones() {
    refused(
        "x-nx-action: send",
        "x-nx-action: send\n      x-nx-colour: red",
        "/send.post",
        "`x-nx-colour`",
        "x-nx-safe",
    );
}

#[test]
fn a_misspelt_plain_key_is_refused() {
    refused(
        "required: [text]",
        "requird: [text]",
        "SendIt",
        "`requird`",
        "did you mean `required`?",
    );
}

#[test]
fn a_missing_action_is_refused() {
    refused(
        "      x-nx-action: send\n",
        "",
        "/send.post",
        "`x-nx-action` is missing",
        "action header",
    );
}

#[test]
fn a_missing_parameter_code_is_refused() {
    refused(
        "      x-nx-parameter-code: 2\n",
        "",
        "/send.post",
        "`x-nx-parameter-code` is missing",
        "code",
    );
}

#[test]
fn a_biz_type_that_is_not_a_string_is_refused() {
    refused(
        "x-nx-biz-type: \"3\"",
        "x-nx-biz-type: 3",
        "line 9, x-nx-biz-type",
        "not a text: YAML reads 3",
        "in quotes",
    );
}

#[test]
fn a_default_response_is_refused() {
    refused(
        "        \"200\":",
        "        default:",
        "responses.default",
        "`default`",
        "only \"200\"",
    );
}

#[test]
fn any_of_is_refused() {
    refused(
        "text: {type: string, description: The text.}",
        "text: {anyOf: [{type: string}], description: The text.}",
        "SendIt.properties.text",
        "`anyOf`",
        "x-extensible-enum",
    );
}

#[test]
fn a_closed_enum_is_refused() {
    refused(
        "x-extensible-enum: [plain, bold]",
        "enum: [plain, bold]",
        "Kind",
        "closed enum",
        "x-extensible-enum",
    );
}

#[test]
fn inline_schemas_are_refused() {
    refused(
        "id: {type: string, description: The id.}",
        "id: {type: object, description: The id., properties: {a: {type: string, description: A.}}}",
        "Receipt.properties.id",
        "choice or enum is inline",
        "components.schemas",
    );
    refused(
        "schema: {$ref: '#/components/schemas/SendItReply'}",
        "schema: {type: object}",
        "responses.200",
        "the schema is inline",
        "refer to it",
    );
}

#[test]
fn two_operation_ids_equal_in_snake_case_are_refused() {
    let second = "\n  /other:\n    post:\n      operationId: sendIt\n      summary: Sends.\n      x-nx-action: send\n      x-nx-parameter-code: 2\n      responses:\n        \"200\":\n          description: Sent.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/SendItReply'}\n              examples:\n                success: {value: {code: 1}}\nx-nx-webhooks:";
    refused(
        "\nx-nx-webhooks:",
        second,
        "post",
        "`send_it` in Rust",
        "another id",
    );
    refused(
        "\nx-nx-webhooks:",
        second,
        "/other.post",
        "not in snake_case",
        "write `send_it`",
    );
}

#[test]
fn an_operation_id_that_rust_reserves_is_refused() {
    refused(
        "operationId: send_it",
        "operationId: async",
        "/send.post",
        "`async` is reserved",
        "another id",
    );
    refused(
        "operationId: send_it",
        "operationId: new",
        "/send.post",
        "`new` is reserved",
        "another id",
    );
}

#[test]
fn unsupported_media_types_and_bodies_without_examples_are_refused() {
    refused(
        "          application/json:\n            schema: {$ref: '#/components/schemas/SendIt'}",
        "          text/plain:\n            schema: {$ref: '#/components/schemas/SendIt'}",
        "requestBody.content.text/plain",
        "the media type is not supported",
        "application/json",
    );
    refused(
        "                success: {value: {code: 0}}",
        "                other: {value: {code: 0}}",
        "responses.200",
        "there is no example `success`",
        "sandbox",
    );
}

#[test]
fn header_parameters_are_refused() {
    refused(
        "      x-nx-action: send\n",
        "      x-nx-action: send\n      parameters: [{name: bizType, in: header, required: true, schema: {type: string}}]\n",
        "parameters[0]",
        "the client adds them",
        "remove it",
    );
}

#[test]
fn an_unused_or_missing_schema_is_refused() {
    refused(
        "'#/components/schemas/Receipt'",
        "'#/components/schemas/SendItReply'",
        "Receipt",
        "is not used",
        "remove it",
    );
    refused(
        "'#/components/schemas/Receipt'",
        "'#/components/schemas/Recept'",
        "Recept",
        "the schema does not exist",
        "correct",
    );
}

#[test]
fn a_schema_used_in_both_directions_is_refused() {
    refused(
        "'#/components/schemas/SendItReply'",
        "'#/components/schemas/SendIt'",
        "SendIt",
        "by a request and by a reply",
        "a second schema",
    );
}

#[test]
fn clashing_names_are_refused() {
    refused(
        "id: {type: string, description: The id.}",
        "myId: {type: string, description: A.}\n        my_id: {type: string, description: B.}",
        "Receipt.properties",
        "`my_id` is already that of `myId`",
        "x-nx-field",
    );
    refused(
        "[plain, bold]",
        "[a-b, a_b]",
        "Kind",
        "cannot be the name",
        "a unique Rust name",
    );
    refused(
        "meaning: balance too low}",
        "meaning: balance too low}\n  - {code: 4, name: BALANCE_TOO_LOW, kind: balance, meaning: other}",
        "x-nx-codes",
        "names the codes",
        "rename one",
    );
}

#[test]
fn codes_are_complete_and_well_named() {
    refused(
        "kind: balance,",
        "kind: money,",
        "x-nx-codes",
        "`money` is not a value of `kind`",
        "balance",
    );
    refused(
        "name: BALANCE_TOO_LOW,",
        "name: balanceTooLow,",
        "x-nx-codes",
        "SCREAMING_SNAKE_CASE",
        "BALANCE_TOO_LOW",
    );
    refused(
        "code: 3,",
        "code: \"3\",",
        "line 12, x-nx-codes[0].code",
        "wrong type",
        "without quotes",
    );
}

#[test]
fn a_pattern_that_does_not_compile_is_refused() {
    refused(
        "text: {type: string,",
        "text: {type: string, pattern: '(',",
        "SendIt.properties.text",
        "does not compile",
        "regular expression",
    );
}

#[test]
fn a_required_name_without_property_is_refused() {
    refused(
        "required: [text]",
        "required: [text, txet]",
        "SendIt",
        "`txet` is in `required` but is not a property",
        "correct the name",
    );
}

#[test]
fn an_undescribed_field_is_refused() {
    refused(
        "text: {type: string, description: The text.}",
        "text: {type: string}",
        "SendIt.properties.text",
        "the description is missing",
        "describe the field",
    );
}

#[test]
fn invalid_yaml_is_refused_with_the_place() {
    let findings = read("specs/broken.yaml", "openapi: [").unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].file, "specs/broken.yaml");
    let duplicate = read("specs/twice.yaml", "openapi: 3.0.3\nopenapi: 3.0.3").unwrap_err();
    assert!(
        duplicate[0].problem.contains("is used twice"),
        "{duplicate:?}"
    );
}

#[test]
fn a_signed_push_without_actions_is_refused() {
    refused(
        "    signed: false\n",
        "    signed: true\n",
        "x-nx-webhooks.receipt",
        "the push is signed, but has no actions",
        "list them as `action`",
    );
    let with = "    signed: true\n    action: [done]\n";
    assert!(findings("    signed: false\n", with).is_empty());
}

#[test]
fn an_idempotency_key_that_is_not_in_the_push_is_refused() {
    let with = |key: &str| format!("    signed: false\n    idempotency-key: [{key}]\n");
    for key in ["nonsense", "id.deeper", "\"id[]\""] {
        refused(
            "    signed: false\n",
            &with(key),
            "x-nx-webhooks.receipt",
            "is not the path of a value in `Receipt`",
            "dotted path",
        );
    }
    assert!(findings("    signed: false\n", &with("id")).is_empty());
}

#[test]
fn a_push_after_an_unknown_operation_is_refused() {
    let with = |id: &str| format!("    signed: false\n    after: {{operation: {id}}}\n");
    refused(
        "    signed: false\n",
        &with("nonsense"),
        "x-nx-webhooks.receipt",
        "`nonsense` is not an operation",
        "operationId",
    );
    assert!(findings("    signed: false\n", &with("send_it")).is_empty());
}

#[test]
fn two_pushes_with_different_replies_or_keys_are_refused() {
    let second = |more: &str| {
        format!(
            "      plain: {{value: {{id: a}}}}\n  - name: other\n    content: [json]\n    signed: false\n{more}    schema: {{$ref: '#/components/schemas/Receipt'}}\n    examples:\n      plain: {{value: {{id: b}}}}\n"
        )
    };
    let first = "      plain: {value: {id: a}}\n";
    refused(
        first,
        &second("    reply: success\n"),
        "x-nx-webhooks.other",
        "the reply differs",
        "write the same reply",
    );
    refused(
        first,
        &second("    idempotency-key: [id]\n"),
        "x-nx-webhooks.other",
        "the idempotency key differs",
        "write the same key",
    );
    assert!(findings(first, &second("")).is_empty());
}

#[test]
fn a_receipt_names_its_id_and_the_values_for_delivered() {
    let piece = "description: The receipt.\n      properties:\n        id: {type: string, description: The id.}";
    let receipt = |rule: &str| {
        format!(
            "description: The receipt.\n      x-nx-receipt: {rule}\n      properties:\n        id: {{type: string, description: The id.}}\n        state: {{$ref: '#/components/schemas/Kind'}}"
        )
    };
    let at = "components.schemas.Receipt";
    let good = findings(
        piece,
        &receipt("{id: id, status: state, states: {bold: delivered}}"),
    );
    assert!(good.is_empty(), "{good:#?}");
    refused(piece, &receipt("{}"), at, "`id` is missing", "add `id`");
    for wrong in ["{id: ID}", "{id: state}"] {
        refused(
            piece,
            &receipt(wrong),
            at,
            "is not a text property",
            "name the property",
        );
    }
    for wrong in [
        "{id: id, status: state}",
        "{id: id, status: state, states: {}}",
        "{id: id, status: state, states: {bold: failed}}",
    ] {
        let problem = "no value of `state` means delivered";
        refused(piece, &receipt(wrong), at, problem, "`delivered`");
    }
    for (wrong, key, problem) in [
        (
            "{id: id, status: state, states: {bold: delivered, Plain: failed}}",
            "states.Plain",
            "`Plain` is not a value of `state`",
        ),
        (
            "{id: id, status: other, states: {bold: delivered}}",
            "status",
            "`other` is not a property with an open enum",
        ),
        (
            "{id: id, status: id, states: {bold: delivered}}",
            "status",
            "`id` is not a property with an open enum",
        ),
        ("{id: id, states: {bold: delivered}}", "", "but no `status`"),
        ("{id: id, echo: ext}", "echo", "`ext` is not a property"),
        ("{id: id, price: ext}", "price", "`ext` is not a property"),
        (
            "{id: id, currency: ext}",
            "currency",
            "`ext` is not a property",
        ),
        ("{id: id, parts: ext}", "parts", "`ext` is not a property"),
        (
            "{id: id, status: state, states: {bold: arrived}}",
            "states.bold",
            "`arrived`",
        ),
    ] {
        let at = format!("{at}.x-nx-receipt.{key}");
        let at = at.trim_end_matches('.');
        refused(piece, &receipt(wrong), at, problem, "");
    }
}

/// An operation without a body, after the first one.
fn second(id: &str, rest: &str) -> String {
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

const DAY: &str = "      parameters:
        - {name: day, in: path, required: true, description: A day., schema: {type: string, format: date}, example: \"2026-11-26\"}";

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
fn an_operation_that_would_hide_a_method_of_the_clients_is_refused() {
    for id in [
        "new",
        "with_options",
        "exec",
        "post",
        "inner",
        "all",
        "clone",
    ] {
        let (at, problem) = ("/second/{day}.get", format!("`{id}` is reserved"));
        refused(
            "x-nx-webhooks:",
            &second(id, DAY),
            at,
            &problem,
            "another id",
        );
    }
}

#[test]
fn a_request_of_parameters_has_the_name_of_its_operation() {
    for (id, problem) in [
        ("session", "`session` is reserved"),
        ("receipt", "`Receipt`"),
    ] {
        refused("x-nx-webhooks:", &second(id, DAY), "", problem, "");
    }
}

#[test]
fn a_request_of_two_operations_is_refused() {
    let body = "      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/SendIt'}
            examples:
              plain: {value: {text: hello}}";
    let problem = "`SendIt` is also the request of `send_it`";
    refused(
        "x-nx-webhooks:",
        &second("send_more", &format!("{DAY}\n{body}")),
        "/second/{day}.get",
        problem,
        "another name",
    );
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
        refused(
            "x-nx-webhooks:",
            &second("ask", &kind),
            at,
            problem,
            instead,
        );
    }
    let optional = DAY.replace("required: true, ", "");
    refused(
        "x-nx-webhooks:",
        &second("ask", &optional),
        "/second/{day}.get.parameters[0]",
        "not required",
        "`required: true`",
    );
    refused(
        "application/json:
            schema: {$ref: '#/components/schemas/SendIt'}",
        "multipart/form-data:
            schema: {$ref: '#/components/schemas/SendIt'}",
        "SendIt",
        "the form has no file or several files",
        "format: binary",
    );
}

#[test]
fn an_accessor_has_a_name_and_leads_to_a_text_of_a_reply() {
    let piece = "description: The receipt.\n      properties:\n        id: {type: string, description: The id.}";
    let receipt = |rule: &str| {
        format!(
            "description: The receipt.\n      x-nx-accessors: {rule}\n      properties:\n        id: {{type: string, description: The id.}}\n        state: {{$ref: '#/components/schemas/Kind'}}\n        ids: {{type: array, items: {{type: string}}, description: Ids.}}"
        )
    };
    let at = "components.schemas.Receipt.x-nx-accessors";
    let good = findings(piece, &receipt("{id: id, other_name: id}"));
    assert!(good.is_empty(), "{good:#?}");
    for path in ["ID", "state", "ids", "'ids[]'", "id.id", "''"] {
        let rule = receipt(&format!("{{id: {path}}}"));
        refused(
            piece,
            &rule,
            at,
            "is not the path of a text",
            "ends at a text",
        );
    }
    for name in ["messageId", "match", "''"] {
        let rule = receipt(&format!("{{{name}: id}}"));
        refused(piece, &rule, at, "is not a Rust name", "snake_case");
    }
}
