//! Checks phone numbers without async code: submits them, waits for the results and prints them.
//!
//!     cargo run -p nxcloud --example number_check
//!
//! A sandbox in this process plays the platform.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::collections::BTreeSet;
use std::error::Error;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use nxcloud::number_check::{CheckResult, PreCheck, QueryChecks, SubmitCheck, blocking::Client};
use nxcloud::{AppKey, Date};
use nxcloud_sandbox::Sandbox;

/// Results are listed by day. The reference does not name the time zone, so the program asks for the day in UTC and in China.
const ZONES: [i32; 2] = [0, 8 * 60];

fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start_blocking()?;
    let client = Client::new(&sandbox.session());
    let app = AppKey::new("my-app-key");

    let numbers = ["8613912345678", "8613912345679", "8613912345680"];
    let now = SystemTime::now();
    let request = SubmitCheck::new(&app, numbers).with_batch_no("sign-ups-1");
    let reply = client.submit_check(&request)?;
    println!("submitted as {}", reply.message_id()?);

    let days = ZONES.map(|minutes| Date::at_offset(now, minutes));
    let days = days.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
    let deadline = Instant::now() + Duration::from_secs(30);
    let results = loop {
        let mut results = Vec::new();
        for day in &days {
            let query = QueryChecks::new(100, *day).with_batch_no("sign-ups-1");
            for result in client.query_checks_all(&query) {
                results.push(result?);
            }
        }
        if results.len() >= numbers.len() || Instant::now() >= deadline {
            break results;
        }
        sleep(Duration::from_secs(1));
    };
    println!("{} of {} results", results.len(), numbers.len());
    for result in &results {
        print(result);
    }
    Ok(())
}

/// Prints a result. A field that the platform omitted is `None`.
fn print(result: &CheckResult) {
    let phone = result.phone.as_deref().unwrap_or("?");
    let carrier = result.carrier.as_deref().unwrap_or("unknown carrier");
    let form = match &result.pre_check {
        Some(PreCheck::Passed) => "well formed",
        Some(PreCheck::Failed) => "malformed",
        other => &format!("{other:?}"),
    };
    println!("{phone}: {form}, {carrier}, {:?}", result.number_type);
}
