//! Input: forgotten values, encodings, large numbers, empty variables, incorrectly copied secrets, and endless lists.

use nxcloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{Nxcloud, answering, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_value_sends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let start = [
        "sms",
        "send-sms",
        "--app-key",
        "a",
        "--phone",
        "8615012345678",
    ];
    for (more, hint) in [
        (&["--content", "--dry-run"][..], "--content=--dry-run"),
        (&["--content", "--timeout=5"], "--content=--timeout=…"),
        (&["--content", "--forward-to"], "--content=--forward-to"),
        (&["--content", "-h"], "--content=-h"),
        (&["--content", "x", "--ext", "--sandbox"], "--ext=--sandbox"),
        (
            &["--content", "x", "--profile", "--dry-run"],
            "--profile=--dry-run",
        ),
    ] {
        let output = nxcloud.run(&[&start[..], more].concat()).exits(2);
        assert!(
            output.stderr_line().contains(hint) && output.stdout.is_empty(),
            "{output}"
        );
    }
    for (arguments, hint) in [
        (&["sign", "--action", "--explain"][..], "--action=--explain"),
        (
            &["verify", "--signature", "--output"],
            "--signature=--output",
        ),
        (
            &["trigger", "sms", "sms-receipt", "--set", "--to"],
            "--set=--to",
        ),
        (&["listen", "--forward-to", "--port"], "--forward-to=--port"),
        (&["listen", "-p", "--show-body"], "-p=--show-body"),
        (&["sandbox", "--seed", "-q"], "--seed=-q"),
        (&["--output", "--sandbox", "doctor"], "--output=--sandbox"),
    ] {
        let output = nxcloud.run(arguments).exits(2);
        assert!(output.stderr_line().contains(hint), "{output}");
    }
    assert!(sandbox.requests().is_empty(), "nothing was sent");

    // Texts that begin with a dash can be sent, even texts that look like flags.
    for text in ["-1", "- list", "--", "--dry-run", "---"] {
        let content = format!("--content={text}");
        nxcloud.run(&[&start[..], &[&content]].concat()).exits(0);
        let sent = sandbox.requests_for("send_sms").pop().unwrap();
        assert_eq!(sent.json().unwrap()["content"], text);
    }
    nxcloud
        .run(&[&start[..], &["--content", "- list"]].concat())
        .exits(0);
    // The client checks for empty texts.
    let output = nxcloud
        .run(&[&start[..], &["--content", ""]].concat())
        .exits(2);
    assert!(
        output.stderr_line().contains("must not be empty"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_start_with_a_byte_order_mark_but_must_be_utf8() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let body = r#"{"appKey": "a", "phone": "8615012345678", "content": "grün"}"#;
    let path = nxcloud.home().join("body.json");
    let json = ["sms", "send-sms", "--json"];
    let from_file = [&json[..], &["body.json"]].concat();
    std::fs::write(&path, format!("\u{feff}{body}")).unwrap();
    nxcloud.run(&from_file).exits(0);
    nxcloud
        .feed(&[&json[..], &["-"]].concat(), &format!("\u{feff}{body}"))
        .exits(0);
    let marked = format!("\u{feff}{body}");
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { marked.encode_utf16().flat_map(bytes).collect() };
    let utf32: Vec<u8> = body
        .chars()
        .map(u32::from)
        .flat_map(u32::to_le_bytes)
        .collect();
    let latin: Vec<u8> = body.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for (bytes, expected) in [
        (utf16(u16::to_le_bytes), "UTF-16"),
        (utf16(u16::to_be_bytes), "UTF-16"),
        (utf32, "UTF-32"),
        (latin, "is not UTF-8"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let output = nxcloud.run(&from_file).exits(2);
        let line = output.stderr_line();
        assert!(
            line.contains(expected) && line.contains("convert it to UTF-8"),
            "{line}"
        );
    }
    assert_eq!(sandbox.requests_for("send_sms").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_numbers_keep_their_digits_and_duplicate_keys_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let long = "1234567890123456789012345";
    let body =
        format!(r#"{{"appKey": "a", "phone": "8615012345678", "content": "c", "ext": {long}}}"#);
    nxcloud
        .feed(&["sms", "send-sms", "--json", "-"], &body)
        .exits(0);
    let sent = sandbox.requests_for("send_sms")[0].json().unwrap();
    assert_eq!(sent["ext"], long);

    let duplicate = r#"{"appKey": "a", "phone": "1", "content": "c", "phone": "8615012345678"}"#;
    let output = nxcloud
        .feed(&["sms", "send-sms", "--json", "-"], duplicate)
        .exits(2);
    assert!(
        output.stderr_line().contains("contains the same key twice"),
        "{output}"
    );
    let page = ["did", "query-calls", "--page", long];
    assert!(
        nxcloud
            .run(&page)
            .exits(2)
            .stderr_line()
            .contains("--page must be an integer")
    );

    let mut listening =
        nxcloud.start(&["listen", "--port", "0", "--output", "json", "--show-body"]);
    let to = format!("{}/number-check/number_check_result", listening.url);
    let set = format!("batchNo:={long}");
    let push = [
        "trigger",
        "number-check",
        "number-check-result",
        "--to",
        &to,
        "--set",
        &set,
    ];
    nxcloud.run(&push).exits(0);
    let line: Value = serde_json::from_str(&listening.line()).unwrap();
    assert!(line["body"].to_string().contains(long), "{line}");
    // A push with a bare large number, and one with duplicate keys, which is printed as text.
    let post = |body: String| {
        let request = format!(
            "POST /x/y HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let address = listening.url.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        testing::read_to_end(stream).unwrap();
    };
    post(format!("{{\"id\": {long}}}"));
    post("{\"a\": 1, \"a\": 2}".to_owned());
    let line: Value = serde_json::from_str(&listening.line()).unwrap();
    assert_eq!(line["body"], json!({ "id": long }));
    let line: Value = serde_json::from_str(&listening.line()).unwrap();
    assert_eq!(line["body"], "{\"a\": 1, \"a\": 2}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_environment_variable_counts_as_unset() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::start().await.unwrap();
    let names = [
        "NXCLOUD_ACCESS_KEY",
        "NXCLOUD_ACCESS_SECRET",
        "ANTBUDDY_APP_ID",
        "ANTBUDDY_APP_SECRET",
        "NXCLOUD_BASE_URL",
        "NXCLOUD_PROFILE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "NO_COLOR",
        "XDG_CONFIG_HOME",
    ];
    let empty = names
        .iter()
        .fold(Nxcloud::new(), |nxcloud, name| nxcloud.with(name, ""));
    let output = empty.run(&send(&[])).exits(2);
    assert!(output.stderr_line().contains("no account"), "{output}");

    let folder = empty.home().join(".config").join("nxcloud");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("profiles.toml");
    let profile = format!(
        "[default]\naccess_key = \"{}\"\naccess_secret = \"{}\"\nbase_url = \"{}\"\n",
        nxcloud_sandbox::ACCESS_KEY,
        nxcloud_sandbox::ACCESS_SECRET,
        sandbox.url()
    );
    std::fs::write(&path, profile).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    empty.run(&send(&[])).exits(0);
    std::fs::remove_file(&path).unwrap();

    // The same for one of two accounts, for half an account, and with the key in a flag.
    let other = Nxcloud::at(&sandbox)
        .with("ANTBUDDY_APP_ID", "")
        .with("ANTBUDDY_APP_SECRET", "");
    other.run(&send(&[])).exits(0);
    let half = Nxcloud::at(&sandbox).with("NXCLOUD_ACCESS_SECRET", "");
    let output = half.run(&send(&[])).exits(2);
    assert!(
        output
            .stderr_line()
            .contains("NXCLOUD_ACCESS_SECRET is missing or empty"),
        "{output}"
    );
    let output = empty.run(&send(&["--access-key", "k"])).exits(2);
    assert!(output.stderr_line().contains("no secret for k"), "{output}");
    let output = empty
        .run(&["sandbox", "--account", "key=NXCLOUD_PROFILE"])
        .exits(2);
    assert!(
        output.stderr_line().contains("no environment variable"),
        "{output}"
    );
    let mut listening = empty.start(&["listen", "--port", "0"]);
    let to = format!("{}/did/did_sms_signed", listening.url);
    empty
        .run(&["trigger", "did", "did-sms-signed", "--to", &to, "--sandbox"])
        .exits(0);
    assert!(
        listening.line().contains("no account"),
        "an empty account is no account"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incorrectly_copied_secret_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let good = nxcloud_sandbox::ACCESS_SECRET;
    for bad in [
        format!("{good}\n"),
        format!("{good}\r\n"),
        format!(" {good}"),
        format!("{good}\t"),
        format!("{good}\u{a0}"),
        format!("\u{feff}{good}"),
        format!("{good}\u{200b}"),
        "one\ntwo".to_owned(),
    ] {
        let nxcloud = Nxcloud::at(&sandbox).with("NXCLOUD_ACCESS_SECRET", &bad);
        for arguments in [
            &send(&[])[..],
            &send(&["--access-key", "sandbox-key"]),
            &["sign", "--action", "a", "--biz-type", "3"],
            &["listen", "--port", "0"],
            &[
                "sandbox",
                "--port",
                "0",
                "--account",
                "key=NXCLOUD_ACCESS_SECRET",
            ],
        ] {
            let output = nxcloud.run(arguments).exits(2);
            let line = output.stderr_line();
            assert!(line.contains("the secret of"), "{bad:?}: {line}");
            assert!(
                line.contains("opy it again") && !line.contains(good),
                "{line}"
            );
        }
        let output = nxcloud.run(&["doctor"]).exits(1);
        assert!(
            output.stdout.contains("the secret of access key"),
            "{output}"
        );
        let antbuddy = Nxcloud::at(&sandbox).with("ANTBUDDY_APP_SECRET", &bad);
        antbuddy
            .run(&["antbuddy", "create-auth-token"])
            .exits(2)
            .stderr_line();
    }
    assert!(sandbox.requests().is_empty(), "nothing was sent");

    // A secret from a file may end with line breaks and begin with a byte order mark.
    let by_descriptor = send(&["--access-key", "sandbox-key", "--secret-fd", "0"]);
    let nxcloud = Nxcloud::at(&sandbox);
    for text in [format!("{good}\r\n\n"), format!("\u{feff}{good}\n")] {
        nxcloud.feed(&by_descriptor, &text).exits(0);
    }
    for text in [
        format!(" {good}\n"),
        format!("{good} \n"),
        "a\nb\n".to_owned(),
    ] {
        nxcloud.feed(&by_descriptor, &text).exits(2).stderr_line();
    }
    // A space inside may be intended, so it causes a warning only.
    let spaced = Nxcloud::at(&sandbox).with("NXCLOUD_ACCESS_SECRET", "a secret");
    let output = spaced.run(&send(&[])).exits(1);
    assert!(
        output
            .stderr
            .contains("warning: the secret of access key sandbox-key contains a space"),
        "{output}"
    );
}

#[test]
fn a_server_that_repeats_a_page_ends_all_pages() {
    let date = ["--date", "2026-11-21", "--batch-no", "b"];
    let by_number = ["--page", "1", "--page-size", "2"];
    let checks = [&["number-check", "query-checks"][..], &by_number, &date].concat();
    let calls = [&["did", "query-calls"][..], &by_number, &date[..2]].concat();
    let histories = vec![
        "antbuddy",
        "list-call-histories",
        "--limit",
        "2",
        "--created-from",
        "2026-11-20T00:00:00.000Z",
        "--created-to",
        "2026-11-21T00:00:00.000Z",
    ];
    let bindings = vec![
        "virtual-number",
        "list-bindings",
        "--limit",
        "2",
        "--offset",
        "0",
    ];
    let templates = vec![
        "whatsapp",
        "get-templates",
        "--app-key",
        "a",
        "--business-phone",
        "12025550143",
    ];
    let rows = json!([{ "id": "one" }, { "id": "two" }]);
    let paging = json!({ "cursors": { "after": "c" }, "next": "https://x.example" });
    let without_cursor = json!({ "next": "https://x.example" });
    for (arguments, reply) in [
        (
            &checks,
            json!({ "code": 0, "data": { "totalPage": 9, "result": rows } }),
        ),
        (&checks, json!({ "code": 0, "data": { "result": rows } })),
        (
            &calls,
            json!({ "code": 0, "data": { "totalPage": 9, "list": rows } }),
        ),
        (&histories, rows.clone()),
        (
            &bindings,
            json!({ "code": 0, "data": { "bindList": rows } }),
        ),
        (
            &templates,
            json!({ "code": 0, "data": { "data": rows, "paging": paging } }),
        ),
        (
            &templates,
            json!({ "code": 0, "data": { "data": rows, "paging": without_cursor } }),
        ),
    ] {
        let (url, count) = answering(reply.to_string());
        let nxcloud = Nxcloud::new()
            .with("NXCLOUD_ACCESS_KEY", "k")
            .with("NXCLOUD_ACCESS_SECRET", "s")
            .with("ANTBUDDY_APP_ID", "k")
            .with("ANTBUDDY_APP_SECRET", "s")
            .with("NXCLOUD_BASE_URL", &url);
        for (format, lines) in [("json", 2), ("table", 3)] {
            let all = ["--all-pages", "--output", format];
            let output = nxcloud.run(&[&arguments[..], &all].concat()).exits(3);
            assert_eq!(
                output.stdout.lines().count(),
                lines,
                "the items of the first page are printed: {output}"
            );
            assert!(
                output.stderr_line().contains("for the second time"),
                "{output}"
            );
        }
        assert!(count() <= 4, "{}: {} requests", arguments[1], count());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_phone_number_is_refused_and_not_printed() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let with = |phone: &'static str| {
        [
            "sms",
            "send-sms",
            "--app-key",
            "a",
            "--content",
            "c",
            "--phone",
            phone,
        ]
    };
    for (phone, problem) in [
        ("+86 150-1234-5678", "number 1 is not a phone number"),
        ("008615012345678", "number 1 is not a phone number"),
        (
            "\u{202a}8615012345678\u{202c}",
            "number 1 is not a phone number",
        ),
        (
            "8615012345678, 8615012345679",
            "number 2 is not a phone number",
        ),
        ("015012345678", "the phone number has no country code"),
        ("abcdefg", "character 1"),
        ("8615012345678,", "it is empty"),
        (",", "it is empty"),
        ("123", "the phone number has fewer than 7 digits"),
    ] {
        for more in [&[][..], &["--dry-run"]] {
            let output = nxcloud.run(&[&with(phone)[..], more].concat()).exits(2);
            assert!(
                output.stderr.contains("`phone` (--phone) number"),
                "{output}"
            );
            assert!(output.stderr.contains(problem), "{problem}: {output}");
            assert!(output.stderr.contains("write digits only"), "{output}");
            assert!(!output.stderr.contains("::"), "{output}");
            assert!(
                !output.stderr.contains("1234567") && !output.stderr.contains("abc"),
                "{output}"
            );
        }
    }
    assert!(sandbox.requests().is_empty(), "nothing was sent");
    let fine = nxcloud.run(&with("8615012345678,442079460958")).exits(0);
    assert_eq!(fine.stderr, "");
}
