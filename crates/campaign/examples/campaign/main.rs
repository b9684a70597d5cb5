//! Sends to a list of 1,000 rows, receives the receipts, and writes what became of each row.
//!
//!     cargo run -p nxcloud-campaign --example campaign
//!     cargo run -p nxcloud-campaign --example campaign -- november.ledger   # Ctrl-C or kill it; the same command goes on
//!
//! A sandbox in this process plays the platform, and some requests go wrong.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod receipts;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use nxcloud_campaign::export::{Format, export};
use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{
    ErrorKind, Ledger as _, NewCampaign, Rate, RowFilter, Run, Sqlite, State, Template, import,
};
use nxcloud_sandbox::{Fault, Mix, Sandbox};
use nxcloud_sms::SendSms;

const TEMPLATE: &str =
    r#"{"appKey": "my-app", "phone": "{phone}", "content": "Hello {name}, we open on Friday."}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = std::env::args().nth(1).map(PathBuf::from);
    let ledger = Sqlite::create(path.unwrap_or_else(|| folder.path().join("campaign.ledger")))?;

    let list = folder.path().join("customers.csv");
    let rows = (0..1000).map(|row| format!("+86 150 {row:08};person {row}\n"));
    std::fs::write(&list, format!("phone;name\n{}", rows.collect::<String>()))?;
    let template = Template::<SendSms>::new(TEMPLATE)?;
    let list = List::open(&list, &ListOptions::new())?;
    let new = NewCampaign::from_template("friday", &template);
    match import(&ledger, new, &list, |_| {}).await {
        Ok(campaign) => {
            let rate = Rate::per_second(400);
            ledger.set_rate(campaign.id, Some(rate)).await?;
        }
        // From an earlier start of this program.
        Err(error) if error.kind() == ErrorKind::Exists => {}
        Err(error) => return Err(error.into()),
    }

    // The platform, and where it pushes receipts to.
    let sandbox = Sandbox::start().await?;
    let faults = Mix::new(4711)
        .with(0.02, Fault::ResetAfterAccept)
        .with(0.02, Fault::Code { code: 6 });
    sandbox.faults().mix(faults);
    let url = receipts::receive(ledger.clone().into()).await?;
    sandbox.pushes().send_to("sms_receipt", url)?;

    let session = sandbox.session();
    let run = Run::new(&ledger, "friday", &template, &session).slots(32);
    let (stop, mut progress) = (run.stop(), run.progress());
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.stop();
        }
    });
    tokio::spawn(async move {
        while progress.changed().await.is_ok() {
            let counts = progress.borrow_and_update().counts.clone();
            let (accepted, left) = (counts.state(State::Accepted), counts.state(State::Ready));
            println!("{accepted} accepted, {left} left");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let report = run.execute().await?;

    // Late receipts: what was unknown is settled by them.
    sandbox.pushes().settled().await;
    let campaign = ledger.campaign("friday").await?;
    let counts = ledger.counts(campaign.id).await?;
    println!("{:?}", report.ended);
    for &state in State::ALL {
        println!("{:>9} {}", state.as_str(), counts.state(state));
    }
    println!("delivered {}", counts.delivered());
    let mut csv = Vec::new();
    export(&ledger, &campaign, RowFilter::All, Format::Csv, &mut csv).await?;
    println!(
        "{} lines of CSV, the first: {}",
        csv.split(|byte| *byte == b'\n').count() - 1,
        String::from_utf8_lossy(csv.split(|byte| *byte == b'\n').nth(1).unwrap_or_default())
    );
    Ok(())
}
