//! Sends many messages through many faults, and compares the reported outcomes with what the sandbox accepted.
//!
//!     cargo run --release -p nxcloud --example soak            # 20,000 sends from 64 tasks; a tenth of the requests fails
//!     cargo run --release -p nxcloud --example soak -- 2000
//!     cargo run --release -p nxcloud --example soak -- 20000 5    # attempts time out after 5 ms instead of a second
//!
//! It fails if a message was accepted twice, if an outcome was reported wrongly, or if memory grows.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nxcloud::sms::{Client, SendSms};
use nxcloud::{AppKey, Credentials, Error, Outcome, RetryPolicy, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Fault, Mix, Sandbox};

const TASKS: usize = 64;
const ROUNDS: usize = 20;
/// The time limit of the run, for slow machines too.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// The reported outcome of each message, by its id. `None` means success.
type Outcomes = Arc<Mutex<HashMap<String, Option<Outcome>>>>;

#[tokio::main(worker_threads = 4)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |index| std::env::args().nth(index).map(|number| number.parse());
    let sends = argument(1).transpose()?.unwrap_or(20_000);
    let millis = argument(2).transpose()?.unwrap_or(1_000);
    let attempt = Duration::from_millis(u64::try_from(millis)?);
    tokio::time::timeout(TIME_LIMIT, soak(sends, attempt)).await?
}

/// Lets a tenth of the requests fail, with every kind of fault equally often.
fn faults() -> Mix {
    let faults = [
        Fault::ResetBeforeAccept,
        Fault::ResetAfterAccept,
        Fault::ResetMidReply,
        Fault::StallBeforeAccept,
        Fault::StallAfterAccept,
        Fault::Slow { milliseconds: 1 },
        Fault::Truncated,
        Fault::Malformed,
        Fault::WrongContentType,
        Fault::Status { status: 429 },
        Fault::Status { status: 503 },
        Fault::StatusAfterAccept { status: 502 },
        Fault::Code { code: 28 },
        Fault::Code { code: 99 },
        Fault::Code { code: 3 },
        Fault::Code { code: 1005 },
    ];
    let mix = Mix::new(20_000);
    let share = 0.1 / 16.0;
    faults
        .into_iter()
        .fold(mix, |mix, fault| mix.with(share, fault))
}

async fn soak(sends: usize, attempt: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().history(usize::MAX).start().await?;
    sandbox.faults().mix(faults());
    let session = Session::builder()
        .credentials(Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET)?)
        .base_url(sandbox.url())
        .timeout(attempt)
        .retry(RetryPolicy::new().base_delay(Duration::from_millis(5)))
        .build()?;
    let start = Instant::now();
    let mut totals = Totals::default();
    let mut memory = Vec::new();
    for round in 0..ROUNDS {
        // This distributes `sends` over the rounds without remainder.
        let count = sends * (round + 1) / ROUNDS - sends * round / ROUNDS;
        let outcomes = send(&session, round, count).await?;
        settle(&sandbox).await;
        totals.add(&sandbox, &outcomes)?;
        sandbox.clear();
        memory.push(resident_kib());
    }
    totals.print(&sandbox, start.elapsed());
    check_memory(&memory)
}

/// Waits until no request arrives any more. An abandoned request may still be in transit.
async fn settle(sandbox: &Sandbox) {
    let mut before = sandbox.requests().len();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = sandbox.requests().len();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Sends `count` messages from all tasks.
async fn send(
    session: &Session,
    round: usize,
    count: usize,
) -> Result<Outcomes, tokio::task::JoinError> {
    let outcomes = Outcomes::default();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (client, outcomes) = (Client::new(session), Arc::clone(&outcomes));
            tokio::spawn(async move {
                for number in (task..count).step_by(TASKS) {
                    let id = format!("soak-{round:04}-{number:08}");
                    let request =
                        SendSms::new(AppKey::new("app"), "8615012345678", "Your code is 4711")
                            .with_sys_message_id(&id);
                    let result = client.send_sms(&request).await;
                    let outcome = result.err().as_ref().map(Error::outcome);
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    outcomes.insert(id, outcome);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    Ok(outcomes)
}

/// The totals of all rounds.
#[derive(Default)]
struct Totals {
    /// For each reported outcome, the number of messages and how many of them the sandbox accepted.
    by_outcome: BTreeMap<&'static str, (usize, usize)>,
    requests: usize,
}

impl Totals {
    /// Compares the reported outcome of each message with what happened.
    fn add(&mut self, sandbox: &Sandbox, outcomes: &Outcomes) -> Result<(), String> {
        let mut accepted: HashMap<String, usize> = HashMap::new();
        for request in sandbox.requests() {
            self.requests += 1;
            if request.verdict().is_accepted() {
                let body = request.json().unwrap_or_default();
                let id = body["sysMessageId"].as_str().unwrap_or_default();
                *accepted.entry(id.to_owned()).or_default() += 1;
            }
        }
        let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, outcome) in outcomes.iter() {
            let times = accepted.remove(id).unwrap_or_default();
            let (name, is_right) = match outcome {
                None => ("accepted", times == 1),
                Some(Outcome::NotSent) => ("not sent", times == 0),
                Some(Outcome::Rejected) => ("rejected", times == 0),
                Some(_) => ("unknown", times <= 1),
            };
            if !is_right {
                return Err(format!("{id}: reported as {name}, accepted {times} times"));
            }
            let (messages, accepted) = self.by_outcome.entry(name).or_default();
            *messages += 1;
            *accepted += times;
        }
        match accepted.keys().next() {
            None => Ok(()),
            Some(id) => Err(format!("{id}: accepted, but no outcome was reported")),
        }
    }

    fn print(&self, sandbox: &Sandbox, elapsed: Duration) {
        println!("| reported outcome | messages | accepted by the sandbox |");
        println!("| --- | --- | --- |");
        for (name, (count, accepted)) in &self.by_outcome {
            println!("| {name} | {count} | {accepted} |");
        }
        let messages: usize = self.by_outcome.values().map(|(count, _)| count).sum();
        println!(
            "\n{messages} messages in {} requests, {} of them with a fault, in {:.1} s; none accepted twice",
            self.requests,
            sandbox.faults().injected(),
            elapsed.as_secs_f64()
        );
    }
}

/// The resident memory, on Linux.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Fails if memory grows by a quarter after the warm-up, which is the first quarter of the rounds.
fn check_memory(memory: &[Option<u64>]) -> Result<(), Box<dyn std::error::Error>> {
    let (Some(&Some(early)), Some(&Some(last))) = (memory.get(ROUNDS / 4), memory.last()) else {
        println!("memory: not available on this system");
        return Ok(());
    };
    println!("memory: {early} KiB after a quarter, {last} KiB at the end");
    if last > early + early / 4 {
        return Err(format!("memory grew from {early} to {last} KiB").into());
    }
    Ok(())
}
