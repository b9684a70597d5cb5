//! What only PostgreSQL has: several workers, a server that goes away. `.ci/postgres` starts a server for these tests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use nxcloud_campaign::{
    AccountProblem, Attempt, AttemptResult, CampaignState, Counts, ErrorKind, Ledger as _, Limits,
    Postgres, Rate, Receipt, RowFilter, Run, RunEnd, State, Template,
};
use nxcloud_sms::SendSms;
use serde_json::json;
use testing::{in_time, until};
use tokio_postgres::{Client, NoTls};

use crate::common::{Script, Sent, TEMPLATE, World, accepted, number};
use proxy::{Fault, Proxy};

mod proxy;

/// Long enough that a busy machine answers within a quarter of it.
const SILENCE: Duration = Duration::from_secs(6);

/// A database of its own for a test.
pub(crate) struct Database {
    pub(crate) url: String,
}

impl Database {
    /// `None` if no server is named.
    pub(crate) async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("NXCLOUD_TEST_POSTGRES").ok()?;
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("test_{}_{number}", std::process::id());
        let admin = client(&server.replace("DATABASE", "postgres")).await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let url = server.replace("DATABASE", &name);
        Some(Self { url })
    }

    /// A process with this ledger.
    pub(crate) async fn ledger(&self) -> Postgres {
        Postgres::connect(&self.url, None).await.unwrap()
    }

    /// Waits until no worker lives.
    pub(crate) async fn ended(&self) {
        let client = client(&self.url).await;
        let living = "SELECT count(*) FROM nxcloud_campaign.worker WHERE seen > 0";
        for _ in 0..1000 {
            let rows = client.query_typed(living, &[]).await.unwrap();
            if rows[0].get::<_, i64>(0) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a worker did not end");
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async { connection.await.unwrap() });
    client
}

fn states(counts: &Counts) -> (u64, u64) {
    (counts.state(State::Accepted), counts.state(State::Unknown))
}

/// A campaign `c` in a database.
async fn campaign(rows: u32) -> (World, Database) {
    let world = World::new().await;
    world.campaign(rows).await;
    let database = Database {
        url: world.url().expect("run it with .ci/postgres"),
    };
    (world, database)
}

/// A worker on a machine of its own, which is switched off when so many requests were begun.
fn switched_off(ledger: Database, sent: &Sent, after: usize) -> std::thread::JoinHandle<()> {
    let sent = sent.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let requests = sent.clone();
        runtime.spawn(async move {
            let template = Template::<SendSms>::new(TEMPLATE).unwrap();
            let ledger = ledger.ledger().await.silent_after(SILENCE);
            let slowly = Script::new(accepted).slowly(Duration::from_millis(300));
            let sender = slowly.with(&requests);
            let run = Run::new(&ledger, "c", &template, &sender).slots(4);
            run.execute().await.unwrap();
        });
        while sent.len() < after {
            std::thread::sleep(Duration::from_millis(2));
        }
        runtime.shutdown_background();
    })
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_worker_is_switched_off_and_the_other_one_finishes() {
    let (world, database) = campaign(200).await;
    let sent = Sent::default();
    let other = Database {
        url: database.url.clone(),
    };
    let dead = switched_off(other, &sent, 60);
    let ledger = database.ledger().await.silent_after(SILENCE);
    let slowly = Script::new(accepted).slowly(Duration::from_millis(10));
    let sender = slowly.with(&sent);
    let run = Run::new(&ledger, "c", &world.template, &sender).slots(4);
    let report = in_time("the run", run.execute()).await.unwrap();
    dead.join().unwrap();
    let (accepted, unknown) = states(&report.counts);
    assert_eq!((report.ended, accepted + unknown), (RunEnd::Done, 200));
    assert!((1..=4).contains(&unknown), "{unknown}: what it was sending");
    assert_eq!(sent.most(), 1);
    let campaign = ledger.campaign("c").await.unwrap();
    assert_eq!(campaign.state, CampaignState::Done);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn workers_share_the_rows_and_the_rate_of_the_account() {
    let (world, database) = campaign(150).await;
    let id = world.ledger.campaign("c").await.unwrap().id;
    let rate = Rate::per_second(200).with_burst(10);
    world.ledger.set_rate(id, Some(rate)).await.unwrap();
    let ledgers = [
        database.ledger().await,
        database.ledger().await,
        database.ledger().await,
    ];
    let sender = Script::new(accepted);
    let runs = ledgers
        .iter()
        .map(|ledger| Run::new(ledger, "c", &world.template, &sender).execute());
    for report in in_time("the runs", join_all(runs)).await {
        assert_eq!(report.unwrap().ended, RunEnd::Done);
    }
    assert_eq!((sender.sent.len(), sender.sent.most()), (150, 1));
    let campaign = world.ledger.campaign("c").await.unwrap();
    let rows = world.rows(&campaign).await;
    let mut claims: Vec<_> = rows.iter().filter_map(|row| row.claimed_at).collect();
    claims.sort();
    for (first, from) in claims.iter().enumerate() {
        for (last, to) in claims.iter().enumerate().skip(first) {
            let time = to.duration_since(*from).unwrap();
            let claimed = u32::try_from(last - first + 1).unwrap();
            let most = 10.0 + 200.0 * time.as_secs_f64();
            assert!(f64::from(claimed) <= most, "{claimed} in {time:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn what_one_worker_finds_out_stops_all() {
    let (world, database) = campaign(5000).await;
    let (one, two) = (database.ledger().await, database.ledger().await);
    let slowly = Duration::from_millis(5);
    let fine = Script::new(accepted).slowly(slowly);
    let reason = "rejected by the platform (balance)";
    let poor = Script::new(|_| {
        Attempt::new(AttemptResult::Account(AccountProblem::Balance)).with_reason(reason)
    });
    let going = fine.sent.clone();
    let later = async {
        until("the first rows", || going.len() >= 20).await;
        Run::new(&two, "c", &world.template, &poor).execute().await
    };
    let run = Run::new(&one, "c", &world.template, &fine).slots(4);
    let (first, second) = in_time("the runs", async { tokio::join!(run.execute(), later) }).await;
    for report in [first, second] {
        assert_eq!(report.unwrap().ended, RunEnd::Paused(reason.to_owned()));
    }
    assert!(fine.sent.len() < 5000);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_cap_holds_for_all_workers_together() {
    let (world, database) = campaign(300).await;
    let id = world.ledger.campaign("c").await.unwrap().id;
    let limits = Limits::none().rows(100);
    world.ledger.set_limits(id, limits).await.unwrap();
    let ledgers = [database.ledger().await, database.ledger().await];
    let sender = Script::new(accepted).slowly(Duration::from_millis(2));
    let runs = ledgers
        .iter()
        .map(|ledger| Run::new(ledger, "c", &world.template, &sender).execute());
    for report in in_time("the runs", join_all(runs)).await {
        let paused = RunEnd::Paused("the cap of 100 rows is reached".to_owned());
        assert_eq!(report.unwrap().ended, paused);
    }
    assert_eq!((sender.sent.len(), sender.sent.most()), (100, 1));
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_request_takes_two_round_trips() {
    let (world, database) = campaign(1000).await;
    let proxy = Proxy::start(&database.url);
    let ledger = Postgres::connect(&proxy.url, None).await.unwrap();
    let sender = Script::new(accepted);
    let (sent, run) = (
        sender.sent.clone(),
        Run::new(&ledger, "c", &world.template, &sender).slots(4),
    );
    let middle = async {
        until("the first rows", || sent.len() >= 20).await;
        let before = proxy.traffic();
        until("the last rows", || sent.len() >= 980).await;
        let after = proxy.traffic();
        (after.0 - before.0, after.1 - before.1)
    };
    let both = async { tokio::join!(run.execute(), middle) };
    let (report, (round_trips, commits)) = in_time("the run", both).await;
    assert_eq!(states(&report.unwrap().counts), (1000, 0));
    assert!(commits > 200, "{commits}");
    // A heartbeat or the end of the run may be among them.
    let most = 2 * commits + 20;
    assert!(round_trips <= most, "{round_trips} for {commits} commits");
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn the_answer_to_a_commit_is_lost_again_and_again() {
    let (world, database) = campaign(120).await;
    let proxy = Proxy::start(&database.url);
    let ledger = Postgres::connect(&proxy.url, None).await.unwrap();
    let sender = Script::new(accepted).slowly(Duration::from_millis(5));
    let (sent, run) = (
        sender.sent.clone(),
        Run::new(&ledger, "c", &world.template, &sender).slots(4),
    );
    let faults = async {
        for step in 1..=6 {
            until("some rows", || sent.len() >= step * 15).await;
            proxy.next_commit(Fault::Lose);
            until("the fault", || proxy.done()).await;
        }
    };
    let both = async { tokio::join!(run.execute(), faults) };
    let (report, ()) = in_time("the run", both).await;
    let report = report.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    assert_eq!(states(&report.counts), (120, 0));
    assert_eq!((sent.len(), sent.most()), (120, 1));
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn rows_whose_claim_took_too_long_are_not_sent_then() {
    let (world, database) = campaign(60).await;
    let proxy = Proxy::start(&database.url);
    let ledger = Postgres::connect(&proxy.url, None).await.unwrap();
    let ledger = ledger.silent_after(SILENCE);
    let sender = Script::new(accepted).slowly(Duration::from_millis(5));
    let (sent, run) = (
        sender.sent.clone(),
        Run::new(&ledger, "c", &world.template, &sender).slots(4),
    );
    let fault = async {
        until("some rows", || sent.len() >= 10).await;
        // Longer than a quarter of the silence.
        proxy.next_commit(Fault::Late(SILENCE / 3));
    };
    let both = async { tokio::join!(run.execute(), fault) };
    let (report, ()) = in_time("the run", both).await;
    assert_eq!(states(&report.unwrap().counts), (60, 0));
    assert_eq!((sent.len(), sent.most()), (60, 1));
    let campaign = world.ledger.campaign("c").await.unwrap();
    let rows = world.rows(&campaign).await;
    let twice = rows.iter().filter(|row| row.claims == 2).count();
    assert!(twice > 0, "they were claimed, put back and claimed again");
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn outcomes_outlast_a_process_that_ends_without_the_database() {
    let (world, database) = campaign(8).await;
    let proxy = Proxy::start(&database.url);
    let folder = world.path("outcomes");
    let sender = Script::new(|request| match number(request) {
        1 => Attempt::new(AttemptResult::Rejected).with_reason("code 4"),
        _ => accepted(request),
    });
    let sender = sender.slowly(Duration::from_millis(50));
    let sent = sender.sent.clone();
    {
        let ledger = Postgres::connect(&proxy.url, None).await.unwrap();
        let ledger = ledger.outcomes_in(&folder);
        let run = Run::new(&ledger, "c", &world.template, &sender).slots(4);
        let outage = async {
            until("the first rows", || sent.len() >= 4).await;
            proxy.cut(true);
            tokio::time::sleep(Duration::from_millis(1500)).await;
        };
        tokio::select! {
            report = run.execute() => panic!("{report:?}"),
            () = outage => {}
        }
    }
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(files.len(), 1);
    let kept = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(kept.lines().count(), 4, "{kept}");
    assert!(
        !kept.contains("86150") && !kept.contains("person"),
        "{kept}"
    );
    // The next process finds them, long before the first one is counted as silent.
    let ledger = database.ledger().await.outcomes_in(&folder);
    let run = Run::new(&ledger, "c", &world.template, &sender);
    let report = in_time("the run", run.execute()).await.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    assert_eq!(states(&report.counts), (7, 0));
    assert_eq!(report.counts.state(State::Rejected), 1);
    assert_eq!((sent.len(), sent.most()), (8, 1));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_database_that_cannot_be_a_ledger_is_refused() {
    let refused = |url: String| async move {
        let error = Postgres::connect(&url, None).await.unwrap_err();
        assert!(!error.to_string().contains('\n'), "{error}");
        (error.kind(), error.to_string())
    };
    let database = || async { Database::new().await.expect("run it with .ci/postgres").url };

    let empty = database().await;
    let error = Postgres::open(&empty, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoLedger);

    let foreign = database().await;
    let admin = client(&foreign).await;
    admin.batch_execute("CREATE TABLE t(x int)").await.unwrap();
    let (kind, text) = refused(foreign.clone()).await;
    assert_eq!(kind, ErrorKind::NotALedger);
    assert!(text.contains("belongs to another program"), "{text}");
    let tables = "SELECT 1 FROM pg_namespace WHERE nspname = 'nxcloud_campaign'";
    assert!(admin.query_typed(tables, &[]).await.unwrap().is_empty());

    Postgres::connect(&empty, None).await.unwrap();
    let admin = client(&empty).await;
    let newer = "UPDATE nxcloud_campaign.ledger SET version = 99";
    admin.batch_execute(newer).await.unwrap();
    let (kind, text) = refused(empty.clone()).await;
    assert_eq!(kind, ErrorKind::NotALedger);
    assert!(
        text.contains("version 99") && text.contains("newer program"),
        "{text}"
    );

    let nobody = "DO $$ BEGIN IF NOT EXISTS(SELECT FROM pg_roles WHERE rolname = 'nobody_at_all') THEN CREATE ROLE nobody_at_all LOGIN; END IF; END $$";
    admin.batch_execute(nobody).await.unwrap();
    for url in [empty.clone(), database().await] {
        let (kind, text) = refused(url.replace("postgres@", "nobody_at_all@")).await;
        assert_eq!(kind, ErrorKind::ReadOnly, "{text}");
        assert!(text.contains("lacks a right"), "{text}");
    }
    let missing = empty.replace("?", "_missing?");
    assert_eq!(refused(missing).await.0, ErrorKind::NoLedger);
    let (kind, text) = refused("postgres://ann@/c?host=/no/such/folder".to_owned()).await;
    assert_eq!(kind, ErrorKind::Unreachable, "{text}");
    assert!(text.contains("cannot be reached"), "{text}");
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn several_processes_make_one_schema() {
    let database = Database::new().await.expect("run it with .ci/postgres");
    let opened = join_all((0..6).map(|_| Postgres::connect(&database.url, None))).await;
    for ledger in opened {
        assert!(ledger.unwrap().campaigns().await.unwrap().is_empty());
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn receipts_do_not_wait_for_each_other() {
    let (world, database) = campaign(3).await;
    let id = world.ledger.campaign("c").await.unwrap().id;
    let rows = world.ledger.rows(id, RowFilter::All, 0, 10).await.unwrap();
    let record = async |row: usize| {
        let push = json!({"messageid": "m", "status": "2", "ext": rows[row].row.key(), "price": "0.035", "currency": "USD"});
        let receipts = Receipt::of_push::<SendSms>("sms_receipt", &push, false);
        world.ledger.record(receipts).await
    };
    record(0).await.unwrap();
    // What another transaction holds that records a receipt of the same price, and one that ends an import.
    let mut other = client(&database.url).await;
    let other = other.transaction().await.unwrap();
    let locks = "SELECT FROM nxcloud_campaign.cost FOR UPDATE; SELECT FROM nxcloud_campaign.tally WHERE worker = 0 FOR UPDATE";
    other.batch_execute(locks).await.unwrap();
    record(1).await.unwrap();
    other.rollback().await.unwrap();
    record(2).await.unwrap();
    assert_eq!(world.ledger.counts(id).await.unwrap().delivered(), 3);
}
