//! Sends a list of messages, at most 500 per second, and writes the outcome of each row as CSV.
//!
//!     cargo run -p nxcloud --example bulk               # 1,000 rows; Ctrl-C finishes the started rows
//!     cargo run -p nxcloud --example bulk -- 10000 > outcomes.csv
//!
//! A sandbox in this process plays the platform and makes some requests fail. Every row has an id: it is the `sysMessageId` in the
//! platform's records and in an error with unknown outcome, and the `ext` in the receipt. Only rows that are `not_sent` or `rejected` may
//! be sent again.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints its results"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;

use futures_util::stream::{self, StreamExt as _};
use nxcloud::sms::{self, SendSms};
use nxcloud::{AppKey, RateLimit};
use nxcloud_sandbox::{Fault, Mix, Sandbox};

/// The maximum number of calls at the same time. 500 per second at 100 ms each keep 50 busy.
const CONCURRENCY: usize = 64;

struct Row {
    id: String,
    phone: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rows: usize = std::env::args()
        .nth(1)
        .map_or(Ok(1_000), |rows| rows.parse())?;
    let rows = (0..rows).map(|row| Row {
        id: format!("2026-11-26-{row:07}"),
        phone: format!("86150{row:08}"),
        text: format!("Your parcel {row} is on its way"),
    });

    let sandbox = Sandbox::start().await?;
    let faults = Mix::new(4711)
        .with(0.02, Fault::StatusAfterAccept { status: 502 })
        .with(0.02, Fault::Code { code: 3 });
    sandbox.faults().mix(faults);
    let limit = RateLimit::per_second(500);
    let session = sandbox
        .session_builder()
        .rate_limit_for(sms::SERVICE, limit)
        .build()?;
    let client = sms::Client::new(&session);
    let app = AppKey::new("my-app-key");

    // After Ctrl-C no new row is started. The rows in progress are finished and printed.
    let interrupt = pin!(tokio::signal::ctrl_c());
    let mut lines = stream::iter(rows)
        .take_until(interrupt)
        .map(|row| send(&client, &app, row))
        .buffer_unordered(CONCURRENCY);
    let mut totals = BTreeMap::new();
    println!("id,outcome,message_id,kind,code");
    while let Some((outcome, line)) = lines.next().await {
        println!("{line}");
        *totals.entry(outcome).or_insert(0) += 1;
    }
    eprintln!(
        "{totals:?}; the platform accepted {}",
        sandbox.accepted("send_sms").len()
    );
    Ok(())
}

/// Sends a row. Returns its outcome and its CSV line.
async fn send(client: &sms::Client, app: &AppKey, row: Row) -> (&'static str, String) {
    let Row { id, phone, text } = row;
    let request = SendSms::new(app, phone, text)
        .with_sys_message_id(&id)
        .with_ext(&id);
    match client.send_sms(&request).await {
        Ok(reply) => {
            let message_id = reply.message_id.unwrap_or_default();
            ("accepted", format!("{id},accepted,{message_id},,"))
        }
        Err(error) => {
            let (outcome, kind) = (error.outcome().as_str(), error.kind());
            let code = error
                .code()
                .map(|code| code.to_string())
                .unwrap_or_default();
            (outcome, format!("{id},{outcome},,{kind},{code}"))
        }
    }
}
