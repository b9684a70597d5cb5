//! Campaigns with a ledger in PostgreSQL. `.ci/postgres` starts a server for these tests.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use testing::{in_time, until};
use tokio_postgres::{Client, NoTls};

use crate::campaign::{World, lines, slow};
use crate::campaign_input::error;
use crate::support::finish;

/// A new database on the server of the tests.
struct Database {
    name: String,
    url: String,
    /// A connection to another database of the server.
    admin: Client,
}

impl Database {
    async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("NXCLOUD_TEST_POSTGRES").expect("run it with .ci/postgres");
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("command_{}_{number}", std::process::id());
        let admin = client(&server.replace("DATABASE", "postgres")).await;
        let database = Self {
            url: server.replace("DATABASE", &name),
            name,
            admin,
        };
        database.execute("CREATE DATABASE $").await;
        database
    }

    /// Carries out a statement, with the name of the database in place of `$`.
    async fn execute(&self, statement: &str) {
        let statement = statement.replace('$', &self.name);
        self.admin.batch_execute(&statement).await.unwrap();
    }

    /// Refuses connections, and ends those that there are.
    async fn goes_away(&self) {
        self.execute("ALTER DATABASE $ ALLOW_CONNECTIONS false")
            .await;
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$'")
            .await;
    }

    async fn comes_back(&self) {
        self.execute("ALTER DATABASE $ ALLOW_CONNECTIONS true")
            .await;
    }

    /// How many workers have not ended.
    async fn workers(&self) -> i64 {
        let client = client(&self.url).await;
        let living = "SELECT count(*) FROM nxcloud_campaign.worker WHERE seen > 0";
        client.query_typed(living, &[]).await.unwrap()[0].get(0)
    }

    async fn until_workers(&self, count: i64) {
        let workers = async {
            while self.workers().await != count {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        in_time("the workers", workers).await;
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async { connection.await.ok() });
    client
}

/// The lines that a process writes to stderr while it runs.
fn watched(child: &mut Child) -> Arc<Mutex<String>> {
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let all = Arc::<Mutex<String>>::default();
    let seen = Arc::clone(&all);
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            *seen.lock().unwrap() += &(line + "\n");
        }
    });
    all
}

/// The rows that an export names, each of which is there once.
fn exported(world: &World) -> Vec<Value> {
    let rows = lines(
        &world
            .campaign(&["export", "c", "--format", "jsonl"])
            .exits(0),
    );
    let numbers: BTreeSet<u64> = rows
        .iter()
        .map(|row| row["row"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.len(), rows.len());
    assert_eq!(numbers, (1..=rows.len() as u64).collect());
    rows
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn two_processes_send_one_campaign_and_one_is_killed() {
    let database = Database::new().await;
    let world = World::at(&database.url).await.and_rows(120);
    world.sandbox.faults().mix(slow());
    let run = ["run", "c", "--slots", "4", "--silent-after", "3s"];
    let mut first = world.spawn(&run);
    world.until_accepted(4).await;
    let second = world.spawn(&run);
    database.until_workers(2).await;
    let before = world.accepted().len();
    world.until_accepted(before + 8).await;
    first.kill().unwrap();
    finish(first);
    world.sandbox.faults().clear();

    let output = finish(second).exits(4);
    let rows = &output.json()["rows"];
    let unknown = rows["unknown"].as_u64().unwrap();
    assert!((1..=4).contains(&unknown), "{output}");
    assert_eq!(rows["accepted"], 120 - unknown);
    assert!(output.stderr.contains("campaign unknown c"), "{output}");
    let rows = exported(&world);
    assert_eq!(rows.len(), 120);
    let accepted = world.accepted();
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
    for row in rows {
        let was_accepted = accepted.contains_key(row["key"].as_str().unwrap());
        match row["state"].as_str().unwrap() {
            "accepted" => assert!(was_accepted, "{row}"),
            state => assert_eq!(state, "unknown", "{row}"),
        }
    }
    let status = world.campaign(&["status", "c"]).exits(0).json();
    assert_eq!(status["state"], "done");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn a_process_that_was_suspended_sends_nothing_twice_and_loses_no_result() {
    let database = Database::new().await;
    let world = World::at(&database.url).await.and_rows(40);
    world.sandbox.faults().mix(slow());
    let run = ["run", "c", "--slots", "4", "--silent-after", "2s"];
    let suspended = world.spawn(&run);
    world.until_accepted(4).await;
    crate::support::signal(&suspended, "-STOP");
    world.sandbox.faults().clear();
    let output = world.campaign(&run).exits(4);
    let rows = &output.json()["rows"];
    let unknown = rows["unknown"].as_u64().unwrap();
    assert!((1..=4).contains(&unknown), "{output}");
    assert_eq!(rows["accepted"], 40 - unknown);
    // The replies that it finds settle its rows.
    crate::support::signal(&suspended, "-CONT");
    let output = finish(suspended).exits(0);
    assert_eq!(output.json()["rows"]["accepted"], 40);
    let accepted = world.accepted();
    assert_eq!(accepted.len(), 40);
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn every_command_works_with_a_database() {
    let database = Database::new().await;
    let world = World::at(&database.url).await.and_rows(30);
    let check = world.campaign(&["check", "c"]).exits(0).json();
    assert_eq!(check["ready"], 30);
    let slice = world.campaign(&["run", "c", "--slice-rows", "10"]).exits(3);
    assert_eq!(slice.json()["ended"], "slice");
    assert_eq!(slice.json()["rows"]["ready"], 20);
    world
        .campaign(&["pause", "c", "--reason", "lunch"])
        .exits(0);
    error(world.campaign(&["run", "c"]), "lunch");
    world.campaign(&["resume", "c"]).exits(0);

    let receipts = world
        .nxcloud
        .start(&["campaign", "receipts", "--listen", "127.0.0.1:0"]);
    let url = format!("{}/sms", receipts.url);
    world.sandbox.pushes().send_to("sms_receipt", url).unwrap();
    for _ in 0..2 {
        world
            .sandbox
            .faults()
            .enqueue(nxcloud_sandbox::Fault::ResetBeforeAccept);
    }
    let output = world.campaign(&["run", "c", "--slots", "2"]).exits(4);
    assert_eq!(output.json()["rows"]["unknown"], 2);
    in_time("the receipts", world.sandbox.pushes().settled()).await;
    assert_eq!(world.rows()["delivered"], 18);
    let unknown = lines(&world.campaign(&["unknown", "c"]).exits(0));
    assert_eq!(unknown.len(), 2);
    let resend = ["unknown", "c", "--resend", "--by", "me", "--reason", "lost"];
    world.campaign(&[&resend[..], &["--yes"]].concat()).exits(0);
    let output = world.campaign(&["run", "c"]).exits(0);
    assert_eq!(output.json()["rows"]["accepted"], 30);
    assert_eq!(output.json()["ended"], "done");
    assert_eq!(exported(&world).len(), 30);
    let accepted = world.accepted();
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");

    world.create_with("d", &[]).exits(0);
    let cancelled = world.campaign(&["cancel", "d"]).exits(0);
    assert!(
        cancelled.stderr.contains("30 rows are skipped"),
        "{cancelled}"
    );
    let all = world.campaign(&["status"]).exits(0).json();
    assert_eq!(
        (&all[0]["state"], &all[1]["state"]),
        (&"done".into(), &"cancelled".into())
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = world.nxcloud.home().join(".local/state/nxcloud/outcomes");
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn a_run_waits_for_a_database_that_goes_away() {
    let database = Database::new().await;
    let world = World::at(&database.url).await.and_rows(60);
    world.sandbox.faults().mix(slow());
    let mut run = world.spawn(&["run", "c", "--slots", "4"]);
    let stderr = watched(&mut run);
    world.until_accepted(4).await;
    database.goes_away().await;
    let says = |text: &str| stderr.lock().unwrap().contains(text);
    until("the warning", || says("nothing more is sent")).await;
    let accepted = world.accepted().len();
    assert!(
        accepted <= 60 - 4,
        "{accepted}: it is too late for an outage"
    );
    database.comes_back().await;
    world.sandbox.faults().clear();
    let output = finish(run).exits(0);
    assert_eq!(output.json()["rows"]["accepted"], 60);
    assert!(says("the ledger works again"), "{}", stderr.lock().unwrap());
    assert_eq!(stderr.lock().unwrap().matches("warning").count(), 1);
    let accepted = world.accepted();
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn results_outlast_a_run_that_is_stopped_without_the_database() {
    let database = Database::new().await;
    let world = World::at(&database.url).await.and_rows(40);
    world.sandbox.faults().mix(slow());
    let command = ["run", "c", "--slots", "4", "--outcomes", "kept"];
    let mut run = world.spawn(&command);
    let stderr = watched(&mut run);
    world.until_accepted(4).await;
    database.goes_away().await;
    let says = |text: &str| stderr.lock().unwrap().contains(text);
    until("the warning", || says("nothing more is sent")).await;
    // All replies are there before it is stopped.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    until("the end of the run", || {
        crate::support::signal(&run, "-INT");
        run.try_wait().unwrap().is_some()
    })
    .await;
    finish(run).exits(4);
    assert!(says("kept"), "{}", stderr.lock().unwrap());
    let kept = world.nxcloud.home().join("kept");
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 1);
    database.comes_back().await;
    world.sandbox.faults().clear();
    let output = world.campaign(&command).exits(0);
    assert_eq!(output.json()["rows"]["accepted"], 40);
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 0);
    let accepted = world.accepted();
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn a_run_that_is_stopped_at_once_reports_its_end() {
    let database = Database::new().await;
    let world = World::at(&database.url).await.and_rows(10);
    for _ in 0..2 {
        world
            .sandbox
            .faults()
            .enqueue(nxcloud_sandbox::Fault::StallAfterAccept);
    }
    let mut run = world.spawn(&["run", "c", "--slots", "2"]);
    world.until_accepted(2).await;
    until("the end of the run", || {
        crate::support::signal(&run, "-INT");
        run.try_wait().unwrap().is_some()
    })
    .await;
    let output = finish(run).exits(4);
    assert!(
        output.stderr.contains("up to 2 rows are unknown"),
        "{output}"
    );
    // Without that, it would count as silent after two minutes.
    database.until_workers(0).await;
    let output = world.campaign(&["run", "c"]).exits(4);
    let rows = &output.json()["rows"];
    assert_eq!(
        (&rows["unknown"], &rows["accepted"]),
        (&2.into(), &8.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn a_database_that_cannot_be_used_is_refused_in_one_line() {
    let database = Database::new().await;
    let world = World::at(&database.url).await;
    error(world.campaign(&["status"]), "create a campaign first");
    let at = |url: &str| world.campaign(&["status", "--ledger", url]);
    let missing = database.url.replace("?", "_missing?");
    error(at(&missing), "no database of this name");
    let refused = database.url.replace("postgres@", "nobody_of_this_name@");
    error(at(&refused), "check the user");
    let away = database.url.replace("host=", "host=/no/such/folder");
    let output = at(&away).exits(3);
    assert!(
        output.stderr_line().contains("cannot be reached"),
        "{output}"
    );

    database.execute("CREATE ROLE $_without_rights LOGIN").await;
    let user = format!("{}_without_rights@", database.name);
    let world = world.and_rows(3);
    error(
        world.campaign(&[
            "status",
            "--ledger",
            &database.url.replace("postgres@", &user),
        ]),
        "lacks a right",
    );
    let of_another = Database::new().await;
    let table = client(&of_another.url).await;
    table.batch_execute("CREATE TABLE t(x int)").await.unwrap();
    let create = world.create(&["--ledger", &of_another.url]);
    error(create, "belongs to another program");
    world.write("file", "");
    error(
        world.campaign(&["run", "c", "--outcomes", "file"]),
        "--outcomes",
    );
    assert!(world.accepted().is_empty());
}
