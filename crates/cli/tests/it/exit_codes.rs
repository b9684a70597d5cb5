//! Exit codes. They are correct even if stdout or stderr cannot be written.

use std::process::{Command, Stdio};

use nxcloud_sandbox::{Fault, Sandbox};

use crate::support::{Nxcloud, Output, SEND, finish, send};

/// Runs the command in a shell with redirections such as `>/dev/full`.
#[cfg(unix)]
fn run_with(nxcloud: &Nxcloud, arguments: &[&str], descriptors: &str) -> Output {
    let plain = nxcloud.command(&[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("exec \"$0\" \"$@\" {descriptors}")])
        .arg(plain.get_program())
        .args(arguments)
        .env_clear()
        .envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(nxcloud.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish(command.spawn().unwrap())
}

/// Runs the command with stdout as a pipe that is closed at the other end.
fn unread(nxcloud: &Nxcloud, arguments: &[&str]) -> Output {
    let mut child = nxcloud.command(arguments).spawn().unwrap();
    drop(child.stdout.take());
    finish(child)
}

const READ: [&str; 4] = ["whatsapp", "get-phones", "--app-key", "app-1"];

#[tokio::test(flavor = "multi_thread")]
async fn every_exit_code_has_its_documented_cause() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    nxcloud.run(&SEND).exits(0);
    sandbox.faults().enqueue(Fault::Code { code: 1003 });
    nxcloud.run(&SEND).exits(1);
    nxcloud.run(&send(&["--phone"])).exits(2);
    assert_eq!(sandbox.requests_for("send_sms").len(), 2);
    sandbox.faults().enqueue(Fault::ResetAfterAccept);
    nxcloud.run(&SEND).exits(4);
    let gone = Nxcloud::at(&sandbox).with("NXCLOUD_BASE_URL", "http://127.0.0.1:1");
    gone.run(&send(&["--timeout", "2"])).exits(3);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_send_is_never_reported_as_not_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    for format in ["json", "table"] {
        let arguments = send(&["--output", format]);
        for full in [true, false] {
            let output = if full {
                run_with(&nxcloud, &arguments, ">/dev/full").exits(4)
            } else {
                unread(&nxcloud, &arguments).exits(4)
            };
            let line = output.stderr_line();
            let id = last_id(&sandbox);
            assert!(
                line.contains("accepted") && line.contains(&id),
                "{id}: {line}"
            );
            assert!(line.contains("Do not send it again"), "{line}");
            assert!(
                !line.contains("8615012345678") && !line.contains("hello"),
                "{line}"
            );
        }
        // If stderr cannot be written either, the exit code still reports the outcome.
        run_with(&nxcloud, &arguments, ">/dev/full 2>/dev/full").exits(4);
        run_with(&nxcloud, &arguments, ">/dev/full 2>&-").exits(4);
        // With stdout closed, the id goes to stderr. With /dev/null, the user discards the reply on purpose.
        let closed = run_with(&nxcloud, &arguments, ">&-").exits(0);
        let id = last_id(&sandbox);
        assert!(closed.stderr_line().contains(&id), "{id}: {closed}");
        let discarded = run_with(&nxcloud, &arguments, ">/dev/null").exits(0);
        assert_eq!(discarded.stderr, "");
        run_with(&nxcloud, &arguments, ">&- 2>&-").exits(0);
        run_with(&nxcloud, &arguments, "2>&-").exits(0);
        run_with(&nxcloud, &arguments, "2>/dev/full").exits(0);
    }
    // Unknown outcomes and refusals also keep their exit codes.
    for descriptors in [">/dev/full", ">&-", "2>&-", ">/dev/full 2>/dev/full"] {
        sandbox
            .faults()
            .enqueue(Fault::StatusAfterAccept { status: 502 });
        run_with(&nxcloud, &SEND, descriptors).exits(4);
        sandbox.faults().enqueue(Fault::Malformed);
        run_with(&nxcloud, &SEND, descriptors).exits(4);
        sandbox.faults().enqueue(Fault::Code { code: 1003 });
        run_with(&nxcloud, &SEND, descriptors).exits(1);
        run_with(&nxcloud, &send(&["--phone"]), descriptors).exits(2);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_repeatable_command_exits_with_3_if_stdout_cannot_be_written() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let line = nxcloud.home().join("line");
    std::fs::write(line, r#"{"action": "a", "biz_type": 3, "ts": 1}"#).unwrap();
    let sign = ["sign", "--action", "a", "--biz-type", "3", "--ts", "1"];
    let pages = [
        "number-check",
        "query-checks",
        "--page",
        "1",
        "--page-size",
        "1",
        "--date",
        "2026-11-21",
        "--batch-no",
        "b",
    ];
    submit(&nxcloud);
    let date = today();
    let pages = {
        let mut pages = pages;
        pages[7] = &date;
        pages
    };
    let all_pages = [&pages[..], &["--all-pages"]].concat();
    let verify = [&["verify"], &sign[1..], &["--signature", "0"]].concat();
    let dry_run = send(&["--dry-run"]);
    let cases: &[&[&str]] = &[
        &READ,
        &all_pages,
        &[&all_pages[..], &["--output", "table"]].concat(),
        &dry_run,
        &sign,
        &[&sign[..], &["--explain"]].concat(),
        &["sign", "--lines", "line"],
        &verify,
        &["sms", "send-sms", "--example"],
        &["sms", "send-sms", "--help"],
        &["--version"],
        &["man"],
        &["completions", "bash"],
    ];
    for arguments in cases {
        let output = run_with(&nxcloud, arguments, ">/dev/full").exits(3);
        assert!(
            output.stderr_line().contains("stdout"),
            "{arguments:?}: {output}"
        );
        run_with(&nxcloud, arguments, ">/dev/full 2>&-").exits(3);
        let closed = run_with(&nxcloud, arguments, ">&-");
        let unread = unread(&nxcloud, arguments);
        let normal = nxcloud.run(arguments);
        assert_eq!(closed.code, normal.code, "{arguments:?}: {closed}");
        assert_eq!(unread.code, normal.code, "{arguments:?}: {unread}");
    }
    assert!(sandbox.requests_for("send_sms").is_empty());
}

/// The id of the last message in the sandbox.
#[cfg(target_os = "linux")]
fn last_id(sandbox: &Sandbox) -> String {
    let request = sandbox.requests_for("send_sms").pop().unwrap();
    let reply: serde_json::Value = serde_json::from_slice(request.reply()).unwrap();
    reply["messageid"].as_str().unwrap().to_owned()
}

/// Submits two numbers to check, so that there are two pages with one number each.
fn submit(nxcloud: &Nxcloud) {
    let mut body = nxcloud
        .run(&["number-check", "submit-check", "--example"])
        .exits(0)
        .json();
    body["phone"] = "8615000000000,8615000000001".into();
    body["batchNo"] = "b".into();
    let arguments = ["number-check", "submit-check", "--json", "-"];
    nxcloud.feed(&arguments, &body.to_string()).exits(0);
}

fn today() -> String {
    crate::calls::today_utc()
}
