//! Names: keywords of Rust, names of generated code, names that are equal in Rust.

use crate::spec::{
    DAY, ID, MINIMAL, PLAIN, compiles, findings, findings_of, refused, refused_at, second,
    with_choice,
};

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
fn two_operation_ids_equal_in_snake_case_are_refused() {
    let second = "\n  /other:\n    post:\n      operationId: sendIt\n      summary: Sends.\n      x-nx-action: send\n      x-nx-parameter-code: 2\n      responses:\n        \"200\":\n          description: Sent.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/SendItReply'}\n              examples:\n                success: {value: {code: 1}}\nx-nx-webhooks:";
    refused_at(
        "\nx-nx-webhooks:",
        second,
        "post",
        "`send_it` in Rust",
        "another id",
    );
    refused_at(
        "\nx-nx-webhooks:",
        second,
        "/other.post",
        "not in snake_case",
        "write `send_it`",
    );
}

#[test]
fn an_operation_id_that_rust_reserves_is_refused() {
    refused_at(
        "operationId: send_it",
        "operationId: async",
        "/send.post",
        "`async` is reserved",
        "another id",
    );
    refused_at(
        "operationId: send_it",
        "operationId: new",
        "/send.post",
        "`new` is reserved",
        "another id",
    );
}

#[test]
fn clashing_names_are_refused() {
    refused_at(
        "id: {type: string, description: The id.}",
        "myId: {type: string, description: A.}\n        my_id: {type: string, description: B.}",
        "Receipt.properties",
        "`my_id` is already that of `myId`",
        "x-nx-field",
    );
    refused_at(
        "[plain, bold]",
        "[a-b, a_b]",
        "Kind",
        "cannot be the name",
        "a unique Rust name",
    );
    refused_at(
        "meaning: balance too low}",
        "meaning: balance too low}\n  - {code: 4, name: BALANCE_TOO_LOW, kind: balance, meaning: other}",
        "x-nx-codes",
        "names the codes",
        "rename one",
    );
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
        refused_at(
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
        refused_at("x-nx-webhooks:", &second(id, DAY), "", problem, "");
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
    refused_at(
        "x-nx-webhooks:",
        &second("send_more", &format!("{DAY}\n{body}")),
        "/second/{day}.get",
        problem,
        "another name",
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
        refused_at(
            piece,
            &rule,
            at,
            "is not the path of a text",
            "ends at a text",
        );
    }
    for name in ["messageId", "match", "''"] {
        let rule = receipt(&format!("{{{name}: id}}"));
        refused_at(piece, &rule, at, "is not a Rust name", "snake_case");
    }
}
