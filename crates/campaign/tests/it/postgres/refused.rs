//! Servers, databases and users that cannot be used: each has a message of one line that says what to do, and nothing is sent.

use std::collections::BTreeSet;
use std::time::Duration;

use nxcloud_campaign::{CampaignState, Error, ErrorKind, Ledger as _, Postgres, Run, RunEnd};
use nxcloud_client::signing::Secret;
use testing::in_time;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::server::Server;
use super::{Database, campaign, client};
use crate::common::{Script, accepted};

async fn database() -> String {
    Database::new().await.expect("run it with .ci/postgres").url
}

async fn execute(url: &str, statements: &str) {
    client(url).await.batch_execute(statements).await.unwrap();
}

/// The kind of the error, which has one line and contains this text.
#[track_caller]
fn kind(error: &Error, text: &str) -> ErrorKind {
    let message = error.to_string();
    assert!(
        message.contains(text) && !message.contains('\n'),
        "{message}"
    );
    assert!(
        message.contains(';'),
        "what is wrong, then what to do: {message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
    error.kind()
}

async fn refused(url: &str, text: &str) -> ErrorKind {
    let error = in_time("the refusal", Postgres::connect(url, None)).await;
    kind(&error.unwrap_err(), text)
}

/// A user of this name, who may log in.
async fn user(admin: &str, name: &str, options: &str) {
    let create = format!(
        "DO $$ BEGIN CREATE ROLE {name} LOGIN {options}; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
    );
    execute(admin, &create).await;
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_password_that_is_missing_or_wrong() {
    let server = Server::start("host all all 127.0.0.1/32 scram-sha-256");
    let admin = server.socket("postgres");
    execute(&admin, "CREATE ROLE ann LOGIN PASSWORD 'hunter2'").await;
    execute(&admin, "CREATE DATABASE ann OWNER ann").await;
    let url = server.url("ann", "localhost", "ann") + "?sslmode=disable";
    let with = |password: &str| Postgres::connect(&url, Some(Secret::new(password).unwrap()));
    let encrypted = format!(
        "{}?sslrootcert={}/root.pem",
        server.url("ann", "localhost", "ann"),
        server.folder.display()
    );

    let text = "asks for a password; name a password file";
    assert_eq!(refused(&url, text).await, ErrorKind::PasswordMissing);
    // A password is used as it is; the line break of a file is the matter of whoever reads the file.
    for password in ["hunter3", "hunter2\n", " hunter2"] {
        let error = with(password).await.unwrap_err();
        let text = "refused the user or the password";
        assert_eq!(kind(&error, text), ErrorKind::Argument);
    }
    let unknown = url.replace("ann@", "bob@");
    let error = Postgres::connect(&unknown, Some(Secret::new("hunter2").unwrap())).await;
    kind(&error.unwrap_err(), "refused the user or the password");
    with("hunter2").await.unwrap();
    let secret = Secret::new("hunter2").unwrap();
    Postgres::connect(&encrypted, Some(secret)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_certificate_that_does_not_show_who_the_server_is() {
    let server = Server::start("hostssl all all 127.0.0.1/32 trust");
    let root = format!("sslrootcert={}/root.pem", server.folder.display());
    let url = |host: &str, query: &str| server.url("postgres", host, "postgres") + query;

    let trusted = url("localhost", &format!("?{root}"));
    Postgres::connect(&trusted, None).await.unwrap();
    let full = url("localhost", &format!("?sslmode=verify-full&{root}"));
    Postgres::connect(&full, None).await.unwrap();

    let untrusted = url("localhost", "?sslmode=require");
    let text = "certificate is not trusted; name its root with sslrootcert=PATH";
    assert_eq!(refused(&untrusted, text).await, ErrorKind::Unreachable);
    // The address is not in the certificate. Unlike with other programs, `require` does not overlook that.
    let other = url("127.0.0.1", &format!("?sslmode=require&{root}"));
    let text = "is for another host";
    assert_eq!(refused(&other, text).await, ErrorKind::Unreachable);
    // No line of pg_hba.conf lets a connection without TLS in.
    let plain = url("localhost", "?sslmode=disable");
    let text = "sslmode=require";
    assert_eq!(refused(&plain, text).await, ErrorKind::Argument);
    // A socket has no TLS.
    let socket = server.socket("postgres") + "&sslmode=require";
    let text = "offers no TLS";
    assert_eq!(refused(&socket, text).await, ErrorKind::Unreachable);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_server_that_only_reads() {
    let server = Server::start("host all all 127.0.0.1/32 trust");
    let url = server.url("postgres", "localhost", "postgres");
    let (world, _database) = campaign(1).await;
    let list = world.list("own.csv", crate::common::csv(5)).unwrap();
    let ledger = Postgres::connect(&url, None).await.unwrap();
    let new = nxcloud_campaign::NewCampaign::from_template("c", &world.template);
    nxcloud_campaign::import(&ledger, new, &list, |_| {})
        .await
        .unwrap();
    let sender = Script::new(accepted);
    let run = async |ledger: &Postgres| {
        let run = Run::new(ledger, "c", &world.template, &sender);
        run.execute().await
    };

    // An administrator lets all transactions only read.
    let read = "ALTER DATABASE postgres SET default_transaction_read_only = on";
    execute(&url, read).await;
    let reading = Postgres::open(&url, None).await.unwrap();
    let error = run(&reading).await.unwrap_err();
    assert_eq!(kind(&error, "the server only reads"), ErrorKind::ReadOnly);
    let admin = server.socket("template1");
    let reset = "ALTER DATABASE postgres RESET default_transaction_read_only";
    execute(&admin, reset).await;
    execute(&admin, "CREATE DATABASE empty").await;

    server.become_standby();
    let standby = Postgres::open(&url, None).await.unwrap();
    let found = standby.campaign("c").await.unwrap();
    assert_eq!(found.state, CampaignState::Ready, "what is there is shown");
    let error = run(&standby).await.unwrap_err();
    assert_eq!(kind(&error, "the server only reads"), ErrorKind::ReadOnly);
    let empty = server.url("postgres", "localhost", "empty");
    let text = "the server only reads";
    assert_eq!(refused(&empty, text).await, ErrorKind::ReadOnly);
    let primary = format!("{url}?target_session_attrs=read-write");
    assert_eq!(refused(&primary, text).await, ErrorKind::ReadOnly);
    assert_eq!(sender.sent.len(), 0);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_user_without_rights() {
    let (world, database) = campaign(5).await;
    let url = &database.url;
    let name = url.split(['/', '?']).nth(3).unwrap();
    let as_user = |user: &str| url.replace("postgres@", &format!("{user}@"));
    let lacks =
        async |url: &str| assert_eq!(refused(url, "lacks a right").await, ErrorKind::ReadOnly);
    for name in ["nothing", "stranger", "reader"] {
        user(url, name, "").await;
    }
    // May not connect.
    let revoke = format!(
        "REVOKE CONNECT ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO stranger, reader"
    );
    execute(url, &revoke).await;
    lacks(&as_user("nothing")).await;
    // May not use the schema.
    lacks(&as_user("stranger")).await;
    // May use the schema, but no table.
    execute(url, "GRANT USAGE ON SCHEMA nxcloud_campaign TO reader").await;
    lacks(&as_user("reader")).await;
    // May not make the schema.
    let empty = self::database().await;
    lacks(&empty.replace("postgres@", "stranger@")).await;
    // May only read: what is there is shown, and nothing is sent.
    execute(
        url,
        "GRANT SELECT ON ALL TABLES IN SCHEMA nxcloud_campaign TO reader",
    )
    .await;
    let ledger = Postgres::open(&as_user("reader"), None).await.unwrap();
    ledger.campaign("c").await.unwrap();
    let sender = Script::new(accepted);
    let run = || Run::new(&ledger, "c", &world.template, &sender).execute();
    let error = run().await.unwrap_err();
    assert_eq!(kind(&error, "lacks a right"), ErrorKind::ReadOnly);
    assert_eq!(sender.sent.len(), 0);
    // May write, but does not own the tables.
    let write = "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA nxcloud_campaign TO reader";
    execute(url, write).await;
    let report = in_time("the run", run()).await.unwrap();
    assert_eq!((report.ended, sender.sent.len()), (RunEnd::Done, 5));
    let list = world.list("more.csv", crate::common::csv(7)).unwrap();
    let new = nxcloud_campaign::NewCampaign::from_template("d", &world.template);
    nxcloud_campaign::import(&ledger, new, &list, |_| {})
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_database_of_another_program_or_version() {
    let empty = database().await;
    let error = Postgres::open(&empty, None).await.unwrap_err();
    assert_eq!(kind(&error, "no ledger in this"), ErrorKind::NoLedger);
    let missing = empty.replace("?", "_missing?");
    let text = "no database of this name";
    assert_eq!(refused(&missing, text).await, ErrorKind::NoLedger);

    let foreign = database().await;
    for (theirs, text) in [
        ("CREATE TABLE t(x int)", "belongs to another program"),
        (
            "DROP TABLE t; CREATE SCHEMA other; CREATE TABLE other.t(x int)",
            "belongs to another program",
        ),
        (
            "DROP SCHEMA other CASCADE; CREATE SCHEMA nxcloud_campaign",
            "belongs to another program",
        ),
        (
            "CREATE TABLE nxcloud_campaign.ledger(x int)",
            "not that of a ledger",
        ),
        (
            "DROP TABLE nxcloud_campaign.ledger; CREATE TABLE nxcloud_campaign.ledger(version bigint, secret bytea)",
            "put a copy back",
        ),
    ] {
        execute(&foreign, theirs).await;
        let before = tables(&foreign).await;
        let kind = refused(&foreign, text).await;
        assert_eq!(kind, ErrorKind::NotALedger, "{theirs}");
        assert_eq!(tables(&foreign).await, before, "it was changed");
    }

    Postgres::connect(&empty, None).await.unwrap();
    execute(&empty, "UPDATE nxcloud_campaign.ledger SET version = 99").await;
    let kind = refused(&empty, "version 99").await;
    assert_eq!(kind, ErrorKind::NotALedger);
}

async fn tables(url: &str) -> BTreeSet<String> {
    let tables =
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND oid >= 16384";
    let found = client(url).await.query_typed(tables, &[]).await.unwrap();
    found.iter().map(|row| row.get(0)).collect()
}

/// A schema before `pg_catalog`, with another function of this name.
pub(crate) async fn overrule(url: &str, function: &str) {
    let name = url.split(['/', '?']).nth(3).unwrap();
    let schema = format!(
        "CREATE SCHEMA overruled; CREATE FUNCTION overruled.{function};
        ALTER DATABASE {name} SET search_path = overruled, pg_catalog"
    );
    execute(url, &schema).await;
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_server_that_is_too_old() {
    let url = database().await;
    let old = "current_setting(text) RETURNS text LANGUAGE SQL AS
        $$ SELECT CASE $1 WHEN 'server_version_num' THEN '140013' ELSE pg_catalog.current_setting($1) END $$";
    overrule(&url, old).await;
    let kind = refused(&url, "PostgreSQL 14; the ledger needs 15 or newer").await;
    assert_eq!(kind, ErrorKind::NotALedger);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_server_without_a_free_connection() {
    let (world, database) = campaign(60).await;
    let url = &database.url;
    user(url, "alone", "CONNECTION LIMIT 1").await;
    let grant = "GRANT USAGE ON SCHEMA nxcloud_campaign TO alone; GRANT ALL ON ALL TABLES IN SCHEMA nxcloud_campaign TO alone";
    execute(url, grant).await;
    let alone = url.replace("postgres@", "alone@");
    {
        let _only = client(&alone).await;
        let text = "no free connection";
        assert_eq!(refused(&alone, text).await, ErrorKind::Unreachable);
    }
    // One connection is enough: heartbeats and claims that find none are tried again.
    let ledger = loop {
        if let Ok(ledger) = Postgres::open(&alone, None).await {
            break ledger.silent_after(Duration::from_secs(6));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let sender = Script::new(accepted).slowly(Duration::from_millis(20));
    let run = Run::new(&ledger, "c", &world.template, &sender).slots(4);
    let report = in_time("the run", run.execute()).await.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    assert_eq!((sender.sent.len(), sender.sent.most()), (60, 1));
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn what_answers_is_no_database() {
    let nowhere = "postgres://ann@/c?host=/no/such/folder";
    let text = "cannot be reached";
    assert_eq!(refused(nowhere, text).await, ErrorKind::Unreachable);
    let closed = testing::ClosedPort::new();
    let url = format!("postgres://ann@127.0.0.1:{}/c", closed.port());
    assert_eq!(refused(&url, text).await, ErrorKind::Unreachable);
    let unknown = "postgres://ann@no-such-host.invalid/c";
    assert_eq!(refused(unknown, text).await, ErrorKind::Unreachable);
    let ports = "postgres://ann@127.0.0.1,localhost/c?port=1,2,3";
    let kind = refused(ports, "cannot be used").await;
    assert_eq!(kind, ErrorKind::Argument);

    // It answers in another protocol, it ends the connection, and it is silent.
    for answer in [Some("HTTP/1.1 400 Bad Request\r\n\r\n"), Some(""), None] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://ann@{}/c", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let read = stream.read(&mut [0; 1024]).await.unwrap();
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
            read
        });
        assert_eq!(refused(&url, text).await, ErrorKind::Unreachable);
        answering.abort();
    }
}
