//! Measures how exactly 1, 2 and 4 processes keep one rate together, about ten seconds each:
//!
//!     .ci/postgres cargo run --release -p nxcloud-campaign --features postgres --example rate
//!
//! The limit is 1,000 requests a second with a burst of 50. It fails if in any time of `t` seconds more than `burst + rate * t` rows were
//! claimed, by the clock of the database, or if the sandbox, which enforces the rate as well, refuses a request. The mean leaves the burst
//! out; the goal is at most 2 % below the limit. A busy machine can be slower.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

#[path = "shared/database.rs"]
mod database;
#[path = "shared/workers.rs"]
mod workers;

use std::error::Error;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::time::SystemTime;

use futures_util::future::join_all;
use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{
    Campaign, Ledger as _, NewCampaign, Postgres, Rate, RowFilter, Run, RunEnd, Template, import,
};
use nxcloud_sandbox::Sandbox;
use nxcloud_sms::SendSms;
use workers::Worker;

const RATE: u32 = 1_000;
const BURST: u32 = 50;
/// Ten seconds at this rate, after the burst.
const ROWS: u32 = BURST + 10 * RATE;
/// What the sandbox accepts at once: requests can come closer together on their way.
const BURST_ON_ARRIVAL: u32 = 2 * BURST;
const TEMPLATE: &str = r#"{"appKey": "my-app", "phone": "{phone}", "content": "Hello"}"#;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["worker", database, name, url] => work(database, name, url).await,
        [] => measure_all().await,
        _ => Err("usage: rate".into()),
    }
}

/// A worker: runs the campaign to its end.
async fn work(database: &str, name: &str, url: &str) -> Result<()> {
    let ledger = Postgres::open(database, None).await?;
    let template = Template::<SendSms>::new(TEMPLATE)?;
    let session = workers::session(url)?;
    let run = Run::new(&ledger, name, &template, &session).slots(64);
    match run.execute().await?.ended {
        RunEnd::Done => Ok(()),
        ended => Err(format!("the run ended as {ended:?}").into()),
    }
}

async fn measure_all() -> Result<()> {
    let database = database::create().await?;
    println!("limit {RATE}/s, burst {BURST}");
    println!(
        "{:>9} {:>7} {:>7} {:>22} {:>20} {:>8}",
        "processes", "rows", "mean/s", "most over rate x time", "most in 1 s, arrived", "refused"
    );
    for processes in [1, 2, 4] {
        measure(&database, processes).await?;
    }
    Ok(())
}

async fn measure(database: &str, processes: u32) -> Result<()> {
    let ledger = Postgres::connect(database, None).await?;
    let name = format!("processes-{processes}");
    let campaign = imported(&ledger, &name, processes).await?;
    let rate = Rate::per_second(RATE).with_burst(BURST);
    ledger.set_rate(campaign.id, Some(rate)).await?;
    let limit = |limit| NonZeroU32::new(limit).ok_or("a limit is 0");
    let sandbox = Sandbox::builder().rate(limit(RATE)?, limit(BURST_ON_ARRIVAL)?);
    let sandbox = sandbox.start().await?;

    let workers = (0..processes).map(|_| Worker::start(&[database, &name, sandbox.url()]));
    let workers = workers.collect::<std::io::Result<Vec<_>>>()?;
    for status in join_all(workers.into_iter().map(Worker::end)).await {
        if !status?.success() {
            return Err("a worker failed".into());
        }
    }

    let rows = ledger
        .rows(campaign.id, RowFilter::All, 0, ROWS + 1)
        .await?;
    let mut claims: Vec<_> = rows.iter().filter_map(|row| row.claimed_at).collect();
    claims.sort_unstable();
    let (mean, most) = mean_and_most(&claims)?;
    let report = sandbox.rate().ok_or("the sandbox enforces no rate")?;
    println!(
        "{processes:>9} {:>7} {mean:>7.1} {most:>22.1} {:>20} {:>8}",
        claims.len(),
        report.highest,
        report.refused
    );
    if most > f64::from(BURST) || report.refused > 0 {
        return Err("more requests than the limit allows".into());
    }
    Ok(())
}

/// A campaign of this name.
async fn imported(ledger: &Postgres, name: &str, processes: u32) -> Result<Campaign> {
    let mut list = "phone\n".to_owned();
    for row in 0..ROWS {
        writeln!(list, "8615{processes}{row:08}")?;
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("list.csv");
    std::fs::write(&path, list)?;
    let new = NewCampaign::from_template(name, &Template::<SendSms>::new(TEMPLATE)?);
    let list = List::open(&path, &ListOptions::new())?;
    Ok(import(ledger, new, &list, |_| {}).await?)
}

/// The mean of a second without the burst, and the most by which claims of any time exceed rate x time.
fn mean_and_most(claims: &[SystemTime]) -> Result<(f64, f64)> {
    let (Some(first), Some(last)) = (claims.first(), claims.last()) else {
        return Err("no row was claimed".into());
    };
    // How far ahead of the rate since the first claim, in billionths of a row; where it is least, the worst time begins.
    let row = 1_000_000_000;
    let (mut claimed, mut least, mut most) = (0, i128::MAX, 0);
    for claim in claims {
        let nanos = i128::try_from(claim.duration_since(*first)?.as_nanos())?;
        let ahead = claimed * row - nanos * i128::from(RATE);
        least = least.min(ahead);
        claimed += 1;
        most = most.max(ahead + row - least);
    }
    let time = last.duration_since(*first)?.as_secs_f64();
    let mean = (claims.len() as f64 - f64::from(BURST)) / time;
    Ok((mean, most as f64 / row as f64))
}
