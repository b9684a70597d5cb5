//! The file: whose it is, what is refused.

use std::fs;

use super::*;

fn refused(path: &Path) -> (ErrorKind, String) {
    let error = Sqlite::create(path).unwrap_err();
    (error.kind(), error.to_string())
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_it_and_what_belongs_to_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, ledger) = ledger();
    let id = campaign(&ledger, 10).await;
    let _worker = ledger.start(id).await.unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "test.ledger",
            "test.ledger-lock",
            "test.ledger-shm",
            "test.ledger-wal"
        ]
    );
    // A file that was opened to others is closed to them again.
    drop((ledger, _worker));
    let path = folder.path().join("test.ledger");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _ledger = Sqlite::open(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn what_it_promises_the_disk() {
    let (_folder, ledger) = ledger();
    let pragmas = ledger.0.writer.call(|connection| {
        let of = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .unwrap()
        };
        Ok((of("journal_mode"), of("synchronous")))
    });
    let full = rusqlite::types::Value::Integer(2);
    assert_eq!(
        pragmas.await.unwrap(),
        (rusqlite::types::Value::Text("wal".to_owned()), full)
    );
}

#[test]
fn a_file_of_another_kind_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(
        &text,
        "not a database, and long enough to be looked at as one".repeat(20),
    )
    .unwrap();
    let before = fs::read(&text).unwrap();
    let (kind, message) = refused(&text);
    assert_eq!(kind, ErrorKind::NotALedger, "{message}");
    assert!(message.contains("is no ledger"), "{message}");
    assert_eq!(fs::read(&text).unwrap(), before);

    let foreign = folder.path().join("foreign.db");
    let connection = Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE t(x)").unwrap();
    drop(connection);
    let before = fs::read(&foreign).unwrap();
    let (kind, message) = refused(&foreign);
    assert_eq!(
        (kind, message.as_str()),
        (
            ErrorKind::NotALedger,
            "the file is a database of another program; name another file"
        )
    );
    assert_eq!(fs::read(&foreign).unwrap(), before);

    assert_eq!(refused(folder.path()).0, ErrorKind::NotALedger);
    let (kind, message) = refused(&folder.path().join("no/such/folder/x.ledger"));
    assert_eq!(kind, ErrorKind::ReadOnly, "{message}");
    let error = Sqlite::open(folder.path().join("missing.ledger")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoLedger);
    assert!(
        !folder.path().join("missing.ledger").exists(),
        "nothing is made"
    );
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    assert_eq!(
        Sqlite::open(&empty).unwrap_err().kind(),
        ErrorKind::NotALedger
    );
    Sqlite::create(&empty).unwrap();
}

#[test]
fn a_ledger_of_a_newer_version_is_refused() {
    let (folder, ledger) = ledger();
    drop(ledger);
    let path = folder.path().join("test.ledger");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let (kind, message) = refused(&path);
    assert_eq!(kind, ErrorKind::NotALedger);
    assert!(
        message.contains("version 99") && message.contains("use a newer program"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let path = folder.path().join("x.ledger");
    // The superuser may write everywhere.
    if fs::write(folder.path().join("probe"), "").is_err() {
        assert_eq!(refused(&path).0, ErrorKind::ReadOnly);
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn there_is_one_worker_and_others_may_look() {
    let (folder, ledger) = ledger();
    let id = campaign(&ledger, 10).await;
    let worker = ledger.start(id).await.unwrap();
    let reply = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 4))
        .await
        .unwrap();
    assert_eq!(reply.claimed.len(), 4);
    // Another process.
    let beside = Sqlite::open(folder.path().join("test.ledger")).unwrap();
    let error = beside.start(id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    let counts = beside.counts(id).await.unwrap();
    assert_eq!(
        counts.state(crate::State::Sending),
        4,
        "a worker that lives keeps its rows"
    );
    beside.pause(id, "by hand").await.unwrap();
    let reply = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 4))
        .await
        .unwrap();
    assert_eq!(
        (reply.claimed.len(), reply.state),
        (0, crate::CampaignState::Paused)
    );
    assert_eq!(reply.reason.as_deref(), Some("by hand"));
    // The lock ends with the worker, and whoever opens the ledger next finds its rows.
    drop(worker);
    let next = Sqlite::open(folder.path().join("test.ledger")).unwrap();
    let counts = next.counts(id).await.unwrap();
    assert_eq!(
        (
            counts.state(crate::State::Sending),
            counts.state(crate::State::Unknown)
        ),
        (0, 4)
    );
}

#[tokio::test]
async fn a_worker_that_was_replaced_claims_and_settles_nothing() {
    let (_folder, ledger) = ledger();
    let id = campaign(&ledger, 10).await;
    let old = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &old, Vec::new(), 2))
        .await
        .unwrap()
        .claimed;
    let outcome = settled(&claimed[0], Attempt::accepted("m1".to_owned()));
    let late = request(id, &old, vec![outcome], 2);
    drop(old);
    let _new = ledger.start(id).await.unwrap();
    let error = ledger.settle_and_claim(late).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    let counts = ledger.counts(id).await.unwrap();
    assert_eq!(
        (
            counts.state(crate::State::Unknown),
            counts.state(crate::State::Accepted)
        ),
        (2, 0)
    );
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_says_so() {
    let (_folder, ledger) = ledger();
    let id = campaign(&ledger, 1).await;
    // The superuser may write to a file whatever its mode, so the connection refuses.
    let read_only =
        |connection: &Connection| connection.execute_batch("PRAGMA query_only = ON").stored();
    ledger.0.writer.call(read_only).await.unwrap();
    let error = ledger.pause(id, "why").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
    assert!(
        error.to_string().contains("check the permissions"),
        "{error}"
    );
    assert_eq!(
        ledger.campaign("c0").await.unwrap().state,
        crate::CampaignState::Ready
    );
}
