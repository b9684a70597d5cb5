//! The loop of a run.

use std::collections::HashSet;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use nxcloud_client::Request;
use tokio::sync::watch;

use super::{Progress, Report, Run, RunEnd};
use crate::breaker::{Breaker, SlowDown};
use crate::check::checked;
use crate::compose::Compose;
use crate::ledger::{
    CampaignId, CampaignState, ClaimReply, ClaimRequest, Claimed, Counts, Ledger, POLL, Settle,
    Worker, WorkerId,
};
use crate::sender::Sender;
use crate::state::{Attempt, AttemptResult, State};
use crate::{Error, ErrorKind};

/// How long to wait between two tries to settle them.
const PAUSE: Duration = Duration::from_millis(500);

const TOO_LATE: &str = "the ledger's answer came too late; others may count this process as ended";

/// What a run may do at most before it ends in order.
pub(super) struct Slice {
    /// Rows that it may still claim.
    pub(super) rows: u32,
    pub(super) deadline: Instant,
}

impl Slice {
    fn used_up(&self, now: Instant) -> bool {
        self.rows == 0 || now >= self.deadline
    }
}

/// What the next request reports to the ledger: how long the account must not be used, and why the campaign must stop.
type Signals = (Option<Duration>, Option<String>);
type Sending<'e> = Pin<Box<dyn Future<Output = Settle> + Send + 'e>>;
type Claiming<'e> = Pin<Box<dyn Future<Output = Result<ClaimReply, Error>> + Send + 'e>>;

pub(super) struct Engine<'e, R, L: Ledger, C, S> {
    run: &'e Run<'e, R, L, C, S>,
    campaign: CampaignId,
    worker: Worker,
    stop: watch::Receiver<bool>,
    in_flight: FuturesUnordered<Sending<'e>>,
    /// The rows in flight.
    sending: HashSet<u32>,
    unsettled: Unsettled<'e, L>,
    breaker: Breaker,
    slow_down: SlowDown,
    began: Instant,
    signals: Signals,
    /// Why nothing more is claimed.
    end: Option<RunEnd>,
    /// No claim before.
    next_claim: Instant,
    left: u64,
    counts: Counts,
    slice: Option<Slice>,
    quota: u64,
}

/// What came back and is not settled yet. What is left at the end of the run, however it ends, the ledger keeps if it can.
struct Unsettled<'e, L: Ledger> {
    ledger: &'e L,
    campaign: CampaignId,
    worker: WorkerId,
    ended: Vec<Settle>,
    /// What the ledger is asked to settle.
    settling: Arc<Vec<Settle>>,
}

impl<L: Ledger> Drop for Unsettled<'_, L> {
    fn drop(&mut self) {
        if !self.ended.is_empty() || !self.settling.is_empty() {
            let all = [self.settling.as_slice(), &self.ended].concat();
            self.ledger.save_unsettled(self.campaign, self.worker, &all);
        }
    }
}

/// A request to the ledger in flight.
struct Pending<'e> {
    claiming: Claiming<'e>,
    /// When it was asked for, by both clocks: a machine that was asleep may have stopped one of them.
    asked: (Instant, SystemTime),
    max_claims: u32,
    signals: Signals,
}

impl<'e, R, L, C, S> Engine<'e, R, L, C, S>
where
    R: Request,
    L: Ledger,
    C: Compose<R>,
    S: Sender<R>,
{
    pub(super) async fn start(
        run: &'e Run<'e, R, L, C, S>,
        campaign: CampaignId,
        slice: Option<Slice>,
    ) -> Result<Self, Error> {
        let worker = run.ledger.start(campaign).await?;
        Ok(Self {
            campaign,
            unsettled: Unsettled {
                ledger: run.ledger,
                campaign,
                worker: worker.id,
                ended: Vec::new(),
                settling: Arc::default(),
            },
            worker,
            stop: run.stop.0.subscribe(),
            in_flight: FuturesUnordered::new(),
            sending: HashSet::new(),
            breaker: Breaker::new(run.breaker),
            slow_down: SlowDown::default(),
            began: Instant::now(),
            signals: (None, None),
            end: None,
            next_claim: Instant::now(),
            left: u64::MAX,
            counts: Counts::default(),
            slice,
            quota: 0,
            run,
        })
    }

    pub(super) async fn run(mut self) -> Result<Report, Error> {
        let mut pending: Option<Pending<'e>> = None;
        let mut failing: Option<(Instant, Instant)> = None;
        loop {
            if *self.stop.borrow() {
                self.end.get_or_insert(RunEnd::Stopped);
            }
            let now = Instant::now();
            if self.slice.as_ref().is_some_and(|slice| slice.used_up(now)) {
                self.end.get_or_insert(RunEnd::SliceEnded);
            }
            let free = self.free();
            let held = failing.is_some_and(|(_, again)| now < again);
            // After a failure what came back is settled first.
            let settle_first = failing.is_some() && !self.unsettled.ended.is_empty();
            let max_claims = if now >= self.next_claim && !settle_first {
                free
            } else {
                0
            };
            let signals = !self.unsettled.ended.is_empty() || self.signals.1.is_some();
            if pending.is_none() && !held && (max_claims > 0 || signals) {
                pending = Some(self.settle_and_claim(max_claims, failing.is_some()));
            }
            let idle =
                pending.is_none() && self.in_flight.is_empty() && self.unsettled.ended.is_empty();
            if idle && (self.end.is_some() || self.left == 0) {
                break;
            }
            let wake = match failing {
                Some((_, again)) if held => again,
                _ => self.next_claim,
            };
            tokio::select! {
                biased;
                Some(settle) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    self.take(settle);
                    // All replies that arrived meanwhile go into one request.
                    while let Some(Some(settle)) = self.in_flight.next().now_or_never() {
                        self.take(settle);
                    }
                }
                result = claiming(&mut pending) => {
                    let Some(Pending { asked, max_claims, signals, .. }) = pending.take() else { continue };
                    let settling = std::mem::take(&mut self.unsettled.settling);
                    match result {
                        Ok(reply) => {
                            failing = None;
                            self.on_reply(reply, max_claims, asked);
                        }
                        Err(error) => {
                            self.unsettled.ended.splice(0..0, settling.iter().cloned());
                            self.signals.0 = self.signals.0.max(signals.0);
                            self.signals.1 = signals.1.or(self.signals.1.take());
                            let now = Instant::now();
                            let (since, _) = *failing.get_or_insert((now, now));
                            // Another worker took over, or a newer program made another schema.
                            let for_good = matches!(error.kind(), ErrorKind::InUse | ErrorKind::NotALedger);
                            self.publish(Some(error.to_string()));
                            if (now - since >= self.worker.outage_limit || for_good) && self.in_flight.is_empty() {
                                return Err(error);
                            }
                            failing = Some((since, now + PAUSE));
                        }
                    }
                }
                () = tokio::time::sleep_until(wake.into()), if pending.is_none() && (free > 0 || held) => {}
                _ = self.stop.changed(), if self.end.is_none() => {}
            }
        }
        self.finish().await
    }

    fn free(&self) -> u32 {
        if self.end.is_some() {
            return 0;
        }
        let in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        let slots = self.run.slots.saturating_sub(in_flight);
        self.slice
            .as_ref()
            .map_or(slots, |slice| slots.min(slice.rows))
    }

    fn settle_and_claim(&mut self, max_claims: u32, after_failure: bool) -> Pending<'e> {
        let settle = Arc::new(std::mem::take(&mut self.unsettled.ended));
        self.unsettled.settling = Arc::clone(&settle);
        let signals = std::mem::take(&mut self.signals);
        let request = ClaimRequest {
            campaign: self.campaign,
            worker: self.worker.id,
            settle,
            max_claims,
            slow_down: signals.0,
            pause: signals.1.clone(),
            columns: Arc::clone(&self.worker.columns),
            echoes: self.worker.echoes,
            in_flight: after_failure.then(|| self.sending.iter().copied().collect()),
        };
        Pending {
            claiming: Box::pin(self.run.ledger.settle_and_claim(request)),
            asked: (Instant::now(), SystemTime::now()),
            max_claims,
            signals,
        }
    }

    /// A reply came, or failed to come.
    fn take(&mut self, settle: Settle) {
        self.sending.remove(&settle.row);
        if let Some(pause) = self
            .slow_down
            .observe(&settle.attempt, self.began.elapsed())
        {
            self.signals.0 = self.signals.0.max(Some(pause));
        }
        self.quota += u64::from(settle.attempt.result == AttemptResult::Quota);
        if let Some(reason) = self.breaker.observe(&settle.attempt) {
            self.signals.1.get_or_insert(reason);
        }
        self.unsettled.ended.push(settle);
    }

    fn on_reply(&mut self, reply: ClaimReply, max_claims: u32, asked: (Instant, SystemTime)) {
        let ClaimReply {
            claimed,
            state,
            reason,
            counts,
            wait,
        } = reply;
        let now = Instant::now();
        let fewer = claimed.len() < max_claims as usize;
        self.next_claim = match wait {
            Some(wait) => now + wait.min(POLL),
            None if fewer => now + POLL,
            None => now,
        };
        let end = match state {
            CampaignState::Paused => Some(RunEnd::Paused(reason.unwrap_or_default())),
            CampaignState::Cancelled => Some(RunEnd::Cancelled),
            _ => None,
        };
        // The caller of a slice has to know that another slice would not go on.
        if end.is_some() && matches!(self.end, None | Some(RunEnd::SliceEnded)) {
            self.end = end;
        }
        // Rows that another worker is sending may be ready again.
        self.left = counts.state(State::Ready) + counts.state(State::Sending);
        let since = asked.0.elapsed().max(asked.1.elapsed().unwrap_or_default());
        let late = self.worker.lease.is_some_and(|lease| since > lease);
        for claimed in claimed {
            if let Some(slice) = &mut self.slice {
                slice.rows = slice.rows.saturating_sub(1);
            }
            if late {
                self.unsent(&claimed, AttemptResult::NotSent, TOO_LATE.to_owned());
            } else {
                self.send(claimed);
            }
        }
        self.counts = counts;
        self.publish(None);
    }

    /// Shows how far the run is, and why the ledger fails if it does.
    fn publish(&self, ledger_problem: Option<String>) {
        let unsettled = self.in_flight.len() + self.unsettled.ended.len();
        self.run.progress.send_replace(Progress {
            counts: self.counts.clone(),
            in_flight: u32::try_from(unsettled).unwrap_or(u32::MAX),
            ledger_problem,
            quota: self.quota,
            ending: self.end.is_some(),
        });
    }

    fn send(&mut self, claimed: Claimed) {
        let run = self.run;
        match checked(run.compose, &claimed.row) {
            Ok(request) => {
                let Claimed { row, claim } = claimed;
                self.sending.insert(row.number());
                self.in_flight.push(Box::pin(async move {
                    let attempt = run.sender.send(&request).await;
                    Settle {
                        row: row.number(),
                        claim,
                        attempt,
                    }
                }));
            }
            Err(problem) => self.unsent(&claimed, AttemptResult::Invalid, problem),
        }
    }

    /// A row of which nothing is sent.
    fn unsent(&mut self, claimed: &Claimed, result: AttemptResult, reason: String) {
        self.unsettled.ended.push(Settle {
            row: claimed.row.number(),
            claim: claimed.claim,
            attempt: Attempt::new(result).with_reason(reason),
        });
    }

    async fn finish(mut self) -> Result<Report, Error> {
        let ledger = self.run.ledger;
        self.counts = ledger.finish(self.campaign, self.worker.id).await?;
        let nothing_left = self.counts.state(State::Ready) + self.counts.state(State::Sending) == 0;
        let ended = match self.end.take() {
            Some(RunEnd::SliceEnded) if nothing_left => RunEnd::Done,
            Some(end) => end,
            None => RunEnd::Done,
        };
        self.end = Some(ended.clone());
        self.publish(None);
        Ok(Report {
            ended,
            counts: self.counts.clone(),
            reaped: self.worker.reaped,
        })
    }
}

/// The reply of the request in flight; pending for ever while there is none.
async fn claiming(request: &mut Option<Pending<'_>>) -> Result<ClaimReply, Error> {
    match request {
        Some(request) => request.claiming.as_mut().await,
        None => pending().await,
    }
}
