//! Requests that are kept in a file, over real connections.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use common::{SMS_BODY, call, good_sms, send, sms};
use nxcloud_sandbox::{ACCESS_SECRET, Builder, Error, LikelyCause, Sandbox};
use rusqlite::Connection;
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

    /// The names of the files with what is in them.
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
    Sandbox::builder().clock(|| NOW).record(path)
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
async fn a_sandbox_goes_on_where_the_last_one_ended() {
    let folder = Folder::new();
    let path = folder.file("requests.db");
    let first = open(&path).await;
    send_good(&first, 1).await;
    let body = SMS_BODY.as_bytes();
    for refused in [
        sms(NOW, "wrong-secret", body),
        sms(NOW - 60_001, ACCESS_SECRET, body),
        sms(NOW, ACCESS_SECRET, b"{\"phone\":\"\xFF\"}"),
        sms(NOW, ACCESS_SECRET, br#"{"appKey":"a","phone":"1"}"#),
        b"PUT /api/sms/mtsend_v2?a=%20b HTTP/1.1\r\nhost: x\r\nx-a: \xE4\r\nX-A: 2\r\nconnection: close\r\n\r\n".to_vec(),
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
    // Nothing but the file is left.
    assert_eq!(folder.content().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let sandbox = open(&folder.file("requests.db")).await;
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
    let path = folder.file("requests.db");
    let sandbox = open(&path).await;
    send_good(&sandbox, 20).await;
    drop(sandbox);
    let again = open(&path).await;
    assert_eq!(ids(&again), (1..=20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_leaves_a_sound_file() {
    let folder = Folder::new();
    let path = folder.file("requests.db");
    let sandbox = open(&path).await;
    let mut found = 0;
    // What a killed process leaves is what is in the files at that moment.
    for round in 0_u64.. {
        send_good(&sandbox, 5).await;
        let copy = folder.file(&format!("copy-{round}.db"));
        fs::copy(&path, &copy).unwrap();
        let log = folder.file("requests.db-wal");
        fs::copy(log, folder.file(&format!("copy-{round}.db-wal"))).unwrap();
        let crashed = open(&copy).await;
        let ids = ids(&crashed);
        found = ids.len();
        assert!(found as u64 <= (round + 1) * 5);
        assert!(ids.into_iter().eq(1..=found as u64));
        send_good(&crashed, 1).await;
        crashed.shutdown().await;
        if found > 20 || round == 60 {
            break;
        }
    }
    assert!(found > 20, "nothing was in the file before the end");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn what_is_cleared_is_gone_from_the_file_and_no_number_comes_again() {
    let folder = Folder::new();
    let path = folder.file("requests.db");
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
async fn a_file_is_read_back_within_the_bounds_of_the_history() {
    let folder = Folder::new();
    let path = folder.file("requests.db");
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
async fn files_that_no_sandbox_made_are_refused_and_left_as_they_are() {
    let folder = Folder::new();
    let made = |name: &str, statements: &str| {
        let path = folder.file(name);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(statements).unwrap();
        connection.close().unwrap();
    };
    fs::write(folder.file("text"), "To-do: buy milk.\n".repeat(100)).unwrap();
    fs::write(folder.file("short"), "SQLite format 3\0").unwrap();
    made(
        "other",
        "PRAGMA journal_mode = WAL; CREATE TABLE requests (id INTEGER)",
    );
    made("its-own", "PRAGMA application_id = 7; CREATE TABLE a (b)");
    let ours = "PRAGMA application_id = 0x6E785362; CREATE TABLE a (b);";
    made("newer", &format!("{ours} PRAGMA user_version = 2"));
    made("tables", &format!("{ours} PRAGMA user_version = 1"));
    let garbage = fs::read(folder.file("tables")).unwrap();
    let garbage = [&garbage[..100], &[0xAA; 4000]].concat();
    fs::write(folder.file("garbage"), garbage).unwrap();
    let before = folder.content();
    for (name, problem) in [
        ("text", "is no SQLite database"),
        ("short", "is the database of another program"),
        ("other", "is the database of another program"),
        ("its-own", "is the database of another program"),
        ("newer", "is of another version of the sandbox (format 2)"),
        ("garbage", "cannot be read as a database"),
    ] {
        let path = folder.file(name);
        let error = builder(&path).start().await.err().unwrap();
        assert!(matches!(&error, Error::Record(error) if error.path() == path));
        let text = error.source().unwrap().to_string();
        assert!(text.ends_with(problem), "{text}");
        assert_eq!(folder.content(), before, "{name}");
    }
    let missing = folder.file("not-there").join("requests.db");
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
    let path = folder.file("requests.db");
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
async fn an_empty_file_is_taken() {
    let folder = Folder::new();
    let path = folder.file("requests.db");
    fs::write(&path, "").unwrap();
    let sandbox = open(&path).await;
    send_good(&sandbox, 1).await;
    sandbox.shutdown().await;
    assert_eq!(ids(&open(&path).await), [1]);
}
