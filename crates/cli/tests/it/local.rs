//! The commands `sandbox`, `listen`, `trigger`, `doctor`, `completions` and `man`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use nxcloud_sandbox::Sandbox;
use serde_json::Value;
use testing::ClosedPort;

use crate::support::{Nxcloud, send};

#[test]
fn the_sandbox_answers_calls_and_stops_on_ctrl_c() {
    let nxcloud = Nxcloud::new().with("MY_SECRET", "another-secret");
    let sandbox = nxcloud.start(&["sandbox", "--port", "0", "--account", "my-key=MY_SECRET"]);
    let send = send(&["--base-url", &sandbox.url]);
    nxcloud.run(&[&send[..], &["--sandbox"]].concat()).exits(0);
    let added_account = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "my-key")
        .with("NXCLOUD_ACCESS_SECRET", "another-secret");
    added_account.run(&send).exits(0);
    let wrong_secret = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "my-key")
        .with("NXCLOUD_ACCESS_SECRET", "wrong");
    wrong_secret.run(&send).exits(1);
    #[cfg(unix)]
    assert_eq!(sandbox.interrupt(), Some(0));
}

#[cfg(unix)]
#[test]
fn the_sandbox_log_is_plain_text() {
    let nxcloud = Nxcloud::new();
    let sandbox = nxcloud.start(&["sandbox", "--port", "0"]);
    let send = send(&["--sandbox", "--base-url", &sandbox.url]);
    nxcloud.run(&send).exits(0);
    let log = sandbox.stop("-INT").stderr;
    assert!(log.contains("accepted service=\"sms\""), "{log}");
    assert!(!log.contains('\u{1b}') && !log.contains("u001b"), "{log}");
}

/// Gets a path below `/__sandbox/`.
async fn get_inspector(url: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let request = reqwest::Client::new().get(format!("{url}/__sandbox/{path}"));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_loaded_again_and_a_state_can_be_a_seed() {
    let nxcloud = Nxcloud::new();
    let submit = nxcloud.run(&["number-check", "submit-check", "--example"]);
    let example = submit.exits(0).stdout;
    let file = ["sandbox", "--port", "0", "--record", "requests.jsonl"];
    let first = nxcloud.start(&file);
    let to = ["--sandbox", "--base-url", &first.url];
    let arguments = ["number-check", "submit-check", "--json", "-"];
    nxcloud
        .feed(&[&arguments[..], &to].concat(), &example)
        .exits(0);
    let (_, state) = get_inspector(&first.url, "state", None).await;
    assert!(state.contains("checks"), "{state}");
    std::fs::write(nxcloud.home().join("seed.json"), &state).unwrap();
    #[cfg(unix)]
    assert_eq!(first.interrupt(), Some(0));
    #[cfg(not(unix))]
    drop(first);

    let again = nxcloud.start(&[&file[..], &["--seed", "seed.json"]].concat());
    let (_, requests) = get_inspector(&again.url, "requests", None).await;
    assert!(requests.contains("submit_check"), "{requests}");
    let (_, seeded) = get_inspector(&again.url, "state", None).await;
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(json(&seeded), json(&state));

    std::fs::write(
        nxcloud.home().join("text"),
        "not a record, and long enough to be a user's file",
    )
    .unwrap();
    let output = nxcloud
        .run(&["sandbox", "--port", "0", "--record", "text"])
        .exits(2);
    assert!(output.stderr_line().contains("text"), "{output}");
    std::fs::write(
        nxcloud.home().join("seed.json"),
        r#"{"sandbox-key": {"cheques": []}}"#,
    )
    .unwrap();
    let output = nxcloud
        .run(&["sandbox", "--port", "0", "--seed", "seed.json"])
        .exits(2);
    assert!(output.stderr_line().contains("cheques"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_other_than_loopback_requires_a_token() {
    let nxcloud = Nxcloud::new()
        .with("PAGE_TOKEN", "a-long-token-0123")
        .with("SHORT", "a-short-token")
        .with("MY_SECRET", "another-secret");
    let output = nxcloud
        .run(&["sandbox", "--port", "0", "--listen", "0.0.0.0"])
        .exits(2);
    assert!(
        output.stderr_line().contains("--token-variable"),
        "{output}"
    );
    let output = nxcloud
        .run(&[
            "sandbox",
            "--port",
            "0",
            "--listen",
            "0.0.0.0",
            "--token-variable",
            "SHORT",
        ])
        .exits(2);
    assert!(
        output.stderr_line().contains("at least 16 characters"),
        "{output}"
    );
    assert!(!output.stderr_line().contains("a-short-token"), "{output}");
    let arguments = [
        "sandbox",
        "--port",
        "0",
        "--listen",
        "0.0.0.0",
        "--token-variable",
        "PAGE_TOKEN",
        "--account",
        "my-key=MY_SECRET",
        "--antbuddy-account",
        "my-app=MY_SECRET",
        "--push-port",
        "4011",
    ];
    let running = nxcloud.start(&arguments);
    let port = running.url.rsplit(':').next().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    assert_eq!(get_inspector(&url, "requests", None).await.0, 401);
    assert_eq!(
        get_inspector(&url, "requests", Some("another")).await.0,
        401
    );
    assert_eq!(
        get_inspector(&url, "requests", Some("a-long-token-0123"))
            .await
            .0,
        200
    );
    // Only the accounts that were added are served.
    let send = send(&["--base-url", &url]);
    nxcloud.run(&[&send[..], &["--sandbox"]].concat()).exits(1);
    let added_account = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "my-key")
        .with("NXCLOUD_ACCESS_SECRET", "another-secret");
    added_account.run(&send).exits(0);
}

/// An endpoint that sends `answer` to one request. Returns its URL and a thread that returns the request.
fn endpoint(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?own=1", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut stream = testing::accepted(&listener);
        let mut request = String::new();
        let mut buffer = [0; 4096];
        // The body is JSON that ends with a brace, or a form that ends with `size=1`.
        while !request.ends_with('}') && !request.ends_with("size=1") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "incomplete: {request}");
            request.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        stream.write_all(answer.as_bytes()).unwrap();
        request
    });
    (url, served)
}

#[test]
fn a_push_is_forwarded_unchanged_with_its_signature() {
    let nxcloud = Nxcloud::new();
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsuccess";
    let (url, served) = endpoint(answer);
    let listen = [
        "listen",
        "--port",
        "0",
        "--forward-to",
        &url,
        "--output",
        "json",
        "--show-body",
    ];
    let account = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "sandbox-key")
        .with("NXCLOUD_ACCESS_SECRET", "sandbox-secret");
    let mut listening = account.start(&listen);
    let to = format!("{}/did/did_sms_signed", listening.url);
    let trigger = [
        "trigger",
        "did",
        "did-sms-signed",
        "--sandbox",
        "--to",
        &to,
        "--set",
        "content=changed text",
    ];
    let output = nxcloud.run(&trigger).exits(0);
    assert_eq!(output.json()["status"], 200);
    let request = testing::joined("the endpoint", served);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?own=1 HTTP/1.1"), "{head}");
    let lower = head.to_ascii_lowercase();
    assert!(
        lower.contains("accesskey: sandbox-key") && lower.contains("\nsign: "),
        "{head}"
    );
    let line: Value = serde_json::from_str(&listening.line()).unwrap();
    assert_eq!(line["signature"], "signature valid");
    assert_eq!(line["by"], "endpoint");
    let sent: Value = serde_json::from_str(body).unwrap();
    assert_eq!(sent["content"], "changed text");
    assert_eq!(line["body"], sent);
}

#[test]
fn trigger_reports_an_endpoint_that_refuses_or_cannot_be_reached() {
    let nxcloud = Nxcloud::new();
    let (url, served) =
        endpoint("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let listening = nxcloud.start(&["listen", "--port", "0", "--forward-to", &url]);
    let to = format!("{}/sms/sms_receipt", listening.url);
    let output = nxcloud
        .run(&["trigger", "sms", "sms-receipt", "--to", &to])
        .exits(1);
    assert!(output.stderr_line().contains("HTTP 500"), "{output}");
    testing::joined("the endpoint", served);
    let output = nxcloud
        .run(&["trigger", "sms", "sms-receipt", "--to", &to])
        .exits(1);
    assert!(output.stderr_line().contains("HTTP 502"), "{output}");
    let closed = ClosedPort::new();
    let closed_url = closed.url();
    let output = nxcloud
        .run(&["trigger", "sms", "sms-receipt", "--to", &closed_url])
        .exits(3);
    assert!(
        output.stderr_line().contains("cannot be reached"),
        "{output}"
    );
}

#[test]
fn resend_repeats_a_push_and_retry_pause_retries_it() {
    let nxcloud = Nxcloud::new();
    let mut listening = nxcloud.start(&["listen", "--port", "0", "--output", "json"]);
    let to = format!("{}/number-check/number_check_result", listening.url);
    let trigger = [
        "trigger",
        "number-check",
        "number-check-result",
        "--to",
        &to,
        "--resend",
        "2",
        "--output",
        "table",
    ];
    let output = nxcloud.run(&trigger).exits(0);
    assert_eq!(
        output.stdout.lines().count(),
        4,
        "a header and three attempts: {output}"
    );
    for _ in 0..3 {
        assert!(listening.line().contains("number_check_result"));
    }
    // The documentation allows 61 attempts, and nothing listens on this port.
    let closed = ClosedPort::new();
    let closed_url = closed.url();
    let again = [
        "trigger",
        "number-check",
        "number-check-result",
        "--to",
        &closed_url,
        "--retry-pause",
        "0",
        "--output",
        "json",
    ];
    let output = nxcloud.run(&again).exits(3);
    assert_eq!(output.stdout.lines().count(), 61, "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_registers_itself_for_the_pushes_of_the_sandbox() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::new();
    let mut listening = nxcloud.start(&[
        "listen",
        "--port",
        "0",
        "--sandbox",
        "--base-url",
        sandbox.url(),
        "--output",
        "json",
    ]);
    let send = send(&["--sandbox", "--base-url", sandbox.url()]);
    nxcloud.run(&send).exits(0);
    let line: Value = serde_json::from_str(&listening.line()).unwrap();
    assert_eq!(line["path"], "/sms/sms_receipt");
    sandbox.pushes().settled().await;
    let log = sandbox.pushes().log_of("sms_receipt");
    assert!(log[0].url.starts_with(&listening.url));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reports_what_is_wrong() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let output = nxcloud.run(&["doctor", "--output", "json"]).exits(0);
    let findings: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        findings.iter().all(|finding| finding["state"] == "ok"),
        "{output}"
    );
    let checks: Vec<&str> = findings
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    for check in ["account", "signature"] {
        assert_eq!(
            checks.iter().filter(|name| **name == check).count(),
            2,
            "{output}"
        );
    }
    assert!(checks.iter().any(|check| check.starts_with("reach ")));
    assert!(checks.iter().any(|check| check.starts_with("clock ")));

    let output = Nxcloud::new()
        .run(&["doctor", "--base-url", sandbox.url()])
        .exits(1);
    assert!(output.stdout.contains("no account"), "{output}");

    let badly_copied = Nxcloud::at(&sandbox).with("NXCLOUD_ACCESS_SECRET", "secret ");
    let output = badly_copied.run(&["doctor"]).exits(1);
    assert!(
        output.stdout.contains("starts or ends with a space")
            && !output.stdout.contains("secret \""),
        "{output}"
    );

    let late = Sandbox::builder()
        .clock(|| std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000))
        .start()
        .await
        .unwrap();
    let output = Nxcloud::at(&late).run(&["doctor"]).exits(1);
    assert!(output.stdout.contains("set the clock"), "{output}");

    let closed = ClosedPort::new();
    let url = closed.url();
    let output = nxcloud.run(&["doctor", "--base-url", &url]).exits(1);
    assert!(output.stdout.contains("cannot be reached"), "{output}");
}

#[test]
fn completions_and_manual_pages_cover_every_command() {
    let nxcloud = Nxcloud::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = nxcloud.run(&["completions", shell]).exits(0).stdout;
        assert!(
            script.contains("send-sms") && script.contains("phone"),
            "{shell}"
        );
    }
    nxcloud.run(&["man", "--dir", "pages"]).exits(0);
    let folder = nxcloud.home().join("pages");
    let page = std::fs::read_to_string(folder.join("nxcloud-sms-send-sms.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("phone"), "{page}");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".1"), "{name}");
    }
    std::fs::write(nxcloud.home().join("file"), "").unwrap();
    nxcloud
        .run(&["man", "--dir", "file"])
        .exits(2)
        .stderr_line();
}

#[test]
fn listen_ends_when_nobody_reads_its_output() {
    let nxcloud = Nxcloud::new();
    let listening = nxcloud.start(&["listen", "--port", "0"]);
    let to = format!("{}/sms/sms_receipt", listening.url);
    let code = listening.unread(|| {
        // The push is still answered.
        let push = ["trigger", "sms", "sms-receipt", "--to", &to];
        assert_eq!(nxcloud.run(&push).exits(0).json()["outcome"], "accepted");
    });
    assert_eq!(code, Some(0));
}
