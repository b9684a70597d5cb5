//! Secrets must not leave the process, and other processes must not reach its sandbox.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use nxcloud_sandbox::Sandbox;

use crate::support::{Nxcloud, finish};

/// The hash of the built-in app id. It is enough for a call of `AntBuddy`.
fn app_hash() -> String {
    use sha2::Digest as _;
    let text = format!("{}{}", nxcloud_sandbox::APP_ID, nxcloud_sandbox::APP_SECRET);
    hex::encode(sha2::Sha256::digest(text))
}

/// Gets `path` and returns the answer; `None` if nothing listens any more.
pub(crate) fn get(address: &str, path: &str, headers: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let answer = testing::read_to_end(stream).ok()?;
    (!answer.is_empty()).then(|| String::from_utf8_lossy(&answer).into_owned())
}

/// The loopback ports on which a process listens.
#[cfg(target_os = "linux")]
fn listening(process: u32) -> Vec<String> {
    let Ok(open) = std::fs::read_dir(format!("/proc/{process}/fd")) else {
        return Vec::new();
    };
    let links = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let links: Vec<String> = links.map(|link| link.display().to_string()).collect();
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap_or_default();
    let ports = table.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let (_, port) = cells[1].split_once(':')?;
        let own = links.contains(&format!("socket:[{}]", cells[9]));
        let port = u16::from_str_radix(port, 16).ok()?;
        (cells[3] == "0A" && own).then(|| format!("127.0.0.1:{port}"))
    });
    ports.collect()
}

#[cfg(target_os = "linux")]
#[test]
fn the_sandbox_of_trigger_refuses_other_processes() {
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", endpoint.local_addr().unwrap());
    for push in [
        ["did", "did-sms-signed", "--sandbox"],
        ["sms", "sms-receipt", "--set=ext=x"],
    ] {
        let trigger = [&["trigger"][..], &push, &["--to", &to]].concat();
        let child = Nxcloud::new().command(&trigger).spawn().unwrap();
        // Keep the push unanswered, so that the sandbox is still running.
        let mut push = testing::accepted(&endpoint);
        let addresses = listening(child.id());
        assert!(!addresses.is_empty());
        for path in ["requests", "pushes", "state", ""] {
            for address in &addresses {
                let answer = get(address, &format!("/__sandbox/{path}"), "").unwrap();
                assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
            }
        }
        let _ = push.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess");
        finish(child).exits(0);
    }
}

#[test]
fn a_sandbox_with_an_added_account_prints_a_random_token() {
    let nxcloud = Nxcloud::new()
        .with("MY_SECRET", "another-secret")
        .with("PAGE_TOKEN", "a-token-of-my-own");
    let start = |more: &[&str]| {
        let arguments = [&["sandbox", "--port", "0"][..], more].concat();
        let mut child = nxcloud.command(&arguments).spawn().unwrap();
        let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        let (_stderr, line) = testing::line(stderr);
        let url = line.trim_end().strip_prefix("inspector: ").unwrap();
        let url = url.to_owned();
        let address = url.strip_prefix("http://").unwrap();
        let address = address.split('/').next().unwrap().to_owned();
        (child, url, address)
    };
    for flag in ["--account", "--antbuddy-account"] {
        let (mut child, url, address) = start(&[flag, "mine=MY_SECRET"]);
        let (_, token) = url.split_once("?token=").unwrap();
        assert_eq!(token.len(), 64, "{token}");
        let refused = get(&address, "/__sandbox/requests", "").unwrap();
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
        let bearer = format!("authorization: Bearer {token}\r\n");
        let answered = get(&address, "/__sandbox/requests", &bearer).unwrap();
        assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
        child.kill().unwrap();
        testing::exit_status(&mut child);
    }

    // The user's own token is not printed.
    let named = [
        "--account",
        "my-key=MY_SECRET",
        "--token-variable",
        "PAGE_TOKEN",
    ];
    let (mut child, url, address) = start(&named);
    assert!(!url.contains("a-token-of-my-own"), "{url}");
    let bearer = "authorization: Bearer a-token-of-my-own\r\n";
    let answered = get(&address, "/__sandbox/requests", bearer).unwrap();
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    child.kill().unwrap();
    testing::exit_status(&mut child);
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_registers_with_the_token_of_the_sandbox() {
    let token = nxcloud::signing::Secret::new("a-token-of-my-own").unwrap();
    let sandbox = Sandbox::builder().token(token).start().await.unwrap();
    let nxcloud = Nxcloud::new().with("PAGE_TOKEN", "a-token-of-my-own");
    let listen = [
        "listen",
        "--port",
        "0",
        "--sandbox",
        "--base-url",
        sandbox.url(),
    ];
    let output = nxcloud.run(&listen).exits(2);
    assert!(
        output.stderr_line().contains("--token-variable"),
        "{output}"
    );
    nxcloud.start(&[&listen[..], &["--token-variable", "PAGE_TOKEN"]].concat());
}

#[test]
fn dry_runs_mask_the_antbuddy_hash() {
    let nxcloud = Nxcloud::new();
    let call = [
        "--sandbox",
        "antbuddy",
        "click-to-call",
        "--number",
        "84912345678",
    ];
    let call = [
        &call[..],
        &["--sip-user", "u", "--sip-password", "p", "--dry-run"],
    ]
    .concat();
    let list = [
        "--sandbox",
        "antbuddy",
        "list-call-histories",
        "--created-from",
    ];
    let window = [
        "2026-11-01T00:00:00.000Z",
        "--created-to",
        "2026-11-02T00:00:00.000Z",
    ];
    let list = [&list[..], &window, &["--dry-run"]].concat();
    for format in ["json", "table"] {
        let output = nxcloud
            .run(&[&call[..], &["--output", format]].concat())
            .exits(0);
        assert!(!format!("{output}").contains(&app_hash()), "{output}");
        assert!(output.stdout.contains("x-auth-app-hash"), "{output}");
        assert!(
            output.stdout.contains("sandbox-app"),
            "the app id is shown: {output}"
        );
        let output = nxcloud
            .run(&[&list[..], &["--output", format]].concat())
            .exits(0);
        assert!(output.stdout.contains("&hash=***"), "{output}");
        assert!(
            output.stdout.contains("created_from=2026-11-01T"),
            "{output}"
        );
    }
}

#[cfg(unix)]
#[test]
fn explain_masks_the_antbuddy_hash_and_its_command_works() {
    use std::os::unix::fs::PermissionsExt as _;
    let nxcloud = Nxcloud::new();
    let curl = nxcloud.home().join("curl");
    std::fs::write(&curl, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
    std::fs::set_permissions(&curl, std::fs::Permissions::from_mode(0o755)).unwrap();
    let app_id = nxcloud_sandbox::APP_ID;
    for (values, expected) in [
        (&[app_id][..], format!("x-auth-app-hash: {}", app_hash())),
        (&[app_id, "it's", "-1", "a b"], {
            use sha2::Digest as _;
            let text = format!("{app_id}it's-1a b{}", nxcloud_sandbox::APP_SECRET);
            format!(
                "URL?appId={app_id}&…&hash={}",
                hex::encode(sha2::Sha256::digest(text))
            )
        }),
    ] {
        let sign = [
            "--sandbox",
            "sign",
            "--scheme",
            "antbuddy",
            "--explain",
            "--",
        ];
        let explain = [&sign[..], values].concat();
        let output = nxcloud.run(&explain).exits(0);
        let hash = expected.rsplit([' ', '=']).next().unwrap();
        assert!(!format!("{output}").contains(hash), "{output}");
        let json = ["--output", "json"];
        let ran_json = nxcloud.run(&[&json[..], &explain].concat()).exits(0);
        assert!(!format!("{ran_json}").contains(hash), "{ran_json}");

        let line = output.stdout.lines().last().unwrap();
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_nxcloud"));
        let folders = [nxcloud.home(), binary.parent().unwrap()].map(|f| f.display().to_string());
        let shell = std::process::Command::new("sh")
            .args(["-c", line])
            .env("PATH", format!("{}:/usr/bin:/bin", folders.join(":")))
            .output()
            .unwrap();
        let output = String::from_utf8(shell.stdout).unwrap();
        assert!(
            output.lines().any(|argument| argument == expected),
            "{line}\n{output}"
        );
    }
    // `sign` without --explain prints the hash.
    let output = nxcloud
        .run(&["--sandbox", "sign", "--scheme", "antbuddy", app_id])
        .exits(0);
    assert_eq!(output.stdout.trim_end(), app_hash());
}

#[cfg(unix)]
#[test]
fn manual_pages_do_not_follow_symbolic_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let nxcloud = Nxcloud::new();
    let victim = nxcloud.home().join("victim");
    std::fs::write(&victim, "unchanged").unwrap();
    let pages = nxcloud.home().join("pages");
    std::fs::create_dir(&pages).unwrap();
    for name in [
        "nxcloud.1.partial",
        "nxcloud.1",
        "nxcloud-sms.1.partial",
        "nxcloud-sms.1",
    ] {
        symlink(&victim, pages.join(name)).unwrap();
    }
    nxcloud.run(&["man", "--dir", "pages"]).exits(0);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "unchanged");
    let page = pages.join("nxcloud.1");
    let metadata = std::fs::symlink_metadata(&page).unwrap();
    assert!(metadata.is_file(), "the page replaces the link");
    assert_eq!(metadata.permissions().mode() & 0o600, 0o600);
    let temporary = std::fs::read_dir(&pages).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        !name.ends_with(".1") && !name.ends_with(".partial")
    });
    assert_eq!(temporary.count(), 0, "no temporary file remains");
}
