//! Measures how exactly a session keeps its rate limit: `cargo run --release -p nxcloud --example rate_limit`, about a minute.
//!
//! A server on this machine answers every call at once and records when each request arrives. The table shows the mean rate of the run, the
//! maximum number of requests in any window of one second, and the maximum in a full second counted from the first request.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use nxcloud::sms::{self, SendSms};
use nxcloud::{Credentials, RateLimit, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SECOND: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(10);

type Arrivals = Arc<Mutex<Vec<Instant>>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{:24} {:>7} {:>9} {:>9} {:>9}",
        "limit", "callers", "mean/s", "any 1 s", "full s"
    );
    let burst_1 = |rate| {
        (
            format!("{rate}/s, burst 1"),
            RateLimit::per_second(rate).burst(1),
        )
    };
    let default = |rate| {
        (
            format!("{rate}/s, default burst"),
            RateLimit::per_second(rate),
        )
    };
    for ((name, limit), callers) in [
        (burst_1(10), 64),
        (burst_1(500), 64),
        (burst_1(2_000), 64),
        (default(500), 64),
        (default(5_000), 1),
    ] {
        let mut arrivals = run(limit, callers).await?;
        arrivals.sort_unstable();
        let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) else {
            return Err("no request arrived".into());
        };
        let mean = (arrivals.len() - 1) as f64 / (*last - *first).as_secs_f64();
        let in_second = |start: Instant| {
            let begin = arrivals.partition_point(|time| *time < start);
            arrivals.partition_point(|time| *time < start + SECOND) - begin
        };
        let any = arrivals.iter().map(|time| in_second(*time)).max();
        let any = any.unwrap_or(0);
        let seconds = (0..RUN.as_secs())
            .map(|second| in_second(*first + SECOND * u32::try_from(second).unwrap_or(0)));
        let full = seconds.max().unwrap_or(0);
        println!("{name:24} {callers:>7} {mean:>9.1} {any:>9} {full:>9}");
    }
    Ok(())
}

/// Sends for ten seconds. Returns the arrival time of each request.
async fn run(limit: RateLimit, callers: usize) -> Result<Vec<Instant>, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let arrivals = Arrivals::default();
    let server = tokio::spawn(serve(listener, Arc::clone(&arrivals)));
    let session = Session::builder()
        .credentials(Credentials::nxcloud("key", "secret")?)
        .base_url(url)
        .rate_limit_for(sms::SERVICE, limit)
        .build()?;
    let client = sms::Client::new(&session);
    let request = SendSms::new(nxcloud::AppKey::new("app"), "8615012345678", "hello");
    let end = Instant::now() + RUN;
    let failed = stream::iter(0..callers)
        .map(|_| async {
            let mut failed = 0;
            while Instant::now() < end {
                failed += usize::from(client.send_sms(&request).await.is_err());
            }
            failed
        })
        .buffer_unordered(callers)
        .fold(0, |sum, failed| std::future::ready(sum + failed))
        .await;
    server.abort();
    if failed > 0 {
        return Err(format!("{failed} calls failed").into());
    }
    let arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(arrivals.clone())
}

async fn serve(listener: TcpListener, arrivals: Arrivals) {
    while let Ok((stream, _)) = listener.accept().await {
        let arrivals = Arc::clone(&arrivals);
        tokio::spawn(async move {
            // This fails when the run ends and closes the connection.
            let _ = answer(stream, arrivals).await;
        });
    }
}

/// Answers the requests of a connection one after the other.
async fn answer(mut stream: TcpStream, arrivals: Arrivals) -> std::io::Result<()> {
    const REPLY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 37\r\n\r\n{\"code\":\"0\",\"messageid\":\"1234567890\"}";
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        // The body is a JSON object, so the request ends with a brace.
        if request.contains(&b'{') && request.ends_with(b"}") {
            arrivals
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Instant::now());
            request.clear();
            stream.write_all(REPLY.as_bytes()).await?;
        }
    }
}
