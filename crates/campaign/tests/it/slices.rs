//! Slices of a run, which cron or a job engine calls.

use std::time::{Duration, Instant};

use nxcloud_campaign::{
    AccountProblem, AnyLedger, Attempt, AttemptResult, ErrorKind, Ledger as _, Run, RunEnd, Sender,
    State,
};
use nxcloud_sms::SendSms;
use testing::{in_time, until};
use tokio::sync::Semaphore;

use crate::common::{Script, Sent, World, accepted, csv, number};

/// A deadline that no test reaches.
fn later() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

#[tokio::test]
async fn slices_do_a_campaign_bit_by_bit_and_may_be_repeated() {
    let world = World::new().await;
    world.campaign(70).await;
    let sender = Script::new(accepted);
    let slice = |rows, deadline| {
        let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(8);
        run.work_slice(rows, deadline)
    };
    let passed = Instant::now();
    for (rows, deadline) in [(0, later()), (100, passed)] {
        let report = slice(rows, deadline).await.unwrap();
        assert_eq!((report.ended, sender.sent.len()), (RunEnd::SliceEnded, 0));
    }
    for sent in [30, 60] {
        let report = slice(30, later()).await.unwrap();
        assert_eq!(
            (report.ended, sender.sent.len()),
            (RunEnd::SliceEnded, sent)
        );
        assert_eq!(report.counts.state(State::Accepted), sent as u64);
    }
    for _ in 0..2 {
        let report = slice(30, later()).await.unwrap();
        assert_eq!((report.ended, sender.sent.len()), (RunEnd::Done, 70));
    }
    // A campaign that is done stays done.
    for (rows, deadline) in [(0, later()), (30, passed)] {
        let report = slice(rows, deadline).await.unwrap();
        assert_eq!((report.ended, sender.sent.len()), (RunEnd::Done, 70));
    }
    // A slice that ends with the last row leaves nothing to another one.
    let list = world.list("other.csv", csv(5)).unwrap();
    world.import("d", &list).await.unwrap();
    let run = Run::new(&world.ledger, "d", &world.template, &sender);
    let report = run.work_slice(5, later()).await.unwrap();
    assert_eq!((report.ended, sender.sent.most()), (RunEnd::Done, 1));
}

#[tokio::test]
async fn a_slice_reports_a_pause_or_a_cancellation_that_comes_with_its_last_row() {
    let world = World::new().await;
    world.campaign(5).await;
    let reason = "rejected by the platform (balance)";
    let poor = Script::new(|_| {
        Attempt::new(AttemptResult::Account(AccountProblem::Balance)).with_reason(reason)
    });
    let run = Run::new(&world.ledger, "c", &world.template, &poor);
    let report = run.work_slice(1, later()).await.unwrap();
    assert_eq!(report.ended, RunEnd::Paused(reason.to_owned()));
    assert_eq!(report.counts.state(State::Ready), 5);
    let run = Run::new(&world.ledger, "c", &world.template, &poor);
    let error = run.work_slice(1, later()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongState);

    let campaign = world.ledger.campaign("c").await.unwrap();
    world.ledger.resume(campaign.id).await.unwrap();
    let sender = Script::new(accepted).slowly(Duration::from_millis(300));
    let (sent, beside) = (sender.sent.clone(), world.opened_again().await);
    let cancel = async {
        until("the request", || sent.len() == 1).await;
        beside.cancel(campaign.id).await.unwrap();
    };
    let run = Run::new(&world.ledger, "c", &world.template, &sender);
    let (report, ()) = tokio::join!(run.work_slice(1, later()), cancel);
    assert_eq!(report.unwrap().ended, RunEnd::Cancelled);
}

#[tokio::test]
async fn a_row_that_waits_an_hour_does_not_outlast_the_deadline() {
    let world = World::new().await;
    world.campaign(3).await;
    let sender = Script::new(|request| match number(request) {
        2 => Attempt::new(AttemptResult::Quota).with_reason("rejected: code 27"),
        _ => accepted(request),
    });
    for _ in 0..2 {
        let run = Run::new(&world.ledger, "c", &world.template, &sender);
        let soon = Instant::now() + Duration::from_millis(700);
        let report = in_time("the slice", run.work_slice(100, soon)).await;
        let report = report.unwrap();
        assert_eq!(report.ended, RunEnd::SliceEnded);
        assert_eq!(report.counts.state(State::Ready), 1);
        assert_eq!((sender.sent.len(), sender.sent.most()), (3, 1));
    }
}

/// Accepts everything, once the gate is open.
struct Gated<'g>(&'g Semaphore, Sent);

impl Sender<SendSms> for Gated<'_> {
    async fn send(&self, request: &SendSms) -> Attempt {
        self.1.add(request);
        let _open = self.0.acquire().await.unwrap();
        accepted(request)
    }
}

#[tokio::test]
async fn slices_at_once_send_no_row_twice() {
    let world = World::new().await;
    world.campaign(30).await;
    let gate = Semaphore::new(0);
    let sent = Sent::default();
    let (slow, quick) = (
        Gated(&gate, sent.clone()),
        Script::new(accepted).with(&sent),
    );
    let beside = world.opened_again().await;
    let second = async {
        until("the first rows", || sent.len() == 4).await;
        let run = Run::new(&beside, "c", &world.template, &quick);
        let report = run.work_slice(26, later()).await;
        gate.add_permits(4);
        report
    };
    let first = Run::new(&world.ledger, "c", &world.template, &slow).work_slice(4, later());
    let both = async { tokio::join!(first, second) };
    let (first, second) = in_time("the slices", both).await;
    let first = first.unwrap();
    match (&world.ledger, second) {
        (AnyLedger::Sqlite(_), second) => {
            assert_eq!(second.unwrap_err().kind(), ErrorKind::InUse);
            assert_eq!(first.ended, RunEnd::SliceEnded);
        }
        // What the first one still sends is left, so the second one is not done. The last one to end is.
        (_, second) => {
            let second = second.unwrap();
            assert_eq!(second.ended, RunEnd::SliceEnded);
            assert_eq!(second.counts.state(State::Sending), 4);
            assert_eq!(first.ended, RunEnd::Done);
        }
    }
    let run = Run::new(&world.ledger, "c", &world.template, &quick);
    let report = in_time("the rest", run.work_slice(100, later())).await;
    let report = report.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    assert_eq!(report.counts.state(State::Accepted), 30);
    assert_eq!((sent.len(), sent.most()), (30, 1));
}
