//! Signs many requests, sends them with another HTTP client and reads the replies.
//!
//!     cargo run --release -p nxcloud --example presign
//!
//! A sandbox in this process plays the platform. The platform accepts a signature for 60 s, so the program signs only as many requests at a
//! time as it can send in that time. With presigned requests, your program decides about retries. This one does not repeat a send with
//! unknown outcome.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use nxcloud::sms::{SendSms, SendSmsReply};
use nxcloud::{AppKey, Request as _};
use nxcloud_sandbox::Sandbox;

const MESSAGES: usize = 2_000;
/// At 50 messages per second, a chunk is sent within 10 s.
const CHUNK: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let session = sandbox.session();
    let app = AppKey::new("my-app-key");
    let messages: Vec<SendSms> = (0..MESSAGES)
        .map(|n| SendSms::new(&app, "8615012345678", format!("Your code is {n:04}")))
        .collect();

    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut accepted: Vec<SendSmsReply> = Vec::new();
    for chunk in messages.chunks(CHUNK) {
        let start = Instant::now();
        let signed = session.presign_batch(chunk)?;
        println!("signed {} in {:?}", signed.len(), start.elapsed());
        for signed in signed {
            if signed
                .expires_at()
                .is_some_and(|end| end <= SystemTime::now())
            {
                return Err("the rest of the chunk has expired; sign fewer at a time".into());
            }
            let request = http::Request::<Bytes>::try_from(signed)?;
            let reply = http.request(request.map(Full::new)).await?;
            let status = reply.status().as_u16();
            let body = reply.into_body().collect().await?.to_bytes();
            match SendSms::read_reply(status, body) {
                Ok(reply) => accepted.push(reply),
                Err(error) => println!("{}: {error}", error.outcome()),
            }
        }
    }
    if let Some(last) = accepted.last() {
        println!(
            "{} accepted, the last as {}",
            accepted.len(),
            last.message_id()?
        );
    }
    Ok(())
}
