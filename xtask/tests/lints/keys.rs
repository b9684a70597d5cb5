//! Keys of the dialect: misspelt, unknown, missing, or with a wrong value.

use xtask::read::read;

use crate::spec::{MINIMAL, compiles, refused, refused_at};

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
    refused_at(
        "x-nx-action: send",
        "x-nx-acton: send",
        "/send.post",
        "`x-nx-acton`",
        "did you mean `x-nx-action`?",
    );
    refused_at(
        "x-nx-source: minimal.md",
        "x-nx-sauce: minimal.md",
        "line 10, x-nx-sauce",
        "`x-nx-sauce`",
        "x-nx-source",
    );
}

#[test]
fn a_finding_about_an_unknown_vendor_key_lists_the_known_ones() {
    refused_at(
        "x-nx-action: send",
        "x-nx-action: send\n      x-nx-colour: red",
        "/send.post",
        "`x-nx-colour`",
        "x-nx-safe",
    );
}

#[test]
fn a_misspelt_plain_key_is_refused() {
    refused_at(
        "required: [text]",
        "requird: [text]",
        "SendIt",
        "`requird`",
        "did you mean `required`?",
    );
}

#[test]
fn a_missing_action_is_refused() {
    refused_at(
        "      x-nx-action: send\n",
        "",
        "/send.post",
        "`x-nx-action` is missing",
        "action header",
    );
}

#[test]
fn a_missing_parameter_code_is_refused() {
    refused_at(
        "      x-nx-parameter-code: 2\n",
        "",
        "/send.post",
        "`x-nx-parameter-code` is missing",
        "code",
    );
}

#[test]
fn a_default_response_is_refused() {
    refused_at(
        "        \"200\":",
        "        default:",
        "responses.default",
        "`default`",
        "only \"200\"",
    );
}

#[test]
fn codes_are_complete_and_well_named() {
    refused_at(
        "kind: balance,",
        "kind: money,",
        "x-nx-codes",
        "`money` is not a value of `kind`",
        "balance",
    );
    refused_at(
        "name: BALANCE_TOO_LOW,",
        "name: balanceTooLow,",
        "x-nx-codes",
        "SCREAMING_SNAKE_CASE",
        "BALANCE_TOO_LOW",
    );
    refused_at(
        "code: 3,",
        "code: \"3\",",
        "line 12, x-nx-codes[0].code",
        "wrong type",
        "without quotes",
    );
}

#[test]
fn keys_that_name_fields_name_existing_ones() {
    refused(
        &[(
            "      x-nx-action: send\n",
            "      x-nx-action: send\n      x-nx-paging: {style: page, page: nope, size: text, items: code}\n",
        )],
        &["x-nx-paging", "`nope`"],
    );
    refused(
        &[("name: BALANCE_TOO_LOW", "name: 2_LOW")],
        &["x-nx-codes", "cannot be the name"],
    );
    refused(
        &[("x-nx-biz-type: \"3\"", "x-nx-biz-type: \"3\\n\"")],
        &["x-nx-biz-type", "header"],
    );
    refused(
        &[("title: Minimal", "title: 'a \"b\" [c]'")],
        &["info.title"],
    );
}

#[test]
fn base_urls_are_checked() {
    for url in [
        "",
        "example.com",
        "https://",
        "https://example.com/",
        "ftp://example.com",
        "https://{host}/x",
        "https://exa mple.com",
        "https://example.com?a=b",
        "https://example.com/#a",
        "https://a@example.com",
    ] {
        refused(
            &[("url: https://example.com", &format!("url: \"{url}\""))],
            &["servers[0].url: ", "write `https://`"],
        );
    }
    for url in ["http://127.0.0.1:8080", "https://example.com/v1.0/api"] {
        compiles(&[("url: https://example.com", &format!("url: {url}"))]);
    }
    refused(
        &[(
            "    signed: false",
            "    signed: true\n    action: [done, \"a b\"]",
        )],
        &["x-nx-webhooks[0].action[1]: ", "header"],
    );
}
