//! Misuse: an error line that says what to do, exit code 2, and nothing sent.

use std::net::TcpListener;

use nxcloud_sandbox::Sandbox;

use crate::support::{Nxcloud, SEND, send};

/// Runs a command that must fail, and returns its error line.
#[track_caller]
fn refused(nxcloud: &Nxcloud, arguments: &[&str], input: &str) -> String {
    let output = nxcloud.feed(arguments, input).exits(2);
    assert!(output.stdout.is_empty(), "{output}");
    output.stderr_line().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_requests_are_refused_with_the_path_of_the_field() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let sms = ["sms", "send-sms", "--json", "-"];
    let whatsapp = ["whatsapp", "send-message", "--json", "-"];
    let template = ["whatsapp", "create-template", "--json", "-"];
    let full = r#""appKey": "a", "phone": "1", "content": "c""#;
    let message = r#""appkey": "a", "business_phone": "1", "to": "2""#;
    let cases: &[(&[&str], String, &str)] = &[
        (
            &sms,
            "{".to_owned(),
            "standard input is not valid JSON (line 1, column 1)",
        ),
        (
            &sms,
            "[1]".to_owned(),
            "standard input is not a JSON object",
        ),
        (
            &sms,
            r#"{"phone": "1", "content": "c"}"#.to_owned(),
            "`appKey` (--app-key) is missing",
        ),
        (
            &sms,
            format!("{{{full}, \"phne\": \"2\"}}"),
            "`phne` is not a known field",
        ),
        (
            &sms,
            r#"{"appKey": "a", "phone": 5, "content": "c"}"#.to_owned(),
            "`phone` (--phone) must be a string",
        ),
        (
            &sms,
            format!("{{{full}, \"sourceAddress\": \"a!\"}}"),
            "`sourceAddress` (--source-address)",
        ),
        (
            &whatsapp,
            format!("{{{message}}}"),
            "`type` (--type) is missing; use one of text",
        ),
        (
            &whatsapp,
            format!("{{{message}, \"type\": \"smoke\"}}"),
            "`type` (--type) must be one of text",
        ),
        (
            &whatsapp,
            format!("{{{message}, \"type\": \"image\", \"image\": {{\"lnk\": 1}}}}"),
            "`image.lnk` is not a known field",
        ),
        (
            &whatsapp,
            format!("{{{message}, \"type\": \"text\", \"text\": {{\"body\": \"\"}}}}"),
            "`text.body` (--text.body)",
        ),
        (
            &template,
            r#"{"components": [{"type": "BODY", "text": 7}]}"#.to_owned(),
            "`components[0].text` must be a string",
        ),
        (
            &template,
            r#"{"components": [{"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY"}]}]}"#
                .to_owned(),
            "`components[0].buttons[0].text` is missing",
        ),
    ];
    for (arguments, input, expected) in cases {
        let line = refused(&nxcloud, arguments, input);
        assert!(line.contains(expected), "{input}: {line}");
    }
    assert!(sandbox.requests().is_empty(), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_arguments_are_reported_in_one_line() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let page = ["number-check", "query-checks", "--page", "one"];
    let date = [
        "number-check",
        "query-checks",
        "--page",
        "1",
        "--page-size",
        "1",
        "--date",
        "yesterday",
        "--batch-no",
        "b",
    ];
    let with = |url| send(&["--base-url", url]);
    let cases: &[(&[&str], &str)] = &[
        (
            &["sms", "send-sms", "--fone", "1"],
            "unexpected argument '--fone'",
        ),
        (&["smz"], "unrecognized subcommand 'smz'"),
        (&page, "--page must be an integer"),
        (&date, "`date` (--date)"),
        (&with("localhost:8080"), "the base URL"),
        (&with("127.0.0.1:8080"), "write it as https://"),
        (&with("http://sms.example"), "plain http to another machine"),
        (
            &["sms", "send-sms", "--json", "absent.json"],
            "absent.json: No such file",
        ),
        (
            &["sms", "send-sms", "--example=nothing"],
            "there is no example `nothing`",
        ),
        (
            &["sign", "--lines", "absent.jsonl"],
            "absent.jsonl: No such file",
        ),
        (&["sign", "--biz-type", "3"], "--action"),
        (
            &["sign", "--action", "a", "--biz-type", "3", "--ts", "now"],
            "--ts",
        ),
        (
            &["sign", "--scheme", "antbuddy", "--ts", "1", "x"],
            "--ts is not part of AntBuddy's scheme",
        ),
        (
            &["sandbox", "--account", "key"],
            "--account takes KEY=VARIABLE",
        ),
        (
            &["sandbox", "--account", "key=hunter2"],
            "no environment variable",
        ),
        (&["sandbox", "--port", "70000"], "70000"),
        (
            &["listen", "--forward-to", "localhost:3000"],
            "--forward-to takes a URL",
        ),
        (
            &["trigger", "sms", "sms-receipt", "--set", "status"],
            "--set takes PATH=TEXT",
        ),
        (
            &[
                "trigger",
                "sms",
                "sms-receipt",
                "--to",
                "https://example.com/x",
            ],
            "http:// addresses of this machine only",
        ),
        (
            &["trigger", "sms", "nothing"],
            "unrecognized subcommand 'nothing'",
        ),
        (
            &["antbuddy", "create-auth-token", "--secret-fd", "9"],
            "--secret-fd needs --access-key or --app-id",
        ),
    ];
    for (arguments, expected) in cases {
        let output = nxcloud.run(arguments).exits(2);
        let line = output.stderr_line();
        assert!(line.contains(expected), "{arguments:?}: {line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
    assert!(sandbox.requests().is_empty(), "nothing was sent");
}

#[test]
fn a_missing_account_is_reported_with_the_ways_to_set_one() {
    let nxcloud = Nxcloud::new();
    let line = refused(&nxcloud, &SEND, "");
    assert!(
        line.contains("NXCLOUD_ACCESS_KEY") && line.contains("--sandbox"),
        "{line}"
    );
    let half = Nxcloud::new().with("NXCLOUD_ACCESS_KEY", "k");
    let line = refused(&half, &SEND, "");
    assert!(
        line.contains("NXCLOUD_ACCESS_SECRET is missing or empty"),
        "{line}"
    );
    let line = refused(
        &half,
        &[
            "sign",
            "--access-key",
            "k",
            "--action",
            "a",
            "--biz-type",
            "3",
        ],
        "",
    );
    assert!(
        line.contains("set NXCLOUD_ACCESS_SECRET or use --secret-fd"),
        "{line}"
    );
}

#[test]
fn a_port_in_use_is_reported_with_a_remedy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let nxcloud = Nxcloud::new();
    for command in ["sandbox", "listen"] {
        let line = refused(&nxcloud, &[command, "--port", &port], "");
        assert!(
            line.contains(&port) && line.contains("Choose another --port"),
            "{line}"
        );
    }
}

#[test]
fn errors_do_not_contain_private_values() {
    let nxcloud = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "key")
        .with("NXCLOUD_ACCESS_SECRET", "hush-hush");
    for arguments in [
        &[
            "sms",
            "send-sms",
            "--app-key",
            "a",
            "--phone",
            "8615012345678",
            "--content",
            "",
            "--base-url",
            "http://127.0.0.1:1",
        ][..],
        &[
            "sms",
            "send-sms",
            "--app-key",
            "a",
            "--phone",
            "8615012345678",
            "--content",
            "a private text",
            "--base-url",
            "http://127.0.0.1:1",
            "--timeout",
            "1",
        ],
    ] {
        let output = nxcloud.run(arguments);
        let line = output.stderr_line();
        for private in ["8615012345678", "a private text", "hush-hush"] {
            assert!(!line.contains(private), "{line}");
        }
    }
}

/// clap's own errors repeat the argument, which may be a text, a phone number or a secret.
#[test]
fn errors_hide_misplaced_arguments() {
    let nxcloud = Nxcloud::new();
    let send = |more: &[&'static str]| send(more);
    for (arguments, expected) in [
        (
            send(&["hush"]),
            "unexpected argument '…' found; see nxcloud sms send-sms --help. Write the flag before its value",
        ),
        (vec!["sign", "hush"], "add --scheme antbuddy"),
        (vec!["doctor", "hush"], "unexpected argument '…' found"),
        (send(&["--fone=hush"]), "unexpected argument '--fone' found"),
        (
            send(&["--dry-run=hush"]),
            "unexpected value '…' for '--dry-run'",
        ),
        (
            send(&["--sandbox=hush"]),
            "unexpected value '…' for '--sandbox'",
        ),
        (
            send(&["--secret-fd", "hush"]),
            "invalid value '…' for '--secret-fd <N>': expected the number of a file descriptor",
        ),
        (send(&["--secret-fd=99999999999"]), "invalid value '…'"),
        (send(&["--example=hush"]), "there is no example"),
    ] {
        let line = refused(&nxcloud, &arguments, "");
        assert!(line.contains(expected), "{arguments:?}: {line}");
        if !expected.contains("example") {
            assert!(!line.contains("hush") && !line.contains("999"), "{line}");
        }
    }
}

#[test]
fn an_operation_has_only_the_flags_that_apply_to_it() {
    let nxcloud = Nxcloud::new();
    let template = ["whatsapp", "upload-template-file"];
    for (operation, flag) in [
        (["sms", "send-sms"], "--all-pages"),
        (["sms", "send-sms"], "--file"),
        (["sms", "send-sms"], "--mime"),
        (["antbuddy", "create-auth-token"], "--json"),
        (["antbuddy", "create-auth-token"], "--example"),
        (template, "--json"),
        (["trigger", "sms"], "--action"),
    ] {
        let line = refused(&nxcloud, &[&operation[..], &[flag]].concat(), "");
        let expected = format!("unexpected argument '{flag}' found");
        assert!(line.contains(&expected), "{operation:?}: {line}");
    }
}
