//! What `send_sms` costs on top of a careful hand-written client and of reqwest alone, in user-space instructions.
//!
//!     cargo bench -p nxcloud-benches --features client --bench instructions
//!
//! Needs valgrind. Each way runs twice under callgrind, with few and with many requests to a bare server outside it; the difference
//! over the difference in requests leaves out what happens once. callgrind's files of the longer runs stay, for `callgrind_annotate`.

#![expect(clippy::print_stdout, reason = "a bench shows what it measures")]

use std::path::Path;
use std::process::Command;

use nxcloud_benches::bare_server::{SERVE, Server, serve};
use nxcloud_benches::senders::{ACCESS_KEY, Careful, Failure, Raw, SECRET, request};
use nxcloud_client::{Credentials, Session};
use nxcloud_sms::Client;

const FEW: u32 = 200;
const MANY: u32 = 1_200;
/// The argument of a process that does the work: then a way, a number of requests, and the server's URL.
const WORK: &str = "work";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [SERVE, ..] => Ok(serve()?),
        [WORK, way, count, url] => work(way, count.parse()?, url),
        _ => report(),
    }
}

fn report() -> Result<(), Failure> {
    let server = Server::start()?;
    let raw = per_request("raw", &server.url)?;
    let careful = per_request("careful", &server.url)?;
    let client = per_request("client", &server.url)?;
    let presign = per_request("presign_batch", &server.url)?;
    println!("| way | instructions a request | over careful |");
    println!("| --- | ---: | ---: |");
    for (way, instructions) in [
        ("raw reqwest, signed beforehand", raw),
        ("careful, hand-written", careful),
        ("`send_sms`", client),
        ("`presign_batch`, nothing sent", presign),
    ] {
        println!(
            "| {way} | {instructions:.0} | {:.3} |",
            instructions / careful
        );
    }
    Ok(())
}

/// User-space instructions of one request.
fn per_request(way: &str, url: &str) -> Result<f64, Failure> {
    let (few, many) = (collected(way, FEW, url)?, collected(way, MANY, url)?);
    Ok((many - few) / f64::from(MANY - FEW))
}

/// Instructions of a whole process that sends so many requests.
fn collected(way: &str, count: u32, url: &str) -> Result<f64, Failure> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callgrind.{way}"));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .args([WORK, way, &count.to_string(), url])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match collected {
        Some(collected) if output.status.success() => Ok(collected),
        _ => Err(format!("{way} failed under valgrind:\n{text}").into()),
    }
}

fn work(way: &str, count: u32, url: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(send(way, count, url))
}

async fn send(way: &str, count: u32, url: &str) -> Result<(), Failure> {
    let request = request();
    let session = || {
        Session::builder()
            .credentials(Credentials::nxcloud(ACCESS_KEY, SECRET)?)
            .base_url(url)
            .build()
    };
    match way {
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
        _ => return Err("there is no such way".into()),
    }
    Ok(())
}
