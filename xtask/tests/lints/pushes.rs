//! Pushes: names, transports, signatures, idempotency keys, receipts.

use crate::spec::{findings, refused, refused_at};

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
fn a_signed_push_without_actions_is_refused() {
    refused_at(
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
        refused_at(
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
    refused_at(
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
    refused_at(
        first,
        &second("    reply: success\n"),
        "x-nx-webhooks.other",
        "the reply differs",
        "write the same reply",
    );
    refused_at(
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
    refused_at(piece, &receipt("{}"), at, "`id` is missing", "add `id`");
    for wrong in ["{id: ID}", "{id: state}"] {
        refused_at(
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
        refused_at(piece, &receipt(wrong), at, problem, "`delivered`");
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
        refused_at(piece, &receipt(wrong), at, problem, "");
    }
}
