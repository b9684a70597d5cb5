//! Sends many messages through many faults, and counts on both sides: what the caller was told, and what the sandbox accepted.
//!
//!     cargo run --release -p nxcloud --example soak            # 20,000 sends from 64 tasks, a tenth of the requests goes wrong
//!     cargo run --release -p nxcloud --example soak -- 2000
//!     cargo run --release -p nxcloud --example soak -- 20000 5    # attempts time out after 5 ms instead of a second
//!
//! It fails when a message was accepted twice, when the caller was told something else than what happened, or when memory grows.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nxcloud::sms::{Client, SendSms};
use nxcloud::{AppKey, Credentials, Error, Outcome, RetryPolicy, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Fault, Mix, Sandbox};

const TASKS: usize = 64;
const ROUNDS: usize = 20;
/// However slow the machine is, it does not take longer.
const AT_MOST: Duration = Duration::from_secs(600);

/// What the caller was told of each message, by its id.
type Told = Arc<Mutex<HashMap<String, Option<Outcome>>>>;

#[tokio::main(worker_threads = 4)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |index| std::env::args().nth(index).map(|number| number.parse());
    let sends = argument(1).transpose()?.unwrap_or(20_000);
    let millis = argument(2).transpose()?.unwrap_or(1_000);
    let attempt = Duration::from_millis(u64::try_from(millis)?);
    tokio::time::timeout(AT_MOST, soak(sends, attempt)).await?
}

/// A tenth of the requests, in equal parts of everything that can go wrong.
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
    let begun = Instant::now();
    let mut totals = Totals::default();
    let mut memory = Vec::new();
    for round in 0..ROUNDS {
        // The rounds together are what was asked for, whether it divides or not.
        let wanted = sends * (round + 1) / ROUNDS - sends * round / ROUNDS;
        let told = send(&session, round, wanted).await?;
        settle(&sandbox).await;
        totals.add(&sandbox, &told)?;
        sandbox.clear();
        memory.push(resident_kib());
    }
    totals.print(&sandbox, begun.elapsed());
    check_memory(&memory)
}

/// Waits until no request has arrived for a while: what was abandoned by its caller may still be on its way.
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

/// Sends so many messages from all tasks.
async fn send(
    session: &Session,
    round: usize,
    wanted: usize,
) -> Result<Told, tokio::task::JoinError> {
    let told = Told::default();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (client, told) = (Client::new(session), Arc::clone(&told));
            tokio::spawn(async move {
                for number in (task..wanted).step_by(TASKS) {
                    let id = format!("soak-{round:04}-{number:08}");
                    let request =
                        SendSms::new(AppKey::new("app"), "8615012345678", "Your code is 4711")
                            .with_sys_message_id(&id);
                    let result = client.send_sms(&request).await;
                    let outcome = result.err().as_ref().map(Error::outcome);
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    told.insert(id, outcome);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    Ok(told)
}

/// The account of all rounds.
#[derive(Default)]
struct Totals {
    /// What the caller was told, and how many of these the sandbox accepted.
    by_outcome: BTreeMap<&'static str, (usize, usize)>,
    requests: usize,
}

impl Totals {
    /// Compares what was told with what happened, message by message.
    fn add(&mut self, sandbox: &Sandbox, told: &Told) -> Result<(), String> {
        let mut accepted: HashMap<String, usize> = HashMap::new();
        for request in sandbox.requests() {
            self.requests += 1;
            if request.verdict().is_accepted() {
                let body = request.json().unwrap_or_default();
                let id = body["sysMessageId"].as_str().unwrap_or_default();
                *accepted.entry(id.to_owned()).or_default() += 1;
            }
        }
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, outcome) in told.iter() {
            let times = accepted.remove(id).unwrap_or_default();
            let (name, right) = match outcome {
                None => ("accepted", times == 1),
                Some(Outcome::NotSent) => ("not sent", times == 0),
                Some(Outcome::Rejected) => ("rejected", times == 0),
                Some(_) => ("unknown", times <= 1),
            };
            if !right {
                return Err(format!("{id}: told {name}, accepted {times} times"));
            }
            let (count, of_them) = self.by_outcome.entry(name).or_default();
            *count += 1;
            *of_them += times;
        }
        match accepted.keys().next() {
            None => Ok(()),
            Some(id) => Err(format!("{id}: accepted, but nobody was told")),
        }
    }

    fn print(&self, sandbox: &Sandbox, took: Duration) {
        println!("| told | messages | of them accepted by the sandbox |");
        println!("| --- | --- | --- |");
        for (name, (count, accepted)) in &self.by_outcome {
            println!("| {name} | {count} | {accepted} |");
        }
        let messages: usize = self.by_outcome.values().map(|(count, _)| count).sum();
        println!(
            "\n{messages} messages in {} requests, {} of them with a fault, in {:.1} s; none accepted twice",
            self.requests,
            sandbox.faults().injected(),
            took.as_secs_f64()
        );
    }
}

/// Memory in use, where the system tells.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The first quarter warms up; from then on memory must not grow by a quarter.
fn check_memory(memory: &[Option<u64>]) -> Result<(), Box<dyn std::error::Error>> {
    let (Some(&Some(early)), Some(&Some(last))) = (memory.get(ROUNDS / 4), memory.last()) else {
        println!("memory: this system does not tell");
        return Ok(());
    };
    println!("memory: {early} KiB after a quarter, {last} KiB at the end");
    if last > early + early / 4 {
        return Err(format!("memory grew from {early} to {last} KiB").into());
    }
    Ok(())
}
