//! Kills processes that send to a list with SIGKILL, again and again, and counts what the platform accepted.
//!
//!     cargo run --release -p nxcloud-campaign --example kill -- 300          # a campaign: fails if a promise is broken
//!     cargo run --release -p nxcloud-campaign --example kill -- 300 after    # a loop with a progress file, written after each send
//!     cargo run --release -p nxcloud-campaign --example kill -- 300 before   # the same, written before each send
//!
//! With the feature `postgres`, beside a server that `.ci/postgres` has started:
//!
//!     .ci/postgres cargo run --release -p nxcloud-campaign --features postgres --example kill -- 100 postgres   # two workers, one is killed
//!     .ci/postgres cargo run --release -p nxcloud-campaign --features postgres --example kill -- 20 stops       # the server is stopped
//!
//! The sandbox plays the platform in this process; it loses some replies, refuses some requests, and pushes a receipt for each accepted
//! message. The senders are child processes. They are killed at random moments and started again; or the server is stopped without warning
//! at random moments and started again, and they go on by themselves.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

mod campaign;
#[cfg(feature = "postgres")]
#[path = "../shared/database.rs"]
mod database;
mod progress_file;
#[path = "../campaign/receipts.rs"]
mod receipts;
#[cfg(feature = "postgres")]
mod server;
#[path = "../shared/workers.rs"]
mod workers;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use nxcloud_sandbox::{Fault, Mix, Sandbox};
use workers::Worker;

/// Requests in flight at once, in each worker.
const SLOTS: u32 = 32;
/// Rows of a list. When a list is finished, the next one follows.
const ROWS: u32 = 2_000;
/// A kill comes at most this long after the start of the process.
const LONGEST_LIFE: Duration = Duration::from_millis(300);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["worker", "campaign", place, name, url] => campaign::work(place, name, url).await,
        ["worker", order, list, progress, url] => {
            progress_file::work(order, list, progress, url).await
        }
        [kills] => campaign::kills_with_a_file(kills.parse()?).await,
        [kills, order @ ("after" | "before")] => progress_file::run(kills.parse()?, order).await,
        #[cfg(feature = "postgres")]
        [kills, "postgres"] => campaign::kills_with_a_database(kills.parse()?).await,
        #[cfg(feature = "postgres")]
        [stops, "stops"] => campaign::stops(stops.parse()?).await,
        _ => Err("usage: kill NUMBER [after|before|postgres|stops]; the last two need the feature postgres".into()),
    }
}

/// The platform. Of a thousand requests, twenty are accepted and the reply is lost, ten are refused, and two are too fast, which pauses the
/// account for a moment: more of them, and most kills would hit workers that wait.
async fn platform() -> Result<Sandbox> {
    let delay = Duration::from_millis(5)..=Duration::from_millis(40);
    let sandbox = Sandbox::builder().reply_delay(delay).start().await?;
    let faults = Mix::new(fastrand::u64(..))
        .with(0.01, Fault::ResetAfterAccept)
        .with(0.01, Fault::StatusAfterAccept { status: 502 })
        .with(0.002, Fault::Code { code: 28 })
        .with(0.01, Fault::Code { code: 6 });
    sandbox.faults().mix(faults);
    Ok(sandbox)
}

/// Writes a list with one number per row, no number in two lists.
fn write_list(path: &Path, first: u32) -> Result<()> {
    let rows = (first..first + ROWS).map(|row| format!("86150{row:08},person {row}\n"));
    std::fs::write(path, format!("phone,name\n{}", rows.collect::<String>()))?;
    Ok(())
}

/// How a worker ended.
enum Life {
    Killed,
    Finished,
}

/// Lets a worker live for a random time, at most this long, then kills it; or to its end.
async fn live(mut worker: Worker, longest: Option<Duration>) -> Result<Life> {
    if let Some(longest) = longest {
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
        worker.0.kill()?;
    }
    match worker.end().await?.code() {
        Some(0) => Ok(Life::Finished),
        None => Ok(Life::Killed),
        Some(code) => Err(format!("the worker ended with exit code {code}").into()),
    }
}
