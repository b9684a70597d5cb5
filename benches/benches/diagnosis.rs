//! The cost of diagnosing a wrong signature. The bench sends requests of several sizes, signed with another secret: no known mistake explains
//! them, so the sandbox tries all. It compares them with the same requests signed correctly, in turn.
//!
//!     cargo bench -p nxcloud-benches --features services --bench diagnosis
//!
//! The sandbox and its client run in one process, each with a thread. Goal: a body of 1 MiB takes at most 50 ms longer.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Sandbox};
use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp};

const PATH: &str = "/api/sms/mtsend_v2";
const SIZES: [usize; 5] = [200, 4 << 10, 64 << 10, 1 << 20, 8 << 20];
const TURNS: usize = 11;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let sandbox = runtime.block_on(Sandbox::start())?;
    println!(
        "| body | correct secret, ms | wrong secret, ms | difference, ms | ratio |\n| --- | --- | --- | --- | --- |"
    );
    for size in SIZES {
        let body = body(size);
        let (mut valid, mut invalid) = (Vec::new(), Vec::new());
        for turn in 0..=TURNS {
            let valid_millis = reply_time(&sandbox, ACCESS_SECRET, &body, false)?;
            let invalid_millis = reply_time(&sandbox, "another secret", &body, true)?;
            // The first turn warms up.
            if turn > 0 {
                valid.push(valid_millis);
                invalid.push(invalid_millis);
            }
        }
        let (valid, invalid) = (median(valid), median(invalid));
        println!(
            "| {} KiB | {valid:.2} | {invalid:.2} | {:.2} | {:.1} |",
            body.len() / 1024,
            invalid - valid,
            invalid / valid
        );
    }
    runtime.block_on(sandbox.shutdown());
    Ok(())
}

/// A body of about this size. It has characters that serialisers escape, and few enough keys for the sandbox to try every order.
fn body(size: usize) -> String {
    let text = "a/b <您好> + ";
    let text = text.repeat(size / text.len());
    format!(
        r#"{{"appKey":"app-key-01","phone":"8615012345678","ext":"=","n":2.50,"content":"{text}"}}"#
    )
}

/// The time until the reply is complete, in milliseconds.
fn reply_time(sandbox: &Sandbox, secret: &str, body: &str, is_wrong: bool) -> Result<f64, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let ts = Timestamp::from_millis(u64::try_from(now)?);
    let signer = Signer::new(AccessKey::new(ACCESS_KEY)?, Secret::new(secret)?);
    let sign = signer.sign(&Request {
        action: Action::from_static("mtsend"),
        biz_type: BizType::from_static("3"),
        ts,
        body: Body::Signed(body.as_bytes()),
    });
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccesskey: {ACCESS_KEY}\r\nts: {ts}\r\nbiztype: 3\r\n\
        action: mtsend\r\nsign: {sign}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = TcpStream::connect(sandbox.address())?;
    connection.set_nodelay(true)?;
    let start = Instant::now();
    connection.write_all(head.as_bytes())?;
    connection.write_all(body.as_bytes())?;
    let mut reply = String::new();
    connection.read_to_string(&mut reply)?;
    let elapsed = start.elapsed();
    if reply.contains(r#""code":"1003""#) == is_wrong {
        Ok(milliseconds(elapsed))
    } else {
        Err(reply.into())
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
