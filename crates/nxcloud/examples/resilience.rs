//! Uses two accounts in one program, each with its own time-outs and retries, and logs every call as one JSON line.
//!
//!     cargo run -p nxcloud --example resilience
//!
//! A sandbox in this process plays the platform and makes three requests fail. The log shows the session of each call, the number of
//! attempts and the outcome. It never contains a secret, a phone number or a text.

#![expect(clippy::print_stderr, reason = "an example prints its results")]

use std::error::Error;
use std::time::Duration;

use nxcloud::sms::{Client, SendSms};
use nxcloud::{AppKey, CallOptions, RetryPolicy};
use nxcloud_sandbox::{Fault, Sandbox};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::format::FmtSpan,
    prelude::*,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Each call is a span, which is written when it closes. `DEBUG` also logs each failed attempt.
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_span_events(FmtSpan::CLOSE);
    let calls = Targets::new().with_target("nxcloud_client", LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(lines.with_filter(calls))
        .init();

    let sandbox = Sandbox::start().await?;
    // Log-in codes are useless when they are late: short time-outs.
    let logins = sandbox
        .session_builder()
        .name("logins")
        .timeout(Duration::from_secs(2))
        .total_timeout(Duration::from_secs(5))
        .retry(RetryPolicy::new().base_delay(Duration::from_millis(50)))
        .build()?;
    // Marketing can wait: more attempts, over a few connections that stay open.
    let marketing = sandbox
        .session_builder()
        .name("marketing")
        .connect_timeout(Duration::from_secs(5))
        .retry(
            RetryPolicy::new()
                .max_attempts(5)
                .base_delay(Duration::from_millis(50)),
        )
        .http_client(|http| {
            http.pool_max_idle_per_host(4)
                .tcp_keepalive(Duration::from_secs(30))
        })
        .build()?;

    let app = AppKey::new("my-app-key");
    let request =
        SendSms::new(&app, "8615012345678", "Your code is 4711").with_sys_message_id("log-in-4711");
    let (logins, marketing) = (Client::new(&logins), Client::new(&marketing));

    // The platform's rate limit: the message was not sent, so the call is repeated until it is accepted.
    sandbox.faults().enqueue(Fault::Code(28));
    logins.send_sms(&request).await?;

    // The gateway lost the reply: the message may have been sent, so it is not sent again.
    sandbox.faults().enqueue(Fault::StatusAfterAccept(502));
    if let Err(error) = marketing.send_sms(&request).await {
        eprintln!("{error}\n  what to do: {}", error.hint());
    }

    // Options of a call override the settings of the session.
    sandbox.faults().enqueue(Fault::StallAfterAccept);
    let short = logins.with_options(CallOptions::new().timeout(Duration::from_millis(200)));
    if let Err(error) = short.send_sms(&request).await {
        eprintln!("{error}\n  what to look for: {:?}", error.sent());
    }
    Ok(())
}
