//! `nxcloud campaign run`: sends what is left of a campaign.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use clap::Args;
use nxcloud::Session;
use nxcloud::campaign::check::BadRows;
use nxcloud::campaign::{
    Campaign, Counts, Error, Ledger as _, Limits, Progress, Rate, ReceiptState, Report, RunEnd,
    Skip, State, Stop,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::create::LimitArgs;
use super::ledger::{self, Place, Store, WorkerArgs};
use super::progress::Display;
use super::receipts::{self, Endpoint, Server};
use super::{operation, status};
use crate::account::{self, AccountArgs};
use crate::failure::{Exit, Failure};
use crate::interrupt::interrupted;
use crate::output::{self, Format};
use crate::text::duration;

/// Signals that come within this time are one signal.
const SAME_SIGNAL: Duration = Duration::from_millis(500);
/// How often the receipts are counted while a run waits for them.
const POLL: Duration = Duration::from_millis(250);

#[derive(Args)]
pub(crate) struct RunArgs {
    /// Name of the campaign
    name: String,
    /// Requests in flight at once: as many rows as this can be unknown after a crash
    #[arg(long, value_name = "REQUESTS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    slots: u32,
    /// Skip rows that cannot be sent, each with its reason, instead of refusing the start
    #[arg(long)]
    skip_invalid: bool,
    /// Set the requests per second, of all campaigns of the same service and account in this ledger together
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Also receive receipts on this address and port, such as 127.0.0.1:4011. With --sandbox, the sandbox sends its pushes here
    #[arg(long, value_name = "ADDRESS", value_parser = receipts::address)]
    receipts: Option<SocketAddr>,
    /// Afterwards wait for receipts this long at most, such as 10m: until every accepted row has its last one and no row is unknown
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait_receipts: Option<Duration>,
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    worker: WorkerArgs,
}

// When a run ends although rows are left.
#[derive(Args)]
struct SliceArgs {
    /// End after this many rows, so that the next run goes on; a row that is tried again counts again
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    slice_rows: Option<u32>,
    /// Begin no more requests after this time, such as 50s, so that the next run goes on
    #[arg(long, value_name = "TIME", value_parser = slice_time)]
    slice_time: Option<Duration>,
}

/// A much longer one could exceed what the clock of the system can hold.
const LONGEST_SLICE: Duration = Duration::from_secs(366 * 24 * 3600);

fn slice_time(text: &str) -> Result<Duration, &'static str> {
    duration(text)
        .ok()
        .filter(|time| !time.is_zero() && *time <= LONGEST_SLICE)
        .ok_or("expected a time above 0 such as 50s, 10m or 1h")
}

/// The rows that a run may claim, and when it claims no more.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    pub(super) rows: u32,
    pub(super) deadline: Instant,
}

impl SliceArgs {
    /// The slice that begins now; `None` without flags.
    fn begin(&self) -> Option<Slice> {
        let time = self.slice_time.unwrap_or(LONGEST_SLICE);
        let is_slice = self.slice_rows.is_some() || self.slice_time.is_some();
        is_slice.then(|| Slice {
            rows: self.slice_rows.unwrap_or(u32::MAX),
            deadline: Instant::now() + time,
        })
    }
}

pub(super) type Supervise<'a> = Pin<Box<dyn Future<Output = Result<Report, Failure>> + 'a>>;
type Execute<'a> = Pin<Box<dyn Future<Output = Result<Report, Error>> + 'a>>;

/// A run, without the types of its operation.
pub(crate) struct Running<'a> {
    pub(super) store: &'a Store,
    pub(super) campaign: &'a Campaign,
    pub(super) session: &'a Session,
    pub(super) slots: u32,
    pub(super) bad_rows: BadRows,
    pub(super) limits: Option<Limits>,
    pub(super) slice: Option<Slice>,
    /// Where results are kept that could not be stored.
    kept: Option<PathBuf>,
    signals: &'a mut Signals,
}

/// The signals that end a run: the first one in order, the second one at once.
struct Signals {
    next: Pin<Box<dyn Future<Output = &'static str>>>,
    came: bool,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let next = Box::pin(interrupted()?);
        Ok(Self { next, came: false })
    }

    /// Waits for the next signal.
    async fn next(&mut self) -> &'static str {
        let name = self.next.as_mut().await;
        // Programs such as `timeout` signal the process and then its group: that is one signal.
        self.next = Box::pin(async {
            tokio::time::sleep(SAME_SIGNAL).await;
            match interrupted() {
                Ok(next) => next.await,
                // The first signal was caught, so this does not happen.
                Err(_) => std::future::pending().await,
            }
        });
        self.came = true;
        name
    }
}

impl Running<'_> {
    /// Shows the progress of a run, and ends it on signals.
    pub(super) async fn supervise(
        self,
        stop: Stop,
        mut progress: watch::Receiver<Progress>,
        mut execute: Execute<'_>,
    ) -> Result<Report, Failure> {
        let mut display = Display::new();
        let result = loop {
            tokio::select! {
                result = &mut execute => break result,
                signal = self.signals.next() => {
                    let in_flight = progress.borrow().in_flight;
                    display.clear();
                    if std::mem::replace(&mut display.stopping, true) {
                        return Err(self.ended_at_once(&progress.borrow()));
                    }
                    output::eprint(&format!(
                        "stopping: {signal}; waiting for {in_flight} replies; a second signal ends at once and leaves their rows unknown"
                    ));
                    stop.stop();
                }
                _ = progress.changed() => display.outage(&progress.borrow_and_update()),
                () = display.tick() => display.show(&progress.borrow()),
            }
        };
        display.clear();
        result.map_err(|error| self.failed(error, progress.borrow().in_flight))
    }

    fn ended_at_once(&self, progress: &Progress) -> Failure {
        let in_flight = progress.in_flight;
        if in_flight == 0 {
            return Failure::new(Exit::Transport, "ended at once; no request was in flight")
                .hint("The same command goes on.");
        }
        let problem = format!("ended at once; up to {in_flight} rows are unknown now");
        let mut hint = "The same command goes on with the other rows; `nxcloud campaign unknown` lists the unknown ones.".to_owned();
        if let (Some(folder), Some(_)) = (&self.kept, &progress.ledger_problem) {
            let folder = folder.display();
            hint += &format!(
                " The results that came are in {folder}; the next run that uses this folder stores them."
            );
        }
        Failure::new(Exit::Unknown, problem).hint(hint)
    }

    /// The failure of a run. Rows whose results could not be stored are unknown.
    fn failed(&self, error: Error, unsettled: u32) -> Failure {
        let mut failure = Failure::from(error);
        if unsettled > 0 {
            failure.exit = Exit::Unknown;
            failure.hint = Some(match &self.kept {
                None => format!("Up to {unsettled} rows are unknown now."),
                Some(folder) => format!(
                    "The results of up to {unsettled} rows are in {}; the next run that uses this folder stores them.",
                    folder.display()
                ),
            });
        }
        failure
    }
}

pub(super) fn run(
    args: &RunArgs,
    ledger: &Place,
    account: &AccountArgs,
    format: Format,
) -> Result<(), Failure> {
    let slice = args.slice.begin();
    let session = account::session(account)?;
    crate::block_on(async {
        let result = send(args, ledger, slice, &session, account).await;
        if result.is_err() {
            ledger::ended().await;
        }
        let report = result?;
        output::reply(format, &summary(&args.name, &report))?;
        verdict(&args.name, &report)
    })?
}

async fn send(
    args: &RunArgs,
    ledger: &Place,
    slice: Option<Slice>,
    session: &Session,
    account: &AccountArgs,
) -> Result<Report, Failure> {
    let (store, campaign) = ledger.campaign(&args.name).await?;
    let (store, kept) = args.worker.apply(store)?;
    // Not before: Ctrl-C ends a prompt.
    let mut signals = Signals::new()?;
    let operation = operation::of(&campaign)?;
    let limits = args.limits.over(&campaign.limits)?;
    operation.presign(&store, &campaign, session).await?;
    if let Some(rate) = args.rate {
        let rate = Rate::per_second(rate);
        store.set_rate(campaign.id, Some(rate)).await?;
    }
    let server = match args.receipts {
        None => None,
        Some(address) => {
            let endpoint = Endpoint::new(store.clone(), Some(session), &[]);
            let server = Server::start(endpoint, address, account).await?;
            output::eprint(&format!("receiving receipts on {}", server.url()));
            Some(server)
        }
    };
    let bad_rows = if args.skip_invalid {
        BadRows::Skip
    } else {
        BadRows::Refuse
    };
    let running = Running {
        store: &store,
        campaign: &campaign,
        session,
        slots: args.slots,
        bad_rows,
        limits,
        slice,
        kept,
        signals: &mut signals,
    };
    let mut result = operation.run(running).await;
    if let (Ok(report), Some(limit)) = (&mut result, args.wait_receipts)
        && !signals.came
    {
        wait(&store, &campaign, limit, &mut signals, &mut report.counts).await;
    }
    if let Some(server) = server {
        server.stop().await;
    }
    result
}

/// Waits for receipts until every accepted row has its last one and no row is unknown, and counts the rows.
async fn wait(
    store: &Store,
    campaign: &Campaign,
    limit: Duration,
    signals: &mut Signals,
    counts: &mut Counts,
) {
    let over = tokio::time::sleep(limit);
    tokio::pin!(over);
    let mut display = Display::new();
    loop {
        match store.counts(campaign.id).await {
            Ok(now) => {
                *counts = now;
                display.failing(None);
            }
            Err(error) => display.failing(Some(&error.to_string())),
        }
        let open = open(counts);
        if open == 0 {
            return display.clear();
        }
        tokio::select! {
            () = &mut over => {
                display.clear();
                return output::eprint(&format!("the time is over; receipts of {open} rows did not come"));
            }
            signal = signals.next() => {
                display.clear();
                return output::eprint(&format!("stopping: {signal}; receipts of {open} rows did not come"));
            }
            () = display.tick() => display.waiting(counts, open),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// How many rows still wait for a receipt that says how their message ended.
fn open(counts: &Counts) -> u64 {
    let last = [
        ReceiptState::Deleted,
        ReceiptState::Expired,
        ReceiptState::Failed,
        ReceiptState::Delivered,
        ReceiptState::Read,
    ];
    let ended: u64 = last.map(|state| counts.receipt(state)).iter().sum();
    let sent = counts.state(State::Accepted) + counts.state(State::Unknown);
    sent.saturating_sub(ended)
}

fn summary(name: &str, report: &Report) -> Value {
    let (ended, reason) = match &report.ended {
        RunEnd::Done => ("done", None),
        RunEnd::Stopped => ("stopped", None),
        RunEnd::Paused(reason) => ("paused", Some(reason)),
        RunEnd::Cancelled => ("cancelled", None),
        RunEnd::SliceEnded => ("slice", None),
        _ => ("ended", None),
    };
    let mut summary = json!({ "campaign": name, "ended": ended });
    if let Some(reason) = reason {
        summary["reason"] = reason.as_str().into();
    }
    summary["rows"] = status::rows(&report.counts);
    summary
}

/// The exit code of a run: 4 with unknown rows, 3 with rows that are left, 1 with rejected or expired rows.
fn verdict(name: &str, report: &Report) -> Result<(), Failure> {
    let count = |state| report.counts.state(state);
    // Other workers may be sending rows.
    let left = count(State::Ready) + count(State::Sending);
    let unknown = count(State::Unknown);
    let ended = match &report.ended {
        RunEnd::Paused(reason) => format!("paused: {reason}; {left} rows are left"),
        RunEnd::Cancelled => "cancelled".to_owned(),
        RunEnd::Stopped => format!("stopped; {left} rows are left"),
        RunEnd::SliceEnded => format!("the slice ended; {left} rows are left"),
        _ => String::new(),
    };
    let goes_on = match &report.ended {
        RunEnd::Paused(_) => {
            format!("After `nxcloud campaign resume {name}` the same command goes on. ")
        }
        RunEnd::Stopped | RunEnd::SliceEnded => "The same command goes on. ".to_owned(),
        _ => String::new(),
    };
    if unknown > 0 {
        let after = if ended.is_empty() {
            ended
        } else {
            format!("{ended}; ")
        };
        return Err(Failure::new(Exit::Unknown, format!("{after}{unknown} rows are unknown"))
            .hint(format!("{goes_on}`nxcloud campaign unknown {name}` lists the unknown rows; their receipts or a decision settle them.")));
    }
    if report.ended != RunEnd::Done {
        return Err(Failure::new(Exit::Transport, ended).hint(goes_on.trim_end()));
    }
    let (rejected, expired) = (count(State::Rejected), report.counts.skipped(Skip::Expired));
    if rejected > 0 {
        let problem = format!("the platform rejected {rejected} rows");
        return Err(Failure::new(Exit::Refused, problem).hint(format!(
            "See `nxcloud campaign export {name} --which rejected`."
        )));
    }
    if expired > 0 {
        let problem = format!("{expired} rows expired: the deadline passed before they were sent");
        return Err(Failure::new(Exit::Refused, problem));
    }
    Ok(())
}
