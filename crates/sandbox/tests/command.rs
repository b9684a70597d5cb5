//! The binary, run as a process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io::BufReader;
use std::process::{Child, Command, Output, Stdio};

use common::{call, send};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nxcloud-sandbox"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn output(arguments: &[&str]) -> Output {
    testing::output(command(arguments).spawn().unwrap())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A running sandbox and the address of its line.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = command(arguments).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (stdout, line) = testing::line(stdout);
    child.stdout = Some(stdout.into_inner());
    let url = line
        .strip_prefix("listening on ")
        .and_then(|rest| rest.strip_suffix('\n'))
        .unwrap_or_else(|| panic!("not the line expected: {line:?}"));
    (child, url.to_owned())
}

/// The time by which the binary verifies.
fn now() -> u64 {
    let elapsed = std::time::UNIX_EPOCH.elapsed().unwrap();
    u64::try_from(elapsed.as_millis()).unwrap()
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Stops it, and gives its log.
#[cfg(unix)]
fn interrupted(child: Child) -> String {
    signal(&child, "-INT");
    let ended = testing::output(child);
    assert_eq!(ended.status.code(), Some(0));
    String::from_utf8(ended.stderr).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn it_prints_its_address_serves_and_stops_on_a_signal() {
    for name in ["-INT", "-TERM"] {
        let (child, url) = start(&[]);
        assert!(url.starts_with("http://127.0.0.1:"));
        assert_eq!(call(&url, "GET", "/nowhere").await.status, 404);
        let forged = common::sms(0, "x", b"");
        assert_eq!(send(&url, &forged).await.unwrap().code(), "1004");
        signal(&child, name);
        let ended = testing::output(child);
        assert_eq!(ended.status.code(), Some(0));
        assert_eq!(text(&ended.stdout), "", "stdout has one line only");
        let log = text(&ended.stderr);
        assert!(
            log.contains("timestamp") && log.contains("send_sms"),
            "{log}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_names_the_likely_cause_of_a_wrong_signature_and_shows_no_body() {
    let (child, url) = start(&["--port", "0"]);
    let request = common::sms(now(), "another", common::SMS_BODY.as_bytes());
    assert_eq!(send(&url, &request).await.unwrap().code(), "1003");
    let log = interrupted(child);
    assert!(log.contains("wrong secret"), "{log}");
    for hidden in ["8615012345678", "您好", "sandbox-secret"] {
        assert!(!log.contains(hidden), "{log}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_of_any_other_request_shows_no_phone_text_or_signature() {
    let (child, url) = start(&[]);
    assert_eq!(
        send(&url, &common::good_sms(now())).await.unwrap().code(),
        "0"
    );
    let broken = br#"{"appKey":"app-1","phone":8615012345678,"content":"secret text"}"#;
    let broken = common::sms(now(), nxcloud_sandbox::ACCESS_SECRET, broken);
    assert_eq!(send(&url, &broken).await.unwrap().code(), "2");
    assert_eq!(call(&url, "GET", "/to/8615012345678").await.status, 404);
    let listed = call(&url, "GET", "/__sandbox/requests").await.json();
    let log = interrupted(child);
    let (first, log) = log.split_once('\n').unwrap();
    assert_eq!(first, format!("inspector: {url}/__sandbox/"));
    assert_eq!(log.lines().count(), 3, "{log}");
    let sign = listed["requests"][0]["headers"]["sign"].as_str().unwrap();
    for hidden in ["8615012345678", "您好", "secret text", sign] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_of_a_push_shows_no_answer_of_the_receiver() {
    let (child, url) = start(&[]);
    let mut hook = common::Hook::start("an answer with 8615012345678").await;
    let order =
        serde_json::json!({ "service": "sms", "push": "sms_receipt", "url": hook.url("/500") });
    assert_eq!(common::ask(&url, "POST", "pushes", order).await.status, 200);
    hook.next().await;
    let log = interrupted(child);
    assert!(log.contains("pushed") && log.contains("refused"), "{log}");
    assert!(!log.contains("answer"), "{log}");
}

/// Such a request has no method and path for the history.
#[cfg(unix)]
#[tokio::test]
async fn what_is_refused_before_it_is_a_request_is_one_line_of_the_log() {
    let (child, url) = start(&[]);
    let head =
        |middle: &str| format!("GET /8615012345678 HTTP/1.1\r\nhost: localhost\r\n{middle}\r\n");
    let refused = [
        "GET /8615012345678 8615012345678 HTTP/1.1\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{3}\u{3}8615012345678\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "8615012345678\r\n\r\n".to_owned(),
        head(&"x-phone: 8615012345678\r\n".repeat(101)),
        head(&format!("x-phone: {}\r\n", "8615012345678".repeat(100_000))),
        head("x phone: 8615012345678\r\n"),
        head("content-length: 1\r\ncontent-length: 8615012345678\r\n"),
        head("content-length: -8615012345678\r\n"),
        format!(
            "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
            "8615012345678".repeat(10_000)
        ),
    ];
    for request in &refused {
        let reply = send(&url, request.as_bytes()).await;
        assert!(reply.is_none_or(|reply| reply.status >= 400));
    }
    let listed = call(&url, "GET", "/__sandbox/requests").await.json();
    assert_eq!(listed["requests"].as_array().unwrap().len(), 0);
    let log = interrupted(child);
    let lines = log
        .lines()
        .filter(|line| line.contains("a request was refused"));
    assert_eq!(lines.count(), refused.len(), "{log}");
    assert!(log.contains("over 100 headers"), "{log}");
    assert!(!log.contains("8615012345678"), "{log}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_port_in_use_is_one_line_and_exit_code_1() {
    let (child, url) = start(&[]);
    let port = url.rsplit(':').next().unwrap();
    let second = output(&["--port", port]);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(text(&second.stdout), "");
    let complaint = text(&second.stderr);
    assert!(complaint.starts_with(&format!("nxcloud-sandbox: cannot listen on port {port}: ")));
    assert_eq!(complaint.lines().count(), 1);
    interrupted(child);
}

#[test]
fn help_goes_to_stdout() {
    for flag in ["--help", "-h"] {
        let help = output(&[flag]);
        assert_eq!(help.status.code(), Some(0));
        assert!(text(&help.stdout).contains("Usage: nxcloud-sandbox [--port PORT]"));
        assert_eq!(text(&help.stderr), "");
    }
    let version = output(&["--version"]);
    assert!(text(&version.stdout).starts_with("nxcloud-sandbox "));
}

#[test]
fn wrong_arguments_are_one_line_and_exit_code_2() {
    for arguments in [
        &["--port"][..],
        &["--port", "65536"],
        &["--port", "http"],
        &["--prot", "1"],
        &["8080"],
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&refused.stdout), "");
        assert_eq!(text(&refused.stderr).lines().count(), 1, "{arguments:?}");
    }
}
