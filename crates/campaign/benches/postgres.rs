//! The cost of a ledger in PostgreSQL: ratios within one run, on the server that `.ci/postgres` starts. Nothing is sent. Each worker is a
//! process.
//!
//!     .ci/postgres cargo bench -p nxcloud-campaign --features postgres --bench postgres               # all of it, a million rows
//!     .ci/postgres cargo bench -p nxcloud-campaign --features postgres --bench postgres -- loop       # workers over a loop that takes one row at a time
//!     .ci/postgres cargo bench -p nxcloud-campaign --features postgres --bench postgres -- workers    # two workers over one, 100 ms a request
//!     .ci/postgres cargo bench -p nxcloud-campaign --features postgres --bench postgres -- claims 5000000

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a program that prints figures"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nxcloud_campaign::{Ledger as _, Postgres, Run, RunEnd, State};
use tokio_postgres::{Client, NoTls};

use common::{MILLION, Nothing, block_on, campaign, list, per_second, template};

mod common;

fn main() {
    let arguments = common::arguments();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
    match arguments.first().map(String::as_str) {
        Some("loop") => against_a_loop(),
        Some("workers") => two_workers(),
        Some("claims") => claims(number(1).unwrap_or(MILLION)),
        Some("worker") => worker(&arguments[1], number(2).unwrap(), number(3).unwrap()),
        _ => {
            against_a_loop();
            two_workers();
            claims(MILLION);
        }
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async { connection.await.unwrap() });
    client
}

/// A new database; its URL.
async fn database(name: &str) -> String {
    let server = std::env::var("NXCLOUD_TEST_POSTGRES").expect("run it with .ci/postgres");
    let admin = client(&server.replace("DATABASE", "postgres")).await;
    let name = format!("bench_{}_{name}", std::process::id());
    admin
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    server.replace("DATABASE", &name)
}

/// A new database with a campaign.
fn ledger(name: &str, rows: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path(), rows);
    block_on(async {
        let url = database(name).await;
        let ledger = Postgres::connect(&url, None).await.unwrap();
        let start = Instant::now();
        campaign(&ledger, &list).await;
        if rows >= MILLION {
            let rate = per_second(rows.into(), start.elapsed());
            println!("import of {rows} rows: {rate:.0} rows/s");
        }
        url
    })
}

/// Rows per second of worker processes that finish a campaign, from the moment at which all of them are connected.
fn finish(url: &str, rows: u32, workers: u32, slots: u32, delay: Duration) -> f64 {
    let start_worker = |_| {
        let delay = delay.as_millis().to_string();
        Command::new(std::env::current_exe().unwrap())
            .args(["worker", url, &slots.to_string(), &delay])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut children: Vec<Child> = (0..workers).map(start_worker).collect();
    for child in &mut children {
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        assert_eq!(line, "connected\n");
    }
    let start = Instant::now();
    for child in &mut children {
        writeln!(child.stdin.as_mut().unwrap(), "start").unwrap();
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let time = start.elapsed();
    block_on(async {
        let ledger = Postgres::open(url, None).await.unwrap();
        let campaign = ledger.campaign("bench").await.unwrap();
        let counts = ledger.counts(campaign.id).await.unwrap();
        assert_eq!(counts.state(State::Accepted), u64::from(rows));
    });
    per_second(rows.into(), time)
}

fn worker(url: &str, slots: u32, delay: u32) {
    block_on(async {
        let ledger = Postgres::open(url, None).await.unwrap();
        println!("connected");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let sender = Nothing(Duration::from_millis(delay.into()));
        let template = template();
        let run = Run::new(&ledger, "bench", &template, &sender).slots(slots);
        let report = run.execute().await.unwrap();
        assert_eq!(report.ended, RunEnd::Done);
    });
}

/// Campaigns over a loop that commits each row twice.
fn against_a_loop() {
    let simple = block_on(row_at_a_time(2_000));
    println!("a row at a time, two commits each: {simple:.0} rows/s");
    let rows = 60_000;
    for (workers, slots) in [(1, 64), (1, 256), (2, 64), (2, 256), (4, 64)] {
        let url = ledger(&format!("loop_{workers}_{slots}"), rows);
        let rate = finish(&url, rows, workers, slots, Duration::ZERO);
        println!(
            "a campaign with {workers} workers of {slots} slots: {rate:.0} rows/s, {:.1} times",
            rate / simple
        );
    }
}

async fn row_at_a_time(rows: i32) -> f64 {
    let client = client(&database("row").await).await;
    client
        .batch_execute(
            "CREATE TABLE list(id integer PRIMARY KEY, state integer NOT NULL, phone text NOT NULL, id_text text);
             CREATE INDEX ready ON list(id) WHERE state = 0",
        )
        .await
        .unwrap();
    let fill = "INSERT INTO list SELECT n, 0, '86150' || lpad(n::text, 8, '0') FROM generate_series(1, $1::integer) n";
    client.execute(fill, &[&rows]).await.unwrap();
    client.batch_execute("ANALYZE list").await.unwrap();
    let prepare = |statement| client.prepare(statement);
    let next = "SELECT id, phone FROM list WHERE state = 0 ORDER BY id LIMIT 1";
    let next = prepare(next).await.unwrap();
    let sending = prepare("UPDATE list SET state = 1 WHERE id = $1");
    let sending = sending.await.unwrap();
    let done = prepare("UPDATE list SET state = 2, id_text = $2 WHERE id = $1");
    let done = done.await.unwrap();
    let start = Instant::now();
    for _ in 0..rows {
        let row = client.query_one(&next, &[]).await.unwrap();
        let (id, phone): (i32, String) = (row.get(0), row.get(1));
        client.execute(&sending, &[&id]).await.unwrap();
        client.execute(&done, &[&id, &phone]).await.unwrap();
    }
    per_second(rows.unsigned_abs().into(), start.elapsed())
}

/// What a second worker brings when replies take 100 ms.
fn two_workers() {
    let rows = 8_000;
    let rates = [1, 2].map(|workers| {
        let url = ledger(&format!("workers_{workers}"), rows);
        finish(&url, rows, workers, 64, Duration::from_millis(100))
    });
    let [one, two] = rates;
    println!(
        "100 ms a request, 64 at once: one worker {one:.0} rows/s, two workers {two:.0}: {:.2} times",
        two / one
    );
}

/// The same number of rows at the start and with 98 % done, one right after the other: every row was claimed and settled, and the server
/// vacuumed when it chose to. Then how long a status takes.
fn claims(rows: u32) {
    let url = ledger("claims", rows);
    let some = rows / 200;
    block_on(async {
        let ledger = Postgres::open(&url, None).await.unwrap();
        let template = template();
        let slice = async |rows: u32, slots: u32| {
            let start = Instant::now();
            let run = Run::new(&ledger, "bench", &template, &Nothing(Duration::ZERO)).slots(slots);
            let later = Instant::now() + Duration::from_secs(24 * 3600);
            let report = run.work_slice(rows, later).await.unwrap();
            let rate = per_second(rows.into(), start.elapsed());
            (rate, report.counts.state(State::Accepted))
        };
        let (first, _) = slice(some, 64).await;
        let (middle, done) = slice(rows / 50 * 49 - some, 256).await;
        let (last, _) = slice(some, 64).await;
        println!(
            "claims at the start {first:.0} rows/s, then {middle:.0} rows/s with 256 slots, with {done} of {rows} done {last:.0} rows/s: {:.2} times as long",
            first / last
        );
        vacuums(&url).await;
        let campaign = ledger.campaign("bench").await.unwrap();
        let start = Instant::now();
        ledger.counts(campaign.id).await.unwrap();
        println!("status: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    });
}

async fn vacuums(url: &str) {
    let statement = "
        SELECT autovacuum_count, n_dead_tup, pg_table_size(relid) >> 20, pg_relation_size('nxcloud_campaign.list_row_ready') >> 20
        FROM pg_stat_user_tables WHERE relname = 'list_row'";
    let row = client(url).await.query_one(statement, &[]).await.unwrap();
    let [vacuums, dead, table, index] = [0, 1, 2, 3].map(|place| row.get::<_, i64>(place));
    println!(
        "vacuums {vacuums}, dead rows {dead}, table {table} MiB, index of ready rows {index} MiB"
    );
}
