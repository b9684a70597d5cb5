//! The loop of a run.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    Worker,
};
use crate::sender::Sender;
use crate::state::{Attempt, AttemptResult, State};
use crate::{Error, ErrorKind};

/// How long replies wait for a ledger that fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait between two tries to settle them.
const PAUSE: Duration = Duration::from_millis(500);

/// What the next request reports to the ledger: how long the account must not be used, and why the campaign must stop.
type Signals = (Option<Duration>, Option<String>);
type Sending<'e> = Pin<Box<dyn Future<Output = Settle> + Send + 'e>>;
type Claiming<'e> = Pin<Box<dyn Future<Output = Result<ClaimReply, Error>> + Send + 'e>>;

pub(super) struct Engine<'e, R, L, C, S> {
    run: &'e Run<'e, R, L, C, S>,
    campaign: CampaignId,
    worker: Worker,
    stop: watch::Receiver<bool>,
    in_flight: FuturesUnordered<Sending<'e>>,
    /// What came back and is not settled yet.
    ended: Vec<Settle>,
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
    quota: u64,
}

/// A request to the ledger in flight, and what it settles.
struct Pending<'e> {
    claiming: Claiming<'e>,
    settle: Arc<Vec<Settle>>,
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
    ) -> Result<Self, Error> {
        let worker = run.ledger.start(campaign).await?;
        Ok(Self {
            campaign,
            worker,
            stop: run.stop.0.subscribe(),
            in_flight: FuturesUnordered::new(),
            ended: Vec::new(),
            breaker: Breaker::new(run.breaker),
            slow_down: SlowDown::default(),
            began: Instant::now(),
            signals: (None, None),
            end: None,
            next_claim: Instant::now(),
            left: u64::MAX,
            counts: Counts::default(),
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
            let free = self.free();
            let held = failing.is_some_and(|(_, again)| now < again);
            // After a failure what came back is settled first.
            let settle_first = failing.is_some() && !self.ended.is_empty();
            let max_claims = if now >= self.next_claim && !settle_first {
                free
            } else {
                0
            };
            let signals = !self.ended.is_empty() || self.signals.1.is_some();
            if pending.is_none() && !held && (max_claims > 0 || signals) {
                pending = Some(self.settle_and_claim(max_claims));
            }
            let idle = pending.is_none() && self.in_flight.is_empty() && self.ended.is_empty();
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
                    let Some(Pending { settle, max_claims, signals, .. }) = pending.take() else { continue };
                    match result {
                        Ok(reply) => {
                            failing = None;
                            self.on_reply(reply, max_claims);
                        }
                        Err(error) => {
                            self.ended.splice(0..0, settle.iter().cloned());
                            self.signals.0 = self.signals.0.max(signals.0);
                            self.signals.1 = signals.1.or(self.signals.1.take());
                            let now = Instant::now();
                            let (since, _) = *failing.get_or_insert((now, now));
                            let taken_over = error.kind() == ErrorKind::InUse;
                            if (now - since >= PATIENCE || taken_over) && self.in_flight.is_empty() {
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
        self.run.slots.saturating_sub(in_flight)
    }

    fn settle_and_claim(&mut self, max_claims: u32) -> Pending<'e> {
        let settle = Arc::new(std::mem::take(&mut self.ended));
        let signals = std::mem::take(&mut self.signals);
        let request = ClaimRequest {
            campaign: self.campaign,
            worker: self.worker.id,
            settle: Arc::clone(&settle),
            max_claims,
            slow_down: signals.0,
            pause: signals.1.clone(),
            columns: Arc::clone(&self.worker.columns),
        };
        Pending {
            claiming: Box::pin(self.run.ledger.settle_and_claim(request)),
            settle,
            max_claims,
            signals,
        }
    }

    /// A reply came, or failed to come.
    fn take(&mut self, settle: Settle) {
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
        self.ended.push(settle);
    }

    fn on_reply(&mut self, reply: ClaimReply, max_claims: u32) {
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
        match state {
            CampaignState::Paused => {
                self.end
                    .get_or_insert(RunEnd::Paused(reason.unwrap_or_default()));
            }
            CampaignState::Cancelled => {
                self.end.get_or_insert(RunEnd::Cancelled);
            }
            _ => {}
        }
        self.left = counts.state(State::Ready);
        for claimed in claimed {
            self.send(claimed);
        }
        self.run.progress.send_replace(Progress {
            counts: counts.clone(),
            in_flight: u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX),
            quota: self.quota,
            ending: self.end.is_some(),
        });
        self.counts = counts;
    }

    fn send(&mut self, claimed: Claimed) {
        let (run, Claimed { row, claim }) = (self.run, claimed);
        match checked(run.compose, &row) {
            Ok(request) => self.in_flight.push(Box::pin(async move {
                let attempt = run.sender.send(&request).await;
                Settle {
                    row: row.number(),
                    claim,
                    attempt,
                }
            })),
            Err(problem) => {
                let attempt = Attempt::new(AttemptResult::Invalid).with_reason(problem);
                self.ended.push(Settle {
                    row: row.number(),
                    claim,
                    attempt,
                });
            }
        }
    }

    async fn finish(self) -> Result<Report, Error> {
        let counts = self
            .run
            .ledger
            .finish(self.campaign, self.worker.id)
            .await?;
        self.run.progress.send_replace(Progress {
            counts: counts.clone(),
            in_flight: 0,
            quota: self.quota,
            ending: true,
        });
        Ok(Report {
            ended: self.end.unwrap_or(RunEnd::Done),
            counts,
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
