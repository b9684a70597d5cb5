//! Kills a process that sends to a list with SIGKILL, again and again, and counts what the platform accepted.
//!
//!     cargo run --release -p nxcloud-campaign --example kill -- 300          # a campaign: fails if a promise is broken
//!     cargo run --release -p nxcloud-campaign --example kill -- 300 after    # a loop with a progress file, written after each send
//!     cargo run --release -p nxcloud-campaign --example kill -- 300 before   # the same, written before each send
//!
//! The sandbox plays the platform in this process; it loses some replies, refuses some requests, and pushes a receipt for each accepted
//! message. The sender is a child process that is killed at random moments and started again.

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

mod campaign;
mod progress_file;

use std::error::Error;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use nxcloud_client::{Credentials, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Fault, Mix, Sandbox};

/// Requests in flight at once.
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
        ["worker", "campaign", ledger, name, url] => campaign::work(ledger, name, url).await,
        ["worker", order, list, progress, url] => {
            progress_file::work(order, list, progress, url).await
        }
        [kills] => campaign::run(kills.parse()?).await,
        [kills, order @ ("after" | "before")] => progress_file::run(kills.parse()?, order).await,
        _ => Err("usage: kill KILLS [after|before]".into()),
    }
}

/// The platform. Of a hundred requests, two are accepted and the reply is lost, one is too fast for the platform, and one is refused.
async fn platform() -> Result<Sandbox> {
    let delay = Duration::from_millis(5)..=Duration::from_millis(40);
    let sandbox = Sandbox::builder().reply_delay(delay).start().await?;
    let faults = Mix::new(fastrand::u64(..))
        .with(0.01, Fault::ResetAfterAccept)
        .with(0.01, Fault::StatusAfterAccept { status: 502 })
        .with(0.01, Fault::Code { code: 28 })
        .with(0.01, Fault::Code { code: 6 });
    sandbox.faults().mix(faults);
    Ok(sandbox)
}

/// The account of the sandbox.
fn session(url: &str) -> Result<Session> {
    let credentials = Credentials::default().with_nxcloud(ACCESS_KEY, ACCESS_SECRET)?;
    let session = Session::builder().credentials(credentials).base_url(url);
    Ok(session.allow_plain_http(true).build()?)
}

/// Writes a list with one number per row, no number in two lists.
fn write_list(path: &Path, first: u32) -> Result<()> {
    let rows = (first..first + ROWS).map(|row| format!("86150{row:08},person {row}\n"));
    std::fs::write(path, format!("phone,name\n{}", rows.collect::<String>()))?;
    Ok(())
}

/// Starts this program as a worker.
fn start(arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    Ok(command.arg("worker").args(arguments).spawn()?)
}

/// How a worker ended.
enum Life {
    Killed,
    Finished,
}

/// Lets a worker live for a random time, then kills it; or to its end.
async fn live(mut child: Child, kill: bool) -> Result<Life> {
    let life = LONGEST_LIFE.mul_f64(fastrand::f64());
    if kill {
        tokio::time::sleep(life).await;
        child.kill()?;
    }
    let status = tokio::task::spawn_blocking(move || child.wait()).await??;
    match status.code() {
        Some(0) => Ok(Life::Finished),
        None => Ok(Life::Killed),
        Some(code) => Err(format!("the worker ended with exit code {code}").into()),
    }
}
