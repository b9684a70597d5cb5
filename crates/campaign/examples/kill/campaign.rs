//! Campaigns whose workers are killed, or whose database is stopped.

use std::collections::HashMap;

use nxcloud_campaign::import::{List, ListOptions};
use nxcloud_campaign::{
    AnyLedger, BreakerLimits, Campaign, CampaignState, Ledger as _, NewCampaign, RowFilter, Run,
    RunEnd, Sqlite, State, Template, import,
};
use nxcloud_sandbox::Sandbox;
use nxcloud_sms::SendSms;
use tempfile::TempDir;

use super::workers::{Worker, session};
use super::{LONGEST_LIFE, Life, ROWS, Result, SLOTS, live, platform, receipts, write_list};

const TEMPLATE: &str =
    r#"{"appKey": "my-app", "phone": "{phone}", "content": "Hello {name}, we open on Friday."}"#;

/// After how long without a sign of life the rows of a worker are unknown. The default is 120 s; the next list waits for this.
#[cfg(feature = "postgres")]
const SILENCE: std::time::Duration = std::time::Duration::from_secs(4);

/// The ledger at a place: a path or a URL.
async fn open(place: &str) -> Result<AnyLedger> {
    #[cfg(feature = "postgres")]
    if place.starts_with("postgres://") {
        let ledger = nxcloud_campaign::Postgres::connect(place, None).await?;
        return Ok(ledger.silent_after(SILENCE).into());
    }
    Ok(Sqlite::create(place)?.into())
}

/// A worker: runs the campaign to its end.
pub(super) async fn work(place: &str, name: &str, url: &str) -> Result<()> {
    let ledger = open(place).await?;
    let template = Template::<SendSms>::new(TEMPLATE)?;
    let session = session(url)?;
    // The faults are meant to be there.
    let breaker = BreakerLimits::new().unknown_in_a_row(u32::MAX);
    let run = Run::new(&ledger, name, &template, &session);
    let report = run.slots(SLOTS).breaker(breaker).execute().await?;
    match report.ended {
        RunEnd::Done => Ok(()),
        ended => Err(format!("the run ended as {ended:?}").into()),
    }
}

/// Kills the only worker of a ledger in a file.
pub(super) async fn kills_with_a_file(kills: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kill.ledger");
    let path = path.to_str().ok_or("the temporary folder is not UTF-8")?;
    kill(Trial::new(path.to_owned(), 1).await?, kills).await
}

/// Kills one of two workers of a ledger in a database.
#[cfg(feature = "postgres")]
pub(super) async fn kills_with_a_database(kills: u32) -> Result<()> {
    let url = super::database::create().await?;
    kill(Trial::new(url, 2).await?, kills).await
}

/// Kills workers and starts others in their place, then lets them finish, and checks the promises.
async fn kill(mut trial: Trial, kills: u32) -> Result<()> {
    let (mut killed, mut most) = (0, 0);
    while killed < kills {
        let campaign = trial.import().await?;
        let mut running = trial.start(&campaign)?;
        // One after the other, in random order. Those that are left finish what is left.
        while !running.is_empty() {
            let worker = running.swap_remove(fastrand::usize(..running.len()));
            let counts = trial.ledger.counts(campaign.id).await?;
            let kill = killed < kills && counts.state(State::Ready) > 0;
            // A worker of a database takes longer to start.
            let longest = LONGEST_LIFE * if trial.workers == 1 { 1 } else { 3 };
            if let Life::Killed = live(worker, kill.then_some(longest)).await? {
                killed += 1;
                let in_flight = trial.in_flight(&campaign).await?;
                most = in_flight.into_iter().fold(most, u64::max);
                running.push(trial.worker(&campaign)?);
            }
        }
    }
    if most > SLOTS.into() {
        return Err(format!("{most} rows were in flight with {SLOTS} slots").into());
    }
    let workers = trial.workers;
    let rows = trial.check(killed).await?;
    println!(
        "{killed} kills of {workers} worker(s), {rows} rows; at most {most} in flight in one worker at a kill, {SLOTS} slots; no row accepted twice"
    );
    Ok(())
}

/// Stops the server below two workers, which go on when it is back.
#[cfg(feature = "postgres")]
pub(super) async fn stops(stops: u32) -> Result<()> {
    use std::time::Duration;

    use super::server;

    let mut trial = Trial::new(super::database::create().await?, 2).await?;
    let mut stopped = 0;
    while stopped < stops {
        let campaign = trial.import().await?;
        let running = trial.start(&campaign)?;
        while stopped < stops && trial.all_send(&campaign).await? {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(..200))).await;
            server::stop_and_start(Duration::from_millis(fastrand::u64(..1500))).await?;
            stopped += 1;
        }
        for worker in running {
            live(worker, None).await?;
        }
    }
    let rows = trial.check(0).await?;
    println!("{stopped} stops of the server, 2 workers, {rows} rows; no row accepted twice");
    Ok(())
}

/// A ledger, the platform, and what they were asked to do.
struct Trial {
    place: String,
    ledger: AnyLedger,
    sandbox: Sandbox,
    workers: u32,
    lists: TempDir,
    campaigns: Vec<Campaign>,
}

impl Trial {
    async fn new(place: String, workers: u32) -> Result<Self> {
        let ledger = open(&place).await?;
        let sandbox = platform().await?;
        let url = receipts::receive(ledger.clone()).await?;
        sandbox.pushes().send_to("sms_receipt", url)?;
        Ok(Self {
            place,
            ledger,
            sandbox,
            workers,
            lists: tempfile::tempdir()?,
            campaigns: Vec::new(),
        })
    }

    /// Imports the next list.
    async fn import(&mut self) -> Result<Campaign> {
        let name = format!("list-{}", self.campaigns.len());
        let list = self.lists.path().join(&name);
        write_list(&list, u32::try_from(self.campaigns.len())? * ROWS)?;
        let new = NewCampaign::from_template(&name, &Template::<SendSms>::new(TEMPLATE)?);
        let list = List::open(&list, &ListOptions::new())?;
        let campaign = import(&self.ledger, new, &list, |_| {}).await?;
        self.campaigns.push(campaign.clone());
        Ok(campaign)
    }

    fn worker(&self, campaign: &Campaign) -> Result<Worker> {
        let arguments = ["campaign", &self.place, &campaign.name, self.sandbox.url()];
        Ok(Worker::start(&arguments)?)
    }

    fn start(&self, campaign: &Campaign) -> Result<Vec<Worker>> {
        (0..self.workers).map(|_| self.worker(campaign)).collect()
    }

    /// How many rows each worker has in flight; also those that were killed.
    async fn in_flight(&self, campaign: &Campaign) -> Result<Vec<u64>> {
        #[cfg(feature = "postgres")]
        if let AnyLedger::Postgres(_) = self.ledger {
            return super::server::in_flight(&self.place).await;
        }
        let counts = self.ledger.counts(campaign.id).await?;
        Ok(vec![counts.state(State::Sending)])
    }

    /// Waits until every worker sends; false if nothing is left before.
    #[cfg(feature = "postgres")]
    async fn all_send(&self, campaign: &Campaign) -> Result<bool> {
        loop {
            let counts = self.ledger.counts(campaign.id).await?;
            if counts.state(State::Ready) == 0 {
                return Ok(false);
            }
            // More than the others together can send.
            if counts.state(State::Sending) > u64::from(SLOTS * (self.workers - 1)) {
                return Ok(true);
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Compares the ledger with what the platform accepted, after so many kills; the number of rows.
    async fn check(&self, kills: u32) -> Result<usize> {
        self.sandbox.pushes().settled().await;
        let accepted = self.sandbox.accepted_keys();
        if accepted.dropped() > 0 || accepted.without_key() > 0 {
            return Err("the sandbox did not count every row".into());
        }
        if let Some((key, count)) = accepted.repeated().first() {
            return Err(format!("the row {key} was accepted {count} times").into());
        }
        let mut states: HashMap<&str, u64> = HashMap::new();
        for campaign in &self.campaigns {
            let name = &campaign.name;
            let state = self.ledger.campaign(name).await?.state;
            if state != CampaignState::Done {
                return Err(format!("the campaign {name} is {}", state.as_str()).into());
            }
            let rows = self
                .ledger
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
                            "row {number} of {name} is {}; accepted by the platform: {received}",
                            state.as_str()
                        )
                        .into());
                    }
                }
            }
        }
        let unknown = states.get("unknown").copied().unwrap_or_default();
        if unknown > u64::from(SLOTS) * u64::from(kills) {
            return Err(format!("{unknown} rows are unknown after {kills} kills").into());
        }
        println!("rows by state: {states:?}; the unknown ones never reached the platform");
        Ok(self.campaigns.len() * ROWS as usize)
    }
}
