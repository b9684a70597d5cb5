//! Sends with time-outs of a few milliseconds on a loaded machine, and counts what a server received.
//!
//!     cargo run --release -p nxcloud --example stress            # 108,000 sends: 1, 2 and 4 workers, 1 to 20 ms
//!     cargo run --release -p nxcloud --example stress -- 6000
//!
//! It fails if a message was received twice, or was received although its send was reported as not sent or rejected. The server closes
//! every connection after its reply, so each attempt opens a new connection, and the time-out often fires while the request is handed to
//! the connection. One busy thread per core loads the machine.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nxcloud::sms::{Client, SendSms};
use nxcloud::{AppKey, Credentials, Error, Outcome, RetryPolicy, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

const WORKERS: [usize; 3] = [1, 2, 4];
const TIMEOUTS_MS: [u64; 6] = [1, 2, 3, 5, 10, 20];
const TASKS: usize = 32;
const REPLY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 34\r\nconnection: close\r\n\r\n{\"code\":\"0\",\"messageid\":\"M000001\"}";
/// The time limit of the run, for slow machines too.
const TIME_LIMIT: Duration = Duration::from_secs(1200);

type AnyError = Box<dyn std::error::Error + Send + Sync>;
/// How often the complete body of each message arrived, by the message's id.
type Received = Arc<Mutex<HashMap<String, u32>>>;

fn main() -> Result<(), AnyError> {
    let sends: usize = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 108_000,
    };
    let each = sends.div_ceil(WORKERS.len() * TIMEOUTS_MS.len());
    let start = Instant::now();
    let load = Load::start();
    println!(
        "| workers | time-out | sends | accepted | not sent | unknown | received twice | reported as not sent or rejected, but received |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut wrong = 0;
    for workers in WORKERS {
        for millis in TIMEOUTS_MS {
            if start.elapsed() > TIME_LIMIT {
                return Err("the run took too long".into());
            }
            wrong += run(workers, Duration::from_millis(millis), each)?;
        }
    }
    drop(load);
    println!("\n{wrong} wrong in {:.0} s", start.elapsed().as_secs_f64());
    if wrong > 0 {
        return Err(format!("{wrong} messages were received twice or reported wrongly").into());
    }
    Ok(())
}

/// Runs and prints one row of the table. Returns the number of wrong messages.
fn run(workers: usize, timeout: Duration, sends: usize) -> Result<usize, AnyError> {
    let server = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let listener = server.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let received = Received::default();
    server.spawn(serve(listener, Arc::clone(&received)));

    let clients = Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    let outcomes = clients.block_on(limited(send(&url, timeout, sends)))??;
    // Requests in transit now arrive or end with their connection.
    drop(clients);
    server.block_on(limited(settle(&received)))?;

    let received = received.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut twice, mut misreported) = (0, 0);
    let mut count = HashMap::new();
    for (id, outcome) in &outcomes {
        let times = received.get(id).copied().unwrap_or(0);
        twice += usize::from(times > 1);
        let reported_unsent = matches!(outcome, Some(Outcome::NotSent | Outcome::Rejected));
        misreported += usize::from(reported_unsent && times > 0);
        *count.entry(*outcome).or_insert(0) += 1;
    }
    let count = |outcome| count.get(&outcome).copied().unwrap_or(0);
    println!(
        "| {workers} | {} ms | {sends} | {} | {} | {} | {twice} | {misreported} |",
        timeout.as_millis(),
        count(None),
        count(Some(Outcome::NotSent)),
        count(Some(Outcome::Unknown)),
    );
    server.shutdown_background();
    Ok(twice + misreported)
}

async fn limited<T>(work: impl Future<Output = T>) -> Result<T, tokio::time::error::Elapsed> {
    tokio::time::timeout(TIME_LIMIT, work).await
}

/// Sends the messages. Returns the outcome of each by its id; `None` means success.
async fn send(
    url: &str,
    timeout: Duration,
    sends: usize,
) -> Result<HashMap<String, Option<Outcome>>, AnyError> {
    let session = Session::builder()
        .credentials(Credentials::nxcloud("key", "secret")?)
        .base_url(url)
        .timeout(timeout)
        .retry(RetryPolicy::new().base_delay(Duration::ZERO))
        .retry_budget(None)
        .build()?;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let client = Client::new(&session);
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                for number in (task..sends).step_by(TASKS) {
                    let id = format!("stress-{number:08}");
                    let request =
                        SendSms::new(AppKey::new("app"), "8615012345678", "Your code is 4711")
                            .with_sys_message_id(&id);
                    let result = client.send_sms(&request).await;
                    outcomes.push((id, result.err().as_ref().map(Error::outcome)));
                }
                outcomes
            })
        })
        .collect();
    let mut outcomes = HashMap::new();
    for task in tasks {
        outcomes.extend(task.await?);
    }
    Ok(outcomes)
}

/// Waits until no message arrives any more.
async fn settle(received: &Received) {
    let count = || -> u32 {
        let received = received.lock().unwrap_or_else(PoisonError::into_inner);
        received.values().sum()
    };
    loop {
        let before = count();
        tokio::time::sleep(Duration::from_millis(100)).await;
        if count() == before {
            return;
        }
    }
}

async fn serve(listener: TcpListener, received: Received) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&received)));
    }
}

/// Reads a request, counts it and answers that it was accepted.
async fn answer(mut stream: TcpStream, received: Received) -> Option<()> {
    let mut bytes = Vec::new();
    let body = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = std::str::from_utf8(&bytes).ok()?;
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))?;
            if body.len() == length.parse::<usize>().ok()? {
                break body;
            }
        }
    };
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let id = body["sysMessageId"].as_str()?.to_owned();
    *received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(id)
        .or_default() += 1;
    stream.write_all(REPLY.as_bytes()).await.ok()
}

/// Threads that keep every core busy until the value is dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start() -> Self {
        let on = Arc::new(AtomicBool::new(true));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores {
            let on = Arc::clone(&on);
            std::thread::spawn(move || {
                while on.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(on)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
