//! A run from its start to its end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nxcloud_campaign::{
    Attempt, AttemptResult, BreakerLimits, CampaignState, ErrorKind, Ledger as _, NewCampaign, Row,
    Run, RunEnd, Skip, State, import,
};
use nxcloud_client::AppKey;
use nxcloud_sms::SendSms;
use testing::in_time;

use crate::common::{Script, World, accepted, number, states};

#[tokio::test]
async fn every_row_is_sent_once_and_has_its_outcome() {
    let world = World::new().await;
    let campaign = world.campaign(200).await;
    let sender = Script::new(|request| match number(request) % 4 {
        0 => Attempt::new(AttemptResult::Rejected).with_reason("rejected: code 4"),
        1 => Attempt::new(AttemptResult::Unknown).with_reason("no answer in time"),
        _ => accepted(request),
    });
    let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(16);
    let mut progress = run.progress();
    let breaker = BreakerLimits::new().unknown_in_a_row(100);
    let report = run.breaker(breaker).execute().await.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    assert_eq!(
        states(&report.counts),
        [("accepted", 100), ("rejected", 50), ("unknown", 50)].into()
    );
    assert_eq!((sender.sent.len(), sender.sent.most()), (200, 1));
    assert_eq!(progress.borrow_and_update().counts, report.counts);
    assert_eq!(
        world.ledger.campaign("c").await.unwrap().state,
        CampaignState::Done
    );
    let rows = world.rows(&campaign).await;
    for row in &rows {
        assert_eq!(row.claims, 1);
        let (state, id, reason) = match row.row.number() % 4 {
            0 => (State::Rejected, None, Some("rejected: code 4")),
            1 => (State::Unknown, None, Some("no answer in time")),
            _ => (
                State::Accepted,
                Some(format!("m{}", row.row.number())),
                None,
            ),
        };
        assert_eq!(
            (row.state, &row.message_id, row.reason.as_deref()),
            (state, &id, reason)
        );
        assert!(row.claimed_at.is_some() && row.settled_at >= row.claimed_at);
    }
    // Whoever runs it again sends nothing.
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!((report.ended, sender.sent.len()), (RunEnd::Done, 200));
}

#[tokio::test]
async fn a_closure_makes_the_requests_and_the_run_the_keys() {
    let world = World::new().await;
    let list = world.list("list.csv", crate::common::csv(3)).unwrap();
    let new = NewCampaign::from_requests::<SendSms>("c", "phone");
    import(&world.ledger, new, &list, |_| {}).await.unwrap();
    let compose = |row: &Row| {
        let name = row.get("name").ok_or("no name")?;
        Ok::<_, String>(SendSms::new(
            AppKey::new("app"),
            row.phone(),
            format!("Dear {name}"),
        ))
    };
    let sender = Script::new(accepted);
    let report = Run::new(&world.ledger, "c", &compose, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(states(&report.counts), [("accepted", 3)].into());
    for (key, row) in sender.sent.keys().iter().zip(1..) {
        assert_eq!(world.ledger.row_of_key(key).unwrap().row, row);
    }
}

#[tokio::test]
async fn what_was_not_sent_or_refused_for_the_moment_is_tried_again() {
    let world = World::new().await;
    world.campaign(3).await;
    let calls = AtomicU32::new(0);
    let sender =
        Script::new(
            |request| match (calls.fetch_add(1, Ordering::SeqCst), number(request)) {
                (..3, 1) => Attempt::new(AttemptResult::NotSent).with_reason("could not connect"),
                (..3, 2) => Attempt::new(AttemptResult::TooFast).with_reason("code 28"),
                _ => accepted(request),
            },
        );
    let report = Run::new(&world.ledger, "c", &world.template, &sender).execute();
    let report = in_time("the run", report).await.unwrap();
    assert_eq!(states(&report.counts), [("accepted", 3)].into());
    assert_eq!((sender.sent.len(), sender.sent.most()), (5, 2));
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_there_are_slots() {
    let world = World::new().await;
    world.campaign(60).await;
    let (now, most) = (AtomicU32::new(0), AtomicU32::new(0));
    struct Counting<'c>(&'c AtomicU32, &'c AtomicU32);
    impl nxcloud_campaign::Sender<SendSms> for Counting<'_> {
        async fn send(&self, _: &SendSms) -> Attempt {
            let now = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            self.1.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(3)).await;
            self.0.fetch_sub(1, Ordering::SeqCst);
            Attempt::accepted(None)
        }
    }
    let sender = Counting(&now, &most);
    Run::new(&world.ledger, "c", &world.template, &sender)
        .slots(7)
        .execute()
        .await
        .unwrap();
    assert_eq!(most.into_inner(), 7);
}

#[tokio::test]
async fn a_stop_claims_no_more_and_waits_for_replies() {
    let world = World::new().await;
    world.campaign(50).await;
    let sender = Script::new(accepted).slowly(Duration::from_millis(50));
    let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(5);
    let (stop, sent) = (run.stop(), sender.sent.clone());
    let watch = async {
        testing::until("the first rows", || sent.len() >= 5).await;
        stop.stop();
    };
    let (report, ()) = tokio::join!(run.execute(), watch);
    let report = report.unwrap();
    assert_eq!(report.ended, RunEnd::Stopped);
    let accepted_rows = report.counts.state(State::Accepted);
    assert_eq!(
        accepted_rows,
        sent.len() as u64,
        "every reply was waited for"
    );
    assert_eq!(
        report.counts.state(State::Sending) + report.counts.state(State::Unknown),
        0
    );
    // The same command goes on.
    let sender = Script::new(accepted).with(&sent);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!((report.ended, report.reaped), (RunEnd::Done, 0));
    assert_eq!((sent.len(), sent.most()), (50, 1));
}

#[tokio::test]
async fn a_pause_of_another_process_ends_the_run_and_a_resume_lets_it_go_on() {
    let world = World::new().await;
    let campaign = world.campaign(300).await;
    let sender = Script::new(accepted).slowly(Duration::from_millis(5));
    let beside = world.opened_again().await;
    let sent = sender.sent.clone();
    let pause = async {
        testing::until("the first rows", || sent.len() >= 10).await;
        beside.pause(campaign.id, "lunch").await.unwrap();
    };
    let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(5);
    let (report, ()) = tokio::join!(run.execute(), pause);
    let report = report.unwrap();
    assert_eq!(report.ended, RunEnd::Paused("lunch".to_owned()));
    assert!(report.counts.state(State::Ready) > 0);
    let error = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongState);
    assert_eq!(
        error.to_string(),
        "the campaign is paused: lunch; resume it first"
    );
    beside.resume(campaign.id).await.unwrap();
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(states(&report.counts), [("accepted", 300)].into());
    assert_eq!(sent.most(), 1);
}

#[tokio::test]
async fn a_cancelled_campaign_skips_what_is_left() {
    let world = World::new().await;
    let campaign = world.campaign(300).await;
    let sender = Script::new(|request| match number(request) {
        1 => Attempt::new(AttemptResult::NotSent),
        _ => accepted(request),
    });
    let sender = sender.slowly(Duration::from_millis(20));
    let beside = world.opened_again().await;
    let sent = sender.sent.clone();
    let cancel = async {
        testing::until("the first rows", || sent.len() >= 5).await;
        beside.cancel(campaign.id).await.unwrap();
    };
    let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(5);
    let (report, _) = tokio::join!(run.execute(), cancel);
    let report = report.unwrap();
    assert_eq!(report.ended, RunEnd::Cancelled);
    assert_eq!(
        report.counts.state(State::Ready),
        0,
        "also what came back after it"
    );
    assert_eq!(
        report.counts.skipped(Skip::Cancelled) + report.counts.state(State::Accepted),
        300
    );
    let error = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongState);
    assert_eq!(
        beside.resume(campaign.id).await.unwrap_err().kind(),
        ErrorKind::WrongState
    );
}

#[tokio::test]
async fn a_campaign_of_another_operation_is_refused() {
    let world = World::new().await;
    world.campaign(1).await;
    let compose = |_: &Row| Err::<nxcloud_viber::SendMessage, _>("no".to_owned());
    let session = nxcloud_client::Session::new(
        nxcloud_client::Credentials::nxcloud("key", "secret").unwrap(),
    )
    .unwrap();
    let error = Run::new(&world.ledger, "c", &compose, &session)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongState);
    assert_eq!(
        error.to_string(),
        "the campaign is one of sms send_sms, not of viber send_message; use its operation"
    );
    let error = Run::new(&world.ledger, "nobody", &compose, &session)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoCampaign);
}

/// A program may spawn a run.
#[allow(dead_code, reason = "it has to compile")]
fn a_run_may_change_threads(world: &World, sender: &nxcloud_client::Session) {
    fn sent<T: Send>(_: T) {}
    sent(Run::new(&world.ledger, "c", &world.template, sender).execute());
}
