//! The user-space instructions of `send_sms`, compared with a careful hand-written client and with reqwest alone.
//!
//!     cargo bench -p nxcloud-benches --features client --bench instructions
//!
//! Needs valgrind. Each method runs twice under callgrind, with few and with many requests to a server outside valgrind. The difference of
//! the two runs, divided by the difference in requests, excludes the costs of start-up. callgrind's files of the longer runs stay for
//! `callgrind_annotate`.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

use std::path::Path;
use std::process::Command;

use nxcloud_benches::bare_server::{SERVE, Server, serve};
use nxcloud_benches::senders::{ACCESS_KEY, Careful, Failure, Raw, SECRET, request};
use nxcloud_client::{Credentials, Session};
use nxcloud_sms::Client;

const FEW: u32 = 200;
const MANY: u32 = 1_200;
/// The argument of a process that sends requests. The method, the number of requests, and the URL of the server follow.
const WORK: &str = "work";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [SERVE, ..] => Ok(serve()?),
        [WORK, method, count, url] => work(method, count.parse()?, url),
        _ => report(),
    }
}

fn report() -> Result<(), Failure> {
    let server = Server::start()?;
    let raw = per_request("raw", &server.url)?;
    let careful = per_request("careful", &server.url)?;
    let client = per_request("client", &server.url)?;
    let presign = per_request("presign_batch", &server.url)?;
    println!("| method | instructions per request | ratio to careful |");
    println!("| --- | ---: | ---: |");
    for (method, instructions) in [
        ("raw reqwest, signed beforehand", raw),
        ("careful, hand-written", careful),
        ("`send_sms`", client),
        ("`presign_batch`, nothing sent", presign),
    ] {
        println!(
            "| {method} | {instructions:.0} | {:.3} |",
            instructions / careful
        );
    }
    Ok(())
}

/// User-space instructions per request.
fn per_request(method: &str, url: &str) -> Result<f64, Failure> {
    let (few, many) = (total(method, FEW, url)?, total(method, MANY, url)?);
    Ok((many - few) / f64::from(MANY - FEW))
}

/// User-space instructions of a process that sends `count` requests.
fn total(method: &str, count: u32, url: &str) -> Result<f64, Failure> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callgrind.{method}"));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .args([WORK, method, &count.to_string(), url])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}; install valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let instructions = text
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match instructions {
        Some(instructions) if output.status.success() => Ok(instructions),
        _ => Err(format!("{method} failed under valgrind:\n{text}").into()),
    }
}

fn work(method: &str, count: u32, url: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(send(method, count, url))
}

async fn send(method: &str, count: u32, url: &str) -> Result<(), Failure> {
    let request = request();
    let session = || {
        Session::builder()
            .credentials(Credentials::nxcloud(ACCESS_KEY, SECRET)?)
            .base_url(url)
            .build()
    };
    match method {
        "raw" => {
            let raw = Raw::new(url, &request)?;
            for _ in 0..count {
                raw.send().await?;
            }
        }
        "careful" => {
            let careful = Careful::new(url)?;
            for _ in 0..count {
                careful.send(&request).await?;
            }
        }
        "client" => {
            let client = Client::new(&session()?);
            for _ in 0..count {
                client.send_sms(&request).await?;
            }
        }
        "presign_batch" => {
            let requests = vec![request; usize::try_from(count)?];
            session()?.presign_batch(&requests)?;
        }
        _ => return Err(format!("{method} is not a method of this bench").into()),
    }
    Ok(())
}
