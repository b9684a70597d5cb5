//! The loop of a run.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use nxcloud_client::Request;
use tokio::sync::watch;

use super::{Ended, Progress, Report, Run};
use crate::breaker::{Breaker, SlowDown};
use crate::check::checked;
use crate::compose::Compose;
use crate::ledger::{
    CampaignId, CampaignState, Claimed, Counts, Ledger, POLL, Settle, Turn, Turned, Worker,
};
use crate::sender::Sender;
use crate::state::{Attempt, AttemptResult, State};
use crate::{Error, ErrorKind};

/// How long replies wait for a ledger that fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait between two tries to settle them.
const PAUSE: Duration = Duration::from_millis(500);

/// What the next turn has to tell the ledger: how long the account has to be left alone, why the campaign has to stop.
type News = (Option<Duration>, Option<String>);
type Sending<'e> = Pin<Box<dyn Future<Output = Settle> + Send + 'e>>;
type Turning<'e> = Pin<Box<dyn Future<Output = Result<Turned, Error>> + Send + 'e>>;

pub(super) struct Engine<'e, R, L, C, S> {
    run: &'e Run<'e, R, L, C, S>,
    campaign: CampaignId,
    worker: Worker,
    stop: watch::Receiver<bool>,
    under_way: FuturesUnordered<Sending<'e>>,
    /// What came back and is not settled yet.
    ended: Vec<Settle>,
    breaker: Breaker,
    slow_down: SlowDown,
    began: Instant,
    news: News,
    /// Why nothing more is claimed.
    end: Option<Ended>,
    /// No claim before.
    next_claim: Instant,
    left: u64,
    counts: Counts,
}

/// A turn under way, and what it settles.
struct Under<'e> {
    turning: Turning<'e>,
    settle: Arc<Vec<Settle>>,
    want: u32,
    news: News,
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
            under_way: FuturesUnordered::new(),
            ended: Vec::new(),
            breaker: Breaker::new(run.breaker),
            slow_down: SlowDown::default(),
            began: Instant::now(),
            news: (None, None),
            end: None,
            next_claim: Instant::now(),
            left: u64::MAX,
            counts: Counts::default(),
            run,
        })
    }

    pub(super) async fn run(mut self) -> Result<Report, Error> {
        let mut turn: Option<Under<'e>> = None;
        let mut failing: Option<(Instant, Instant)> = None;
        loop {
            if *self.stop.borrow() {
                self.end.get_or_insert(Ended::Stopped);
            }
            let now = Instant::now();
            let free = self.free();
            let held = failing.is_some_and(|(_, again)| now < again);
            // After a failure what came back is settled first.
            let settle_first = failing.is_some() && !self.ended.is_empty();
            let want = if now >= self.next_claim && !settle_first {
                free
            } else {
                0
            };
            let news = !self.ended.is_empty() || self.news.1.is_some();
            if turn.is_none() && !held && (want > 0 || news) {
                turn = Some(self.turn(want));
            }
            let idle = turn.is_none() && self.under_way.is_empty() && self.ended.is_empty();
            if idle && (self.end.is_some() || self.left == 0) {
                break;
            }
            let wake = match failing {
                Some((_, again)) if held => again,
                _ => self.next_claim,
            };
            tokio::select! {
                biased;
                Some(settle) = self.under_way.next(), if !self.under_way.is_empty() => {
                    self.take(settle);
                    // All that came back meanwhile goes into one turn.
                    while let Some(Some(settle)) = self.under_way.next().now_or_never() {
                        self.take(settle);
                    }
                }
                result = turning(&mut turn) => {
                    let Some(Under { settle, want, news, .. }) = turn.take() else { continue };
                    match result {
                        Ok(turned) => {
                            failing = None;
                            self.turned(turned, want);
                        }
                        Err(error) => {
                            self.ended.splice(0..0, settle.iter().cloned());
                            self.news.0 = self.news.0.max(news.0);
                            self.news.1 = news.1.or(self.news.1.take());
                            let now = Instant::now();
                            let (since, _) = *failing.get_or_insert((now, now));
                            let taken_over = error.kind() == ErrorKind::InUse;
                            if (now - since >= PATIENCE || taken_over) && self.under_way.is_empty() {
                                return Err(error);
                            }
                            failing = Some((since, now + PAUSE));
                        }
                    }
                }
                () = tokio::time::sleep_until(wake.into()), if turn.is_none() && (free > 0 || held) => {}
                _ = self.stop.changed(), if self.end.is_none() => {}
            }
        }
        self.finish().await
    }

    fn free(&self) -> u32 {
        if self.end.is_some() {
            return 0;
        }
        let under_way = u32::try_from(self.under_way.len()).unwrap_or(u32::MAX);
        self.run.slots.saturating_sub(under_way)
    }

    fn turn(&mut self, want: u32) -> Under<'e> {
        let settle = Arc::new(std::mem::take(&mut self.ended));
        let news = std::mem::take(&mut self.news);
        let turn = Turn {
            campaign: self.campaign,
            worker: self.worker.id,
            settle: Arc::clone(&settle),
            want,
            slow_down: news.0,
            pause: news.1.clone(),
            columns: Arc::clone(&self.worker.columns),
        };
        Under {
            turning: Box::pin(self.run.ledger.turn(turn)),
            settle,
            want,
            news,
        }
    }

    /// A reply came, or failed to come.
    fn take(&mut self, settle: Settle) {
        if let Some(pause) = self
            .slow_down
            .observe(&settle.attempt, self.began.elapsed())
        {
            self.news.0 = self.news.0.max(Some(pause));
        }
        if let Some(why) = self.breaker.observe(&settle.attempt) {
            self.news.1.get_or_insert(why);
        }
        self.ended.push(settle);
    }

    fn turned(&mut self, turned: Turned, want: u32) {
        let Turned {
            claimed,
            state,
            why,
            counts,
            wait,
        } = turned;
        let now = Instant::now();
        let fewer = claimed.len() < want as usize;
        self.next_claim = match wait {
            Some(wait) => now + wait.min(POLL),
            None if fewer => now + POLL,
            None => now,
        };
        match state {
            CampaignState::Paused => {
                self.end
                    .get_or_insert(Ended::Paused(why.unwrap_or_default()));
            }
            CampaignState::Cancelled => {
                self.end.get_or_insert(Ended::Cancelled);
            }
            _ => {}
        }
        self.left = counts.state(State::Ready);
        for claimed in claimed {
            self.send(claimed);
        }
        self.run.progress.send_replace(Progress {
            counts: counts.clone(),
            under_way: u32::try_from(self.under_way.len()).unwrap_or(u32::MAX),
            ending: self.end.is_some(),
        });
        self.counts = counts;
    }

    fn send(&mut self, claimed: Claimed) {
        let (run, Claimed { row, claim }) = (self.run, claimed);
        match checked(run.compose, &row) {
            Ok(request) => self.under_way.push(Box::pin(async move {
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
            under_way: 0,
            ending: true,
        });
        Ok(Report {
            ended: self.end.unwrap_or(Ended::Done),
            counts,
            reaped: self.worker.reaped,
        })
    }
}

/// The turn under way; nothing comes while there is none.
async fn turning(turn: &mut Option<Under<'_>>) -> Result<Turned, Error> {
    match turn {
        Some(under) => under.turning.as_mut().await,
        None => pending().await,
    }
}
