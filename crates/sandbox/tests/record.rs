//! The record file, over real connections.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use common::{SMS_BODY, call, good_sms, send, sms};
use nxcloud_sandbox::{ACCESS_SECRET, Builder, Error, LikelyCause, Sandbox};
use serde_json::Value;

const NOW: u64 = 1_800_000_000_000;
const PHONE: &[u8] = b"8615012345678";

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("nxcloud-sandbox-record-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files with their contents.
    fn content(&self) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(&self.0).unwrap().map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        });
        let mut files = files.collect::<Vec<_>>();
        files.sort();
        files
    }

    fn holds(&self, text: &[u8]) -> bool {
        let files = self.content();
        files
            .iter()
            .any(|(_, bytes)| bytes.windows(text.len()).any(|part| part == text))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn builder(path: &Path) -> Builder {
    Sandbox::builder().clock(common::at(NOW)).record(path)
}

/// Removes all others' rights to a file.
fn only_mine(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

async fn open(path: &Path) -> Sandbox {
    builder(path).start().await.unwrap()
}

async fn send_good(sandbox: &Sandbox, count: usize) {
    for _ in 0..count {
        let reply = send(sandbox.url(), &good_sms(NOW)).await.unwrap();
        assert_eq!(reply.code(), "0");
    }
}

fn ids(sandbox: &Sandbox) -> Vec<u64> {
    sandbox
        .requests()
        .iter()
        .map(|request| request.id())
        .collect()
}

async fn listed(sandbox: &Sandbox) -> Value {
    call(sandbox.url(), "GET", "/__sandbox/requests")
        .await
        .json()
}

#[tokio::test]
async fn a_sandbox_continues_the_record_of_the_previous_one() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let first = open(&path).await;
    send_good(&first, 1).await;
    let body = SMS_BODY.as_bytes();
    for refused in [
        sms(NOW, "wrong-secret", body),
        sms(NOW - 60_001, ACCESS_SECRET, body),
        sms(NOW, ACCESS_SECRET, b"{\"phone\":\"\xFF\"}"),
        sms(NOW, ACCESS_SECRET, br#"{"appKey":"a","phone":"1"}"#),
        b"PUT /api/sms/mtsend_v2?a=%20b HTTP/1.1\r\nhost: localhost\r\nx-a: \xE4\r\nX-A: 2\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec(),
    ] {
        send(first.url(), &refused).await.unwrap();
    }
    let before = listed(&first).await;
    let requests = first.requests();
    assert_eq!(requests.len(), 7);
    first.shutdown().await;

    let second = open(&path).await;
    assert_eq!(listed(&second).await, before);
    for (after, before) in second.requests().iter().zip(&requests) {
        assert!(after.headers().eq(before.headers()));
        assert_eq!(after.took(), before.took());
        assert_eq!(
            (after.body(), after.reply()),
            (before.body(), before.reply())
        );
        assert_eq!(format!("{after:?}"), format!("{before:?}"));
    }
    let mismatches =
        second
            .requests()
            .into_iter()
            .filter_map(|request| match request.verdict().cause() {
                Some(nxcloud_sandbox::Cause::Signature(mismatch)) => Some(mismatch.clone()),
                _ => None,
            });
    let mismatches = mismatches.collect::<Vec<_>>();
    assert_eq!(mismatches.len(), 1);
    assert_eq!(mismatches[0].likely_cause(), LikelyCause::WrongSecret);
    assert!(mismatches[0].string_to_sign().contains(SMS_BODY));
    send_good(&second, 1).await;
    assert_eq!(ids(&second), [1, 2, 3, 4, 5, 6, 7, 8]);
    second.shutdown().await;

    assert!(folder.holds(PHONE) && !folder.holds(ACCESS_SECRET.as_bytes()));
    // Only the file remains.
    assert_eq!(folder.content().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let sandbox = open(&folder.file("requests.jsonl")).await;
    send_good(&sandbox, 1).await;
    for entry in fs::read_dir(&folder.0).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_sandbox_that_is_dropped_has_written_everything() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let sandbox = open(&path).await;
    send_good(&sandbox, 20).await;
    drop(sandbox);
    let again = open(&path).await;
    assert_eq!(ids(&again), (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_killed_process_loses_no_answered_request() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let sandbox = open(&path).await;
    for round in 1..=4 {
        send_good(&sandbox, 5).await;
        // A killed process leaves exactly what the file contains at that moment.
        let copy = folder.file(&format!("copy-{round}"));
        fs::copy(&path, &copy).unwrap();
        let crashed = open(&copy).await;
        assert!(ids(&crashed).into_iter().eq(1..=round * 5));
    }
}

#[tokio::test]
async fn each_request_is_a_line_of_json() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let sandbox = open(&path).await;
    send_good(&sandbox, 2).await;
    let text = fs::read_to_string(&path).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.collect::<Vec<_>>();
    assert_eq!(lines[0]["nxcloud-sandbox-record"], 1);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["id"], 2);
    assert_eq!(lines[2]["body"], SMS_BODY);
}

#[tokio::test]
async fn a_full_file_is_rotated_and_read_again() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let limited = || builder(&path).record_bytes(2000);
    let first = limited().start().await.unwrap();
    send_good(&first, 10).await;
    first.shutdown().await;
    let content = folder.content();
    let names = content.iter().map(|(name, _)| name.as_str());
    assert!(names.eq(["requests.jsonl", "requests.jsonl.1"]));
    let second = limited().start().await.unwrap();
    let ids = ids(&second);
    assert!(
        ids.len() > 2 && ids.len() < 10 && ids.last() == Some(&10),
        "{ids:?}"
    );
    second.clear();
    assert!(!folder.holds(PHONE));
}

/// In a shared folder another user may have prepared the file.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_access_or_that_is_not_regular_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let refused = async |name: &str| {
        let before = folder.content();
        let error = builder(&folder.file(name)).start().await.err().unwrap();
        assert_eq!(folder.content(), before, "{name}");
        error.source().unwrap().to_string()
    };
    fs::write(folder.file("empty"), "").unwrap();
    let sandbox = open(&folder.file("record")).await;
    sandbox.shutdown().await;
    for name in ["empty", "record"] {
        for mode in [0o666, 0o640, 0o604, 0o601] {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.file(name), permissions).unwrap();
            let problem = refused(name).await;
            assert!(problem.contains("run: chmod 600 "), "{problem}");
        }
        fs::set_permissions(folder.file(name), fs::Permissions::from_mode(0o600)).unwrap();
        let link = format!("link-{name}");
        symlink(folder.file(name), folder.file(&link)).unwrap();
        let problem = refused(&link).await;
        assert!(problem.contains("is a symbolic link"), "{problem}");
        fs::remove_file(folder.file(&link)).unwrap();
    }
    symlink(folder.file("nowhere"), folder.file("dangling")).unwrap();
    let error = builder(&folder.file("dangling"))
        .start()
        .await
        .err()
        .unwrap();
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .contains("is a symbolic link")
    );
    assert!(!folder.file("nowhere").exists());
    let device = builder(Path::new("/dev/null")).start().await.err().unwrap();
    let problem = device.source().unwrap().to_string();
    assert!(problem.contains("is not a regular file"), "{problem}");
}

#[tokio::test]
async fn no_permanent_credential_is_in_the_file() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let sandbox = open(&path).await;
    let request = "GET /oapi/v1/call/histories?appId=sandbox-app&hash=0f0f0f0f HTTP/1.1\r\nhost: localhost\r\n\
         connection: close\r\nX-Auth-App-Hash: 0f0f0f0f\r\nauthorization: Bearer 0f0f0f0f\r\n\r\n";
    send(sandbox.url(), request.as_bytes()).await.unwrap();
    assert!(folder.holds(b"hash=***") && folder.holds(b"x-auth-app-hash: ***"));
    assert!(!folder.holds(b"0f0f0f0f"));
}

#[tokio::test]
async fn clearing_empties_the_file_and_reuses_no_number() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let first = open(&path).await;
    send_good(&first, 3).await;
    first.clear();
    first.shutdown().await;
    assert!(!folder.holds(PHONE));
    let second = open(&path).await;
    assert!(second.requests().is_empty());
    send_good(&second, 1).await;
    assert_eq!(ids(&second), [4]);
    second.shutdown().await;
    assert!(folder.holds(PHONE));
}

#[tokio::test]
async fn a_file_is_loaded_within_the_limits_of_the_history() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let first = builder(&path).history(2).start().await.unwrap();
    send_good(&first, 10).await;
    first.shutdown().await;
    let read = async |builder: Builder| {
        let sandbox = builder.start().await.unwrap();
        let ids = ids(&sandbox);
        sandbox.shutdown().await;
        ids
    };
    assert_eq!(read(builder(&path).history(3)).await, [8, 9, 10]);
    assert_eq!(read(builder(&path).history_bytes(1)).await, [10]);
    assert_eq!(read(builder(&path).history(0)).await, [0; 0]);
    assert_eq!(read(builder(&path)).await, (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn foreign_files_are_refused_and_not_changed() {
    let folder = Folder::new();
    let header = r#"{"nxcloud-sandbox-record":1,"after":0}"#;
    for (name, content) in [
        ("text", "To-do: buy milk.\n".repeat(100)),
        ("one-line", "To-do: buy milk.".repeat(100)),
        ("short", "{".to_owned()),
        ("lines", "{\"a\":1}\n{\"a\":2}\n".to_owned()),
        ("database", "SQLite format 3\0".to_owned()),
        ("newer", header.replace(":1", ":2") + "\n"),
        ("garbage", format!("{header}\ngarbage\ngarbage\n")),
    ] {
        fs::write(folder.file(name), content).unwrap();
        only_mine(&folder.file(name));
    }
    let before = folder.content();
    for (name, problem) in [
        ("text", "is not a record file of the sandbox"),
        ("one-line", "is not a record file of the sandbox"),
        ("short", "is not a record file of the sandbox"),
        ("lines", "is not a record file of the sandbox"),
        ("database", "is an SQLite file"),
        (
            "newer",
            "was written by another version of the sandbox (format 2)",
        ),
        ("garbage", "cannot be read; remove it"),
    ] {
        let path = folder.file(name);
        let error = builder(&path).start().await.err().unwrap();
        assert!(matches!(&error, Error::Record(error) if error.path() == path));
        let text = error.source().unwrap().to_string();
        assert!(text.contains(problem), "{text}");
        assert_eq!(folder.content(), before, "{name}");
    }
    let missing = folder.file("not-there").join("requests.jsonl");
    let error = builder(&missing).start().await.err().unwrap();
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .ends_with("cannot be opened")
    );
}

#[tokio::test]
async fn two_sandboxes_cannot_share_a_file() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    let first = open(&path).await;
    let error = builder(&path).start().await.err().unwrap();
    let text = error.source().unwrap().to_string();
    assert!(text.contains("is in use"), "{text}");
    send_good(&first, 1).await;
    first.shutdown().await;
    let second = open(&path).await;
    assert_eq!(ids(&second), [1]);
}

#[tokio::test]
async fn an_empty_file_is_accepted() {
    let folder = Folder::new();
    let path = folder.file("requests.jsonl");
    fs::write(&path, "").unwrap();
    only_mine(&path);
    let sandbox = open(&path).await;
    send_good(&sandbox, 1).await;
    sandbox.shutdown().await;
    assert_eq!(ids(&open(&path).await), [1]);
}
