//! Calls of operations: input, output and exit codes.

use std::process::Stdio;

use nxcloud_sandbox::{Fault, Sandbox};
use serde_json::json;

use crate::support::{Nxcloud, SEND, finish, send};
#[cfg(unix)]
use crate::support::{interrupt, signal};

#[tokio::test(flavor = "multi_thread")]
async fn flags_override_the_json_body() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let body = r#"{"appKey": "from-json", "phone": "1", "content": "text", "ext": "extra"}"#;
    let arguments = ["sms", "send-sms", "--json", "-", "--phone", "8615012345678"];
    nxcloud.feed(&arguments, body).exits(0);
    let received = sandbox.requests_for("send_sms");
    let expected = json!({
        "appKey": "from-json", "phone": "8615012345678", "content": "text", "ext": "extra"
    });
    assert_eq!(received[0].json().unwrap(), expected);

    // The body can come from a file, and flags can set nested fields.
    let path = nxcloud.home().join("body.json");
    std::fs::write(
        &path,
        r#"{"appkey": "a", "text": {"body": "old", "preview_url": false}}"#,
    )
    .unwrap();
    let arguments = [
        "whatsapp",
        "send-message",
        "--json",
        "body.json",
        "--business-phone",
        "12025550143",
        "--to",
        "8615012345678",
        "--type",
        "text",
        "--text.body",
        "new",
        "--text.preview-url",
    ];
    nxcloud.run(&arguments).exits(0);
    let received = sandbox.requests_for("send_message")[0].json().unwrap();
    assert_eq!(
        received["text"],
        json!({ "body": "new", "preview_url": true })
    );
    assert_eq!(received["messaging_product"], "whatsapp", "filled in");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_printed_as_one_list() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let numbers: Vec<String> = (0..7).map(|n| format!("861500000000{n}")).collect();
    let submit = nxcloud.run(&["number-check", "submit-check", "--example"]);
    let mut body = submit.exits(0).json();
    body["phone"] = numbers.join(",").into();
    body["batchNo"] = "batch-1".into();
    let arguments = ["number-check", "submit-check", "--json", "-"];
    nxcloud.feed(&arguments, &body.to_string()).exits(0);
    let today = sandbox.state()[nxcloud_sandbox::ACCESS_KEY]["checks"][0]["date"].clone();
    let date = today.as_str().map(str::to_owned).unwrap_or_else(today_utc);
    let arguments = [
        "number-check",
        "query-checks",
        "--batch-no",
        "batch-1",
        "--page",
        "1",
        "--page-size",
        "3",
        "--date",
        &date,
        "--all-pages",
    ];
    let output = nxcloud.run(&arguments).exits(0);
    assert_eq!(output.stdout.lines().count(), 7, "{output}");
    assert_eq!(sandbox.requests_for("query_checks").len(), 3);
    let table = nxcloud.run(&[&arguments[..], &["--output", "table"]].concat());
    assert_eq!(
        table.exits(0).stdout.lines().count(),
        8,
        "a header and seven rows"
    );

    // When the reader has gone, no further page is requested.
    let mut child = nxcloud.command(&arguments).spawn().unwrap();
    drop(child.stdout.take());
    let before = sandbox.requests_for("query_checks").len();
    finish(child).exits(0);
    assert_eq!(sandbox.requests_for("query_checks").len(), before + 1);
}

/// The current date in UTC, which the sandbox uses for its records.
pub(crate) fn today_utc() -> String {
    let now = httpdate::fmt_http_date(std::time::SystemTime::now());
    let parts: Vec<&str> = now.split(' ').collect();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(parts[2]).unwrap() / 3 + 1;
    format!("{}-{month:02}-{}", parts[3], parts[1])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_prints_the_reply_and_the_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    sandbox.faults().enqueue(Fault::Code { code: 1003 });
    let output = nxcloud.run(&SEND).exits(1);
    assert_eq!(output.json()["code"].to_string().trim_matches('"'), "1003");
    assert!(output.stderr_line().contains("code 1003"), "{output}");
    let output = nxcloud.run(&["ota", "verify", "--app-key", "a", "--request-id", "none"]);
    assert!(!output.stderr_line().contains("none"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_exits_with_4_and_an_unsent_request_with_3() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    let output = nxcloud.run(&SEND).exits(4);
    assert!(
        output.stdout.is_empty() && output.stderr_line().contains("look for"),
        "{output}"
    );
    assert_eq!(sandbox.requests_for("send_sms").len(), 1, "sent once");

    let url = sandbox.url().to_owned();
    sandbox.shutdown().await;
    let mut gone = send(&["--timeout", "2", "--base-url"]);
    let url: &'static str = url.leak();
    gone.push(url);
    let output = nxcloud.run(&gone).exits(3);
    assert!(
        output.stderr_line().contains("could not connect"),
        "{output}"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_sighup_stays_ignored() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    sandbox.faults().enqueue(Fault::StallAfterAccept);
    let binary = nxcloud.command(&[]);
    let child = std::process::Command::new("sh")
        .args(["-c", r#"trap "" HUP; exec "$@""#, "sh"])
        .arg(binary.get_program())
        .args(["--timeout", "2"])
        .args(SEND)
        .env_clear()
        .envs(
            binary
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    testing::until("a request", || !sandbox.requests_for("send_sms").is_empty()).await;
    signal(&child, "-HUP");
    let output = finish(child).exits(4);
    assert!(!output.stderr_line().contains("interrupted"), "{output}");
}

/// Whether the command catches SIGHUP here: on Linux, unless these tests run under `nohup`, whose setting a child inherits.
#[cfg(unix)]
fn sighup_is_caught() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|bits| u64::from_str_radix(bits.trim(), 16).unwrap() & 1 == 0)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_during_a_send_reports_an_unknown_outcome() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let mut signals = vec!["-INT", "-TERM"];
    if sighup_is_caught() {
        signals.push("-HUP");
    }
    for name in signals {
        sandbox.clear();
        sandbox.faults().enqueue(Fault::StallAfterAccept);
        let child = nxcloud.command(&SEND).spawn().unwrap();
        testing::until("a request", || !sandbox.requests_for("send_sms").is_empty()).await;
        signal(&child, name);
        let output = finish(child).exits(4);
        assert!(
            output
                .stderr_line()
                .contains("interrupted; the platform may have acted"),
            "{name}: {output}"
        );
    }

    sandbox.faults().enqueue(Fault::StallBeforeAccept);
    let child = nxcloud.command(&["whatsapp", "get-phones", "--app-key", "app-1"]);
    let child = { child }.spawn().unwrap();
    testing::until("a request", || {
        !sandbox.requests_for("get_phones").is_empty()
    })
    .await;
    interrupt(&child);
    let output = finish(child).exits(3);
    assert!(
        output
            .stderr_line()
            .contains("interrupted; nothing was changed"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_not_an_error() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let read = ["whatsapp", "get-phones", "--app-key", "app-1"];
    for arguments in [&["man"][..], &["sms", "send-sms", "--help"], &read] {
        let mut child = nxcloud
            .command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = finish(child);
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (Some(0), ""),
            "{output}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_signed_request_without_sending_it() {
    let nxcloud = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "my-key")
        .with("NXCLOUD_ACCESS_SECRET", "my-very-secret");
    let output = nxcloud.run(&send(&["--dry-run"])).exits(0);
    let request = output.json();
    assert_eq!(request["method"], "POST");
    assert_eq!(request["headers"]["accesskey"], "my-key");
    assert_eq!(request["headers"]["biztype"], "3");
    assert_eq!(request["headers"]["sign"].as_str().unwrap().len(), 32);
    let body: serde_json::Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["content"], "hello");
    assert!(
        request["string_to_sign"]
            .as_str()
            .unwrap()
            .ends_with("&accessSecret=***")
    );
    let table = nxcloud
        .run(&send(&["--dry-run", "--output", "table"]))
        .exits(0);
    assert!(table.stdout.starts_with("POST https://"), "{table}");
    for output in [output, table] {
        assert!(!format!("{output}").contains("my-very-secret"));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_from_profiles_and_file_descriptors() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::new().with("NXCLOUD_BASE_URL", sandbox.url());
    let folder = nxcloud.home().join("nxcloud");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("profiles.toml");
    let without_url = format!(
        "[without-url]\naccess_key = \"{}\"\naccess_secret = \"{}\"\n",
        nxcloud_sandbox::ACCESS_KEY,
        nxcloud_sandbox::ACCESS_SECRET
    );
    let profile = format!(
        "{without_url}[tests]\naccess_key = \"{}\"\naccess_secret = \"{}\"\nbase_url = \"{}\"\n",
        nxcloud_sandbox::ACCESS_KEY,
        nxcloud_sandbox::ACCESS_SECRET,
        sandbox.url()
    );
    std::fs::write(&path, profile).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    nxcloud.run(&send(&["--profile", "tests"])).exits(0);
    // The environment sets what a profile omits, so a test cannot reach the platform by accident.
    nxcloud.run(&send(&["--profile", "without-url"])).exits(0);
    let mut doctor = nxcloud.command(&["doctor", "--profile", "tests"]);
    doctor.env_remove("NXCLOUD_BASE_URL");
    let output = finish(doctor.spawn().unwrap()).exits(0);
    assert!(
        output.stdout.contains(&format!("reach {}", sandbox.url())),
        "{output}"
    );
    let output = nxcloud.run(&send(&["--profile", "others"])).exits(2);
    assert!(
        output.stderr_line().contains("no profile `others`"),
        "{output}"
    );

    let by_descriptor = send(&["--access-key", "sandbox-key", "--secret-fd", "0"]);
    nxcloud.feed(&by_descriptor, "sandbox-secret\n").exits(0);
    let output = nxcloud.feed(&by_descriptor, "another-secret").exits(1);
    assert!(!format!("{output}").contains("another-secret"));
    // A descriptor other than stdin, opened by a shell.
    let script = "exec \"$0\" \"$@\" 3<&0";
    let mut command = std::process::Command::new("sh");
    let nxcloud_command = nxcloud.command(&[]);
    command
        .args(["-c", script])
        .arg(nxcloud_command.get_program());
    command.args(send(&[
        "--access-key",
        "sandbox-key",
        "--secret-fd",
        "3",
        "--base-url",
    ]));
    command
        .arg(sandbox.url())
        .env_clear()
        .env("HOME", nxcloud.home());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"sandbox-secret").unwrap();
    finish(child).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mime_type_of_an_upload_comes_from_its_name_or_from_mime() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    std::fs::write(nxcloud.home().join("a.png"), b"\x89PNG").unwrap();
    std::fs::write(nxcloud.home().join("b.unknown"), b"\x89PNG").unwrap();
    let upload = |more: &[&str]| {
        let first = [
            "whatsapp",
            "upload-media",
            "--business-phone",
            "12025550143",
        ];
        nxcloud.run(&[&first[..], more].concat())
    };
    upload(&["--file", "a.png"]).exits(0);
    upload(&["--file", "b.unknown", "--mime", "image/png"]).exits(0);
    let output = upload(&["--file", "b.unknown"]).exits(2);
    assert!(output.stderr_line().contains("--mime"), "{output}");
    let output = upload(&["--file", "absent.png"]).exits(2);
    assert!(output.stderr_line().contains("absent.png"), "{output}");
    let output = upload(&[]).exits(2);
    assert!(output.stderr_line().contains("--file"), "{output}");
    let request = upload(&["--file", "a.png", "--dry-run"]).exits(0).json();
    assert_eq!(
        (&request["body"], &request["file"]),
        (&json!(null), &json!("a.png"))
    );
    assert_eq!(sandbox.requests_for("upload_media").len(), 2);
}
