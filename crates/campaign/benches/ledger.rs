//! The cost of the ledger. Ratios within one run, on the disk of the temporary folder. Only `http` sends requests, to a sandbox in this process.
//!
//!     cargo bench -p nxcloud-campaign --bench ledger                 # all of it, a million rows
//!     cargo bench -p nxcloud-campaign --bench ledger -- loop         # a run over a loop that takes one row at a time
//!     cargo bench -p nxcloud-campaign --bench ledger -- delay        # 100 ms a request, 200 at once, over a bare loop
//!     cargo bench -p nxcloud-campaign --bench ledger -- import 10000000
//!     cargo bench -p nxcloud-campaign --bench ledger -- claims 10000000
//!     cargo bench -p nxcloud-campaign --bench ledger -- receipts
//!     cargo bench -p nxcloud-campaign --bench ledger -- http         # a campaign over a bare loop of the same client; pause and restart

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a program that prints figures"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{
    Ledger as _, Limits, NewCampaign, Receipt, RowFilter, Run, Sender as _, Sqlite, State, import,
};
use nxcloud_sandbox::Sandbox;
use nxcloud_sms::SendSms;
use rusqlite::Connection;

use common::{MILLION, Nothing, block_on, campaign, list, per_second, template};

mod common;

fn main() {
    let arguments = common::arguments();
    let rows = arguments
        .get(1)
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(MILLION);
    match arguments.first().map(String::as_str) {
        Some("loop") => against_a_loop(),
        Some("import") => import_alone(rows),
        Some("import-child") => import_child(Path::new(&arguments[2]), rows),
        Some("claims") => claims(rows),
        Some("receipts") => receipts(),
        Some("delay") => with_a_delay(),
        Some("http") => over_http(),
        _ => {
            against_a_loop();
            with_a_delay();
            import_alone(MILLION);
            claims(MILLION);
            receipts();
            over_http();
        }
    }
}

/// A campaign with a sender that sends nothing, over a loop that commits each row twice.
fn against_a_loop() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, looped) = (60_000, 2_000);
    let path = list(folder.path(), rows);
    let simple = row_at_a_time(&folder.path().join("loop.db"), looped);
    println!("a row at a time, two commits each: {simple:.0} rows/s");
    for slots in [64, 256] {
        let ledger = Sqlite::create(folder.path().join(format!("{slots}.ledger"))).unwrap();
        let rate = block_on(async {
            campaign(&ledger, &path).await;
            let start = Instant::now();
            let report = Run::new(&ledger, "bench", &template(), &Nothing(Duration::ZERO))
                .slots(slots)
                .execute()
                .await
                .unwrap();
            assert_eq!(report.counts.state(State::Accepted), u64::from(rows));
            per_second(rows.into(), start.elapsed())
        });
        println!(
            "a campaign with {slots} slots: {rate:.0} rows/s, {:.1} times",
            rate / simple
        );
    }
}

fn row_at_a_time(path: &Path, rows: u32) -> f64 {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row(id INTEGER PRIMARY KEY, state INTEGER, phone TEXT, id_text TEXT); CREATE INDEX ready ON row(id) WHERE state = 0;")
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for row in 0..rows {
        connection
            .execute(
                "INSERT INTO row VALUES(?1, 0, ?2, NULL)",
                (row, format!("86150{row:08}")),
            )
            .unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    let start = Instant::now();
    let mut next = connection
        .prepare("SELECT id, phone FROM row INDEXED BY ready WHERE state = 0 LIMIT 1")
        .unwrap();
    let mut sending = connection
        .prepare("UPDATE row SET state = 1 WHERE id = ?1")
        .unwrap();
    let mut done = connection
        .prepare("UPDATE row SET state = 2, id_text = ?2 WHERE id = ?1")
        .unwrap();
    for _ in 0..rows {
        let (id, phone): (u32, String) = next
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        sending.execute([id]).unwrap();
        done.execute((id, phone)).unwrap();
    }
    per_second(rows.into(), start.elapsed())
}

/// What the ledger takes from the rate when replies take 100 ms and 200 requests are in flight.
fn with_a_delay() {
    let slow = Nothing(Duration::from_millis(100));
    let folder = tempfile::tempdir().unwrap();
    let rows = 10_000;
    let path = list(folder.path(), rows);
    let app = nxcloud_client::AppKey::new("app");
    let bare = block_on(async {
        let start = Instant::now();
        futures_util::stream::iter(0..rows)
            .for_each_concurrent(200, |row| {
                let request = SendSms::new(&app, format!("86150{row:08}"), "hello").with_ext("x");
                let slow = &slow;
                async move { drop(slow.send(&request).await) }
            })
            .await;
        per_second(rows.into(), start.elapsed())
    });
    let ledger = Sqlite::create(folder.path().join("delay.ledger")).unwrap();
    let rate = block_on(async {
        campaign(&ledger, &path).await;
        let start = Instant::now();
        Run::new(&ledger, "bench", &template(), &slow)
            .slots(200)
            .execute()
            .await
            .unwrap();
        per_second(rows.into(), start.elapsed())
    });
    println!(
        "100 ms a request, 200 at once: bare loop {bare:.0} rows/s, campaign {rate:.0}: {:.3}",
        rate / bare
    );
}

/// A campaign over a bare loop of the same client, against a sandbox; then how fast a pause and a restart take effect.
fn over_http() {
    let cases = [
        (Duration::from_millis(100), 200, 6_000),
        (Duration::ZERO, 64, 10_000),
    ];
    for (delay, slots, rows) in cases {
        let rates = block_on(http_rates(delay, slots, rows));
        let [bare, campaign] = rates;
        println!(
            "{} ms a reply, {slots} at once: bare loop {bare:.0} requests/s, campaign {campaign:.0}: {:.3}",
            delay.as_millis(),
            campaign / bare
        );
    }
    block_on(pause_and_restart());
}

async fn platform(delay: Duration) -> Sandbox {
    let sandbox = Sandbox::builder()
        .history(50_000)
        .reply_delay(delay..=delay);
    sandbox.start().await.unwrap()
}

/// Requests per second of the bare loop and of the campaign.
async fn http_rates(delay: Duration, slots: u32, rows: u32) -> [f64; 2] {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path(), rows);
    let app = nxcloud_client::AppKey::new("app");
    let sandbox = platform(delay).await;
    let session = sandbox.session();
    let start = Instant::now();
    futures_util::stream::iter(0..rows)
        .for_each_concurrent(slots as usize, |row| {
            let content = format!("Hello person number {row}, your code is 123456.");
            let request = SendSms::new(&app, format!("86150{row:08}"), content).with_ext("x");
            let session = &session;
            async move {
                session.send(&request).await.unwrap();
            }
        })
        .await;
    let bare = per_second(rows.into(), start.elapsed());
    let sandbox = platform(delay).await;
    let session = sandbox.session();
    let ledger = Sqlite::create(folder.path().join("http.ledger")).unwrap();
    campaign(&ledger, &list).await;
    let start = Instant::now();
    let template = template();
    let run = Run::new(&ledger, "bench", &template, &session).slots(slots);
    let report = run.execute().await.unwrap();
    assert_eq!(report.counts.state(State::Accepted), u64::from(rows));
    [bare, per_second(rows.into(), start.elapsed())]
}

async fn pause_and_restart() {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path(), 10_000);
    let path = folder.path().join("pause.ledger");
    let sandbox = platform(Duration::from_millis(100)).await;
    let session = sandbox.session();
    let ledger = Sqlite::create(&path).unwrap();
    let id = campaign(&ledger, &list).await.id;
    let template = template();
    let run = Run::new(&ledger, "bench", &template, &session).slots(200);
    let pause = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // As another process does it.
        let other = Sqlite::open(&path).unwrap();
        other.pause(id, "bench").await.unwrap();
        SystemTime::now()
    };
    let (report, paused) = tokio::join!(run.execute(), pause);
    report.unwrap();
    let times = || {
        let requests = sandbox.requests_for("send_sms");
        let times = requests
            .iter()
            .map(|request| Duration::from_millis(request.received_at()));
        times.collect::<Vec<_>>()
    };
    let since = |time: SystemTime, request: Duration| {
        let time = time.duration_since(UNIX_EPOCH).unwrap();
        request.as_secs_f64() - time.as_secs_f64()
    };
    let last = times().into_iter().max().unwrap();
    println!(
        "pause to last request: {:.0} ms",
        since(paused, last).max(0.0) * 1e3
    );
    ledger.resume(id).await.unwrap();
    drop(ledger);
    let start = SystemTime::now();
    let ledger = Sqlite::open(&path).unwrap();
    let run = Run::new(&ledger, "bench", &template, &session).slots(200);
    let stop = run.stop();
    let (report, ()) = tokio::join!(run.execute(), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.stop();
    });
    report.unwrap();
    let first = times()
        .into_iter()
        .filter(|time| *time > last)
        .min()
        .unwrap();
    println!(
        "restart to first request: {:.0} ms",
        since(start, first) * 1e3
    );
}

/// In a process of its own, so that its peak of memory is that of the import.
fn import_alone(rows: u32) {
    let folder = tempfile::tempdir().unwrap();
    list(folder.path(), rows);
    let me = std::env::current_exe().unwrap();
    let status = Command::new(me)
        .args(["import-child", &rows.to_string()])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
}

fn import_child(folder: &Path, rows: u32) {
    let start = Instant::now();
    let ledger = Sqlite::create(folder.join("import.ledger")).unwrap();
    let looked_at = List::open(folder.join("list.csv"), &ListOptions::new()).unwrap();
    let survey = start.elapsed();
    let new = NewCampaign::from_template("bench", &template());
    let mut last = start.elapsed();
    let campaign = block_on(import(&ledger, new, &looked_at, |_| last = start.elapsed())).unwrap();
    let time = start.elapsed();
    assert_eq!(campaign.imported, rows);
    println!(
        "import of {rows} rows: {:.0} rows/s (look {:.1} s, rows {:.1} s, duplicates {:.1} s), peak {} MiB, file {} MiB",
        per_second(rows.into(), time),
        survey.as_secs_f64(),
        (last - survey).as_secs_f64(),
        (time - last).as_secs_f64(),
        peak() >> 10,
        std::fs::metadata(folder.join("import.ledger"))
            .unwrap()
            .len()
            >> 20,
    );
}

/// The peak of memory of this process, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default()
}

/// The same number of rows at the start and with 99 % done, and how long a status takes.
fn claims(rows: u32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.ledger");
    let list = list(folder.path(), rows);
    let some = u64::from(rows / 200);
    let same = template();
    let rate = |ledger: &Sqlite, done: u64| {
        block_on(async {
            let campaign = ledger.campaign("bench").await.unwrap();
            ledger.resume(campaign.id).await.unwrap();
            let start = Instant::now();
            let run = Run::new(ledger, "bench", &same, &Nothing(Duration::ZERO))
                .slots(64)
                .limits(Limits::none().rows(done + some));
            let report = run.execute().await.unwrap();
            assert_eq!(report.counts.state(State::Accepted), done + some);
            per_second(some, start.elapsed())
        })
    };
    let ledger = Sqlite::create(&path).unwrap();
    block_on(campaign(&ledger, &list));
    let first = rate(&ledger, 0);
    drop(ledger);
    let done = u64::from(rows) / 100 * 99;
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "UPDATE row SET state = 2, claims = 1, message_id = 'nx-' || id, settled_at = 1 WHERE state = 0 AND (id & 4294967295) <= {done};
             UPDATE tally SET count = {done} WHERE kind = 2; UPDATE tally SET count = {} WHERE kind = 0; PRAGMA wal_checkpoint(TRUNCATE);",
            u64::from(rows) - done
        ))
        .unwrap();
    drop(connection);
    let ledger = Sqlite::open(&path).unwrap();
    let last = rate(&ledger, done);
    println!(
        "claims at the start {first:.0} rows/s, with 99 % of {rows} done {last:.0} rows/s: {:.2} times as long",
        first / last
    );
    block_on(async {
        let start = Instant::now();
        let campaign = ledger.campaign("bench").await.unwrap();
        ledger.counts(campaign.id).await.unwrap();
        println!("status: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    });
    let start = Instant::now();
    drop(ledger);
    let ledger = Sqlite::open(&path).unwrap();
    block_on(async {
        let first = ledger.campaign("bench").await.unwrap();
        ledger.resume(first.id).await.unwrap();
        let run = Run::new(&ledger, "bench", &same, &Nothing(Duration::ZERO))
            .slots(1)
            .limits(Limits::none().rows(done + some + 1));
        run.execute().await.unwrap();
    });
    println!(
        "close, open, one row sent: {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
}

/// One receipt a call, as pushes come: 64 at once, each durable before its call returns.
fn receipts() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 30_000;
    let list = list(folder.path(), rows);
    let ledger = Sqlite::create(folder.path().join("receipts.ledger")).unwrap();
    block_on(async {
        let campaign = campaign(&ledger, &list).await;
        Run::new(&ledger, "bench", &template(), &Nothing(Duration::ZERO))
            .slots(256)
            .execute()
            .await
            .unwrap();
        let all = ledger
            .rows(campaign.id, RowFilter::All, 0, rows)
            .await
            .unwrap();
        let receipts = all.iter().map(|row| {
            let push = serde_json::json!({"messageid": "m", "status": "2", "ext": row.row.key(), "price": "0.035", "size": "1"});
            Receipt::of_push::<SendSms>("sms_receipt", &push, false)
        });
        let receipts: Vec<_> = receipts.collect();
        let start = Instant::now();
        futures_util::stream::iter(receipts)
            .for_each_concurrent(64, |receipts| async {
                drop(ledger.record(receipts).await.unwrap())
            })
            .await;
        let rate = per_second(rows.into(), start.elapsed());
        let delivered = ledger.counts(campaign.id).await.unwrap().delivered();
        println!("receipts, each a call, 64 at once: {rate:.0}/s, {delivered} of {rows} matched");
    });
}
