//! A campaign whose process is killed.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{FromRef, State as Of};
use axum::routing::post;
use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{
    BreakerLimits, Campaign, Ledger as _, NewCampaign, RowFilter, Run, Sqlite, State, Template,
    import, record,
};
use nxcloud_sandbox::Sandbox;
use nxcloud_sms::SendSms;
use nxcloud_webhooks::{Answer, Pending, Receiver, sms};

use super::{Life, ROWS, Result, SLOTS, live, platform, session, start, write_list};

const TEMPLATE: &str =
    r#"{"appKey": "my-app", "phone": "{phone}", "content": "Hello {name}, we open on Friday."}"#;

/// The child process: runs the campaign to its end.
pub(super) async fn work(ledger: &str, name: &str, url: &str) -> Result<()> {
    let ledger = Sqlite::open(ledger)?;
    let template = Template::<SendSms>::new(TEMPLATE)?;
    let session = session(url)?;
    // The faults are meant to be there.
    let breaker = BreakerLimits::new().unknown_in_a_row(u32::MAX);
    let run = Run::new(&ledger, name, &template, &session);
    let report = run.slots(SLOTS).breaker(breaker).execute().await?;
    match report.ended {
        nxcloud_campaign::RunEnd::Done => Ok(()),
        ended => Err(format!("the run ended as {ended:?}").into()),
    }
}

/// Kills the child so many times, then lets it finish, and checks the promises.
pub(super) async fn run(kills: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kill.ledger");
    let path = path.to_str().ok_or("the temporary folder is not UTF-8")?;
    let ledger = Sqlite::create(path)?;
    let sandbox = platform().await?;
    let url = receipts(&ledger).await?;
    sandbox.pushes().send_to("sms_receipt", url)?;

    let (mut killed, mut unknown, mut most) = (0, 0, 0);
    let mut campaigns = Vec::new();
    while killed < kills {
        let name = format!("list-{}", campaigns.len());
        let list = folder.path().join(&name);
        write_list(&list, u32::try_from(campaigns.len())? * ROWS)?;
        let new = NewCampaign::from_template(&name, &Template::<SendSms>::new(TEMPLATE)?);
        let list = List::open(&list, &ListOptions::new())?;
        let campaign = import(&ledger, new, &list, |_| {}).await?;
        loop {
            let child = start(&["campaign", path, &name, sandbox.url()])?;
            if let Life::Finished = live(child, killed < kills).await? {
                break;
            }
            killed += 1;
            // What was in flight: it becomes unknown at the next start.
            let lost = ledger.counts(campaign.id).await?.state(State::Sending);
            if lost > SLOTS.into() {
                return Err(format!("{lost} rows were in flight with {SLOTS} slots").into());
            }
            unknown += lost;
            most = most.max(lost);
        }
        campaigns.push(campaign);
    }
    sandbox.pushes().settled().await;
    check(&ledger, &campaigns, &sandbox).await?;
    println!(
        "{killed} kills, {} rows; in flight at a kill: {unknown} in all, {most} at most, {SLOTS} slots; no row accepted twice",
        campaigns.len() * ROWS as usize
    );
    Ok(())
}

/// Compares the ledger with what the platform accepted.
async fn check(ledger: &Sqlite, campaigns: &[Campaign], sandbox: &Sandbox) -> Result<()> {
    let accepted = sandbox.accepted_keys();
    if accepted.dropped() > 0 || accepted.without_key() > 0 {
        return Err("the sandbox did not count every row".into());
    }
    if let Some((key, count)) = accepted.repeated().first() {
        return Err(format!("the row {key} was accepted {count} times").into());
    }
    let mut states: HashMap<&str, u64> = HashMap::new();
    for campaign in campaigns {
        let rows = ledger
            .rows(campaign.id, RowFilter::All, 0, ROWS + 1)
            .await?;
        if rows.len() != ROWS as usize {
            return Err(format!("{} rows of {ROWS} are left", rows.len()).into());
        }
        for row in rows {
            *states.entry(row.state.as_str()).or_default() += 1;
            let received = accepted.count(row.row.key()).is_some_and(|count| count > 0);
            let number = row.row.number();
            match row.state {
                State::Accepted if received => {}
                State::Rejected | State::Unknown if !received => {}
                // Every accepted message has a receipt, so none of them may stay unknown.
                state => {
                    return Err(format!(
                        "row {number} of {} is {}; accepted by the platform: {received}",
                        campaign.name,
                        state.as_str()
                    )
                    .into());
                }
            }
        }
    }
    println!("rows by state: {states:?}; the unknown ones never reached the platform");
    Ok(())
}

#[derive(Clone)]
struct Endpoint {
    receiver: Receiver<sms::Event>,
    ledger: Sqlite,
}

impl FromRef<Endpoint> for Receiver<sms::Event> {
    fn from_ref(endpoint: &Endpoint) -> Self {
        endpoint.receiver.clone()
    }
}

async fn receive(Of(endpoint): Of<Endpoint>, push: Pending<sms::Event>) -> Answer {
    push.handle_async(async |received| {
        record::<SendSms, _>(&endpoint.ledger, &received)
            .await
            .map(drop)
    })
    .await
}

/// Receives receipts beside the killed process; returns the address.
async fn receipts(ledger: &Sqlite) -> Result<String> {
    let endpoint = Endpoint {
        receiver: Receiver::unprotected(),
        ledger: ledger.clone(),
    };
    let app = Router::new().route("/", post(receive)).with_state(endpoint);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(url)
}
