//! The overhead of the client: `send_sms` compared with raw reqwest that posts the same pre-signed bytes. Both send to a bare server on the
//! loopback interface, in turn.
//!
//!     cargo bench -p nxcloud-benches --features client --bench overhead
//!
//! The server runs in another process: the CPU time of this process is the CPU time of the clients.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use nxcloud_benches::bare_server::{SERVE, Server, serve};
use nxcloud_benches::senders::{ACCESS_KEY, Failure, Raw, SECRET, request};
use nxcloud_client::{Credentials, Session};
use nxcloud_sms::Client;

/// How long each of the two runs in a turn.
const SLICE: Duration = Duration::from_millis(1500);
const TURNS: usize = 7;

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == SERVE) {
        return Ok(serve()?);
    }
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    println!(
        "| concurrent | raw reqwest, requests/s | `send_sms`, requests/s | ratio | raw, CPU µs per request | `send_sms`, CPU µs per request |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for concurrent in [1, 64] {
        let (raw, client) = runtime.block_on(measure(&server.url, concurrent))?;
        let ratio = client.per_second / raw.per_second;
        println!(
            "| {concurrent} | {:.0} | {:.0} | {ratio:.3} | {:.1} | {:.1} |",
            raw.per_second, client.per_second, raw.cpu_micros, client.cpu_micros
        );
    }
    Ok(())
}

/// The medians of all turns.
struct Figures {
    per_second: f64,
    cpu_micros: f64,
}

async fn measure(url: &str, concurrent: usize) -> Result<(Figures, Figures), Failure> {
    let request = Arc::new(request());
    let session = Session::builder()
        .credentials(Credentials::nxcloud(ACCESS_KEY, SECRET)?)
        .base_url(url)
        .build()?;
    let client = Client::new(&session);
    let raw = Raw::new(url, &request)?;
    let (mut raws, mut clients) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let raw_figures = run(concurrent, {
            let raw = raw.clone();
            move || {
                let raw = raw.clone();
                async move { raw.send().await }
            }
        })
        .await?;
        let client_figures = run(concurrent, {
            let (client, request) = (client.clone(), Arc::clone(&request));
            move || {
                let (client, request) = (client.clone(), Arc::clone(&request));
                async move { Ok(client.send_sms(&request).await.map(drop)?) }
            }
        })
        .await?;
        // The first turn warms up.
        if turn > 0 {
            raws.push(raw_figures);
            clients.push(client_figures);
        }
    }
    Ok((median(&raws), median(&clients)))
}

/// Requests per second and CPU microseconds per request, in one slice.
async fn run<F>(
    concurrent: usize,
    work: impl Fn() -> F + Clone + Send + 'static,
) -> Result<(f64, f64), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let (start, cpu) = (Instant::now(), cpu_nanos());
    let tasks: Vec<_> = (0..concurrent)
        .map(|_| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while start.elapsed() < SLICE {
                    work().await?;
                    done += 1;
                }
                Ok::<u32, Failure>(done)
            })
        })
        .collect();
    let mut done = 0.0;
    for task in tasks {
        done += f64::from(task.await??);
    }
    let seconds = start.elapsed().as_secs_f64();
    let cpu = (cpu_nanos() - cpu) / 1_000.0;
    Ok((done / seconds, cpu / done))
}

fn median(turns: &[(f64, f64)]) -> Figures {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Figures {
        per_second: middle(turns.iter().map(|turn| turn.0).collect()),
        cpu_micros: middle(turns.iter().map(|turn| turn.1).collect()),
    }
}

/// The CPU time of all threads of this process in nanoseconds; 0 on systems without `/proc`.
fn cpu_nanos() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    tasks
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        })
        .sum()
}
