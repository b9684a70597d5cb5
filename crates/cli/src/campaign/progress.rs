//! Shows how a run goes: a bar on a terminal, otherwise a line every few seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use nxcloud::campaign::{Counts, Progress, State};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::output::{self, Bar};

/// How often the bar is drawn.
const BAR: Duration = Duration::from_millis(250);
/// How often a line is written without a terminal.
const LINE: Duration = Duration::from_secs(5);
/// The time over which the rate is averaged.
const WINDOW: Duration = Duration::from_secs(10);

pub(super) struct Display {
    bar: Option<Bar>,
    ticks: Interval,
    rate: Pace,
    /// Whether a signal ends the run.
    pub(super) stopping: bool,
    /// Whether the ledger fails.
    failing: bool,
}

impl Display {
    pub(super) fn new() -> Self {
        let bar = Bar::on_terminal();
        let mut ticks = interval(if bar.is_some() { BAR } else { LINE });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first tick comes at once, when there is nothing to show yet.
        ticks.reset();
        Self {
            bar,
            ticks,
            rate: Pace::default(),
            stopping: false,
            failing: false,
        }
    }

    pub(super) async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    /// Shows a run.
    pub(super) fn show(&mut self, progress: &Progress) {
        let counts = &progress.counts;
        let left = counts.state(State::Ready) + counts.state(State::Sending);
        let done = counts.total().saturating_sub(left);
        let rate = self.rate.rate(Instant::now(), done);
        self.write(
            done,
            counts.total(),
            &line(progress, left, rate, self.stopping),
        );
    }

    /// Says when the ledger begins to fail, and when it works again.
    pub(super) fn outage(&mut self, progress: &Progress) {
        let Some(problem) = &progress.ledger_problem else {
            return self.failing(None);
        };
        let waiting = progress.in_flight;
        self.failing(Some(&format!(
            "{problem}; nothing more is sent, {waiting} results are kept until the ledger works again"
        )));
    }

    /// The same for a problem in one line.
    pub(super) fn failing(&mut self, problem: Option<&str>) {
        let was_failing = std::mem::replace(&mut self.failing, problem.is_some());
        match (problem, was_failing) {
            (Some(problem), false) => self.say(&format!("warning: {problem}")),
            (None, true) => self.say("the ledger works again"),
            _ => {}
        }
    }

    /// Prints a line; the bar is drawn again below it.
    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.above(|| output::eprint(text)),
            None => output::eprint(text),
        }
    }

    /// Shows that a run waits for receipts.
    pub(super) fn waiting(&mut self, counts: &Counts, open: u64) {
        let sent = counts.state(State::Accepted) + counts.state(State::Unknown);
        let delivered = counts.delivered();
        let text = format!("waiting for receipts of {open} rows, {delivered} delivered");
        self.write(sent.saturating_sub(open), sent, &text);
    }

    fn write(&self, done: u64, total: u64, text: &str) {
        match &self.bar {
            Some(bar) => bar.show(done, total, text),
            None => output::eprint(&format!("{done} of {total} rows, {text}")),
        }
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.clear();
        }
    }
}

fn line(progress: &Progress, left: u64, rate: Option<f64>, stopping: bool) -> String {
    let counts = &progress.counts;
    let mut parts = Vec::new();
    if let Some(rate) = rate {
        parts.push(format!("{rate:.0}/s"));
        if rate > 0.0 && !stopping {
            parts.push(format!("{} left", time(left, rate)));
        }
    }
    for state in [State::Accepted, State::Rejected, State::Unknown] {
        parts.push(format!("{} {}", counts.state(state), state.as_str()));
    }
    parts.push(format!("{} delivered", counts.delivered()));
    if progress.quota > 0 {
        parts.push(format!(
            "a quota is used up (code 27): {} rows were put back, each for an hour",
            progress.quota
        ));
    }
    if stopping {
        parts.push(format!("stopping, {} in flight", progress.in_flight));
    }
    parts.join(", ")
}

/// How long the rows that are left take.
fn time(left: u64, rate: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = Duration::try_from_secs_f64((left as f64 / rate).ceil());
    let seconds = seconds.unwrap_or(Duration::MAX).as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}

/// Rows per second, over the last seconds.
#[derive(Default)]
struct Pace(VecDeque<(Instant, u64)>);

impl Pace {
    fn rate(&mut self, now: Instant, done: u64) -> Option<f64> {
        while self.0.len() > 1 && self.0.get(1).is_some_and(|(at, _)| now - *at > WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back((now, done));
        let (since, before) = self.0.front()?;
        let seconds = (now - *since).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        (seconds > 0.0).then(|| done.saturating_sub(*before) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert_eq!(pace.rate(start, 0), None);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pace.rate(at(2), 200), Some(100.0));
        assert_eq!(pace.rate(at(10), 200), Some(20.0));
        assert_eq!(
            pace.rate(at(30), 200),
            Some(0.0),
            "what is older does not count"
        );
    }

    #[test]
    fn times_are_rounded_up() {
        for (left, expected) in [(0, "0s"), (5, "1s"), (610, "1m 1s"), (100_000, "2h 46m")] {
            assert_eq!(time(left, 10.0), expected);
        }
    }

    #[test]
    fn a_line_names_what_a_quota_holds_back() {
        let mut progress = Progress::default();
        let before = line(&progress, 0, None, false);
        assert_eq!(before, "0 accepted, 0 rejected, 0 unknown, 0 delivered");
        progress.quota = 12;
        assert!(line(&progress, 12, None, false).contains("(code 27): 12 rows"));
    }
}
