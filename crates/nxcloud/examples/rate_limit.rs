//! How exactly a session keeps its rate limit: `cargo run --release -p nxcloud --example rate_limit`, about 40 seconds.
//!
//! A server on this machine answers every call at once and notes when its request came. The first figure is the mean over the whole
//! run, the second the most requests in any one second, the third the most in a whole second since the first request.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

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

type Seen = Arc<Mutex<Vec<Instant>>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{:24} {:>7} {:>9} {:>9} {:>9}",
        "limit", "callers", "mean/s", "any 1 s", "whole s"
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
        let mut seen = run(limit, callers).await?;
        seen.sort_unstable();
        let (Some(first), Some(last)) = (seen.first(), seen.last()) else {
            return Err("no request came".into());
        };
        let mean = (seen.len() - 1) as f64 / (*last - *first).as_secs_f64();
        let within = |from: Instant| {
            let begin = seen.partition_point(|at| *at < from);
            seen.partition_point(|at| *at < from + SECOND) - begin
        };
        let any = seen.iter().map(|at| within(*at)).max().unwrap_or(0);
        let seconds = (0..RUN.as_secs())
            .map(|second| within(*first + SECOND * u32::try_from(second).unwrap_or(0)));
        let whole = seconds.max().unwrap_or(0);
        println!("{name:24} {callers:>7} {mean:>9.1} {any:>9} {whole:>9}");
    }
    Ok(())
}

/// Sends for ten seconds; when each request came.
async fn run(limit: RateLimit, callers: usize) -> Result<Vec<Instant>, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let seen = Seen::default();
    let server = tokio::spawn(serve(listener, Arc::clone(&seen)));
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
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(seen.clone())
}

async fn serve(listener: TcpListener, seen: Seen) {
    while let Ok((stream, _)) = listener.accept().await {
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            // A connection ends with the run.
            let _ = answer(stream, seen).await;
        });
    }
}

/// Answers the requests of one connection, which come one after the other.
async fn answer(mut stream: TcpStream, seen: Seen) -> std::io::Result<()> {
    const REPLY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 37\r\n\r\n{\"code\":\"0\",\"messageid\":\"1234567890\"}";
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        // The body is one JSON object, which ends the request.
        if request.contains(&b'{') && request.ends_with(b"}") {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Instant::now());
            request.clear();
            stream.write_all(REPLY.as_bytes()).await?;
        }
    }
}
