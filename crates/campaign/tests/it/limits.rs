//! What ends or slows a run: deadline, caps, circuit breaker, rate.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use nxcloud_campaign::{
    AccountProblem, Attempt, AttemptResult, BreakerLimits, CampaignState, ErrorKind, Ledger as _,
    Limits, NewCampaign, Rate, Run, RunEnd, Skip, State, import,
};
use testing::in_time;

use crate::common::{Script, World, accepted, number, states};

#[tokio::test]
async fn what_is_past_the_deadline_expires() {
    let world = World::new().await;
    let campaign = world.campaign(25_000).await;
    let sender = Script::new(accepted);
    let run = || Run::new(&world.ledger, "c", &world.template, &sender);
    let limits = Limits::none().deadline(SystemTime::now() - Duration::from_secs(1));
    let report = run().limits(limits).execute().await.unwrap();
    assert_eq!((report.ended, sender.sent.len()), (RunEnd::Done, 0));
    assert_eq!(report.counts.skipped(Skip::Expired), 25_000);
    assert_eq!(
        world.ledger.campaign(&campaign.name).await.unwrap().state,
        CampaignState::Done
    );
}

#[tokio::test]
async fn a_row_that_is_put_back_past_the_deadline_expires_too() {
    let world = World::new().await;
    world.campaign(1).await;
    let sender = Script::new(|_| Attempt::new(AttemptResult::Quota));
    let limits = Limits::none().deadline(SystemTime::now() + Duration::from_millis(500));
    let run = Run::new(&world.ledger, "c", &world.template, &sender).limits(limits);
    let progress = run.progress();
    let report = in_time("the run", run.execute()).await.unwrap();
    assert_eq!(report.counts.skipped(Skip::Expired), 1);
    assert_eq!(progress.borrow().quota, 1);
    assert_eq!(sender.sent.len(), 1);
}

#[tokio::test]
async fn the_caps_on_rows_and_on_money_hold() {
    let world = World::new().await;
    let campaign = world.campaign(50).await;
    let sender = Script::new(|request| match number(request) {
        3 => Attempt::new(AttemptResult::Rejected),
        4 => Attempt::new(AttemptResult::Unknown),
        _ => accepted(request),
    });
    let run = |limits| {
        Run::new(&world.ledger, "c", &world.template, &sender)
            .slots(8)
            .limits(limits)
    };
    let report = run(Limits::none().rows(10)).execute().await.unwrap();
    assert_eq!(
        report.ended,
        RunEnd::Paused("the cap of 10 rows is reached".to_owned())
    );
    // A rejected row costs nothing, an unknown one may have.
    assert_eq!((report.counts.sent(), sender.sent.len()), (10, 11));
    world.ledger.resume(campaign.id).await.unwrap();
    let report = run(Limits::none().cost("1.00", "0.07").unwrap())
        .execute()
        .await
        .unwrap();
    assert_eq!(
        report.ended,
        RunEnd::Paused("the cap of 1 on money is reached, at 0.07 a row".to_owned())
    );
    assert_eq!(report.counts.sent(), 14, "14 at 0.07");
    world.ledger.resume(campaign.id).await.unwrap();
    let report = run(Limits::none()).execute().await.unwrap();
    assert_eq!(
        (report.ended, report.counts.total(), sender.sent.most()),
        (RunEnd::Done, 50, 1)
    );
    for (most, row) in [("x", "1"), ("1", "0"), ("-1", "1"), ("1", "")] {
        assert_eq!(
            Limits::none().cost(most, row).unwrap_err().kind(),
            ErrorKind::Argument
        );
    }
}

#[tokio::test]
async fn unknown_outcomes_in_a_row_pause_the_campaign() {
    let world = World::new().await;
    let campaign = world.campaign(200).await;
    let sender = Script::new(|_| {
        Attempt::new(AttemptResult::Unknown).with_reason("unexpected HTTP status (HTTP 502)")
    });
    let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(4);
    let report = run
        .breaker(BreakerLimits::new().unknown_in_a_row(6))
        .execute()
        .await
        .unwrap();
    let RunEnd::Paused(reason) = &report.ended else {
        panic!("{:?}", report.ended)
    };
    assert_eq!(
        reason,
        "the outcome of 6 sends in a row is unknown; the last: unexpected HTTP status (HTTP 502)"
    );
    let unknown = report.counts.state(State::Unknown);
    assert!(
        (6..6 + 4).contains(&unknown),
        "{unknown}: at most what was in flight"
    );
    assert_eq!(
        world.ledger.campaign("c").await.unwrap().reason.as_ref(),
        Some(reason)
    );
    assert_eq!(
        world.ledger.campaign("c").await.unwrap().state,
        CampaignState::Paused
    );
    assert_eq!(report.counts.state(State::Ready), 200 - unknown);
    assert_eq!(campaign.imported, 200);
}

#[tokio::test]
async fn an_account_that_cannot_send_pauses_at_once_and_loses_no_row() {
    for problem in [
        AccountProblem::Balance,
        AccountProblem::Authentication,
        AccountProblem::Configuration,
    ] {
        let world = World::new().await;
        let campaign = world.campaign(40).await;
        let sender = Script::new(|request| match number(request) {
            ..5 => accepted(request),
            _ => Attempt::new(AttemptResult::Account(problem))
                .with_reason("rejected by the platform (balance)"),
        });
        let report = Run::new(&world.ledger, "c", &world.template, &sender)
            .slots(2)
            .execute()
            .await
            .unwrap();
        assert_eq!(
            report.ended,
            RunEnd::Paused("rejected by the platform (balance)".to_owned())
        );
        assert_eq!(
            states(&report.counts),
            [("accepted", 4), ("ready", 36)].into()
        );
        assert!(sender.sent.len() <= 4 + 2);
        world.ledger.resume(campaign.id).await.unwrap();
        let sender = Script::new(accepted);
        let report = in_time(
            "the run",
            Run::new(&world.ledger, "c", &world.template, &sender).execute(),
        )
        .await
        .unwrap();
        assert_eq!(states(&report.counts), [("accepted", 40)].into());
    }
}

#[tokio::test]
async fn a_permission_that_one_row_lacks_does_not_stop_the_others() {
    let world = World::new().await;
    world.campaign(20).await;
    let sender = Script::new(|request| match number(request) {
        3 => Attempt::new(AttemptResult::Account(AccountProblem::Permission))
            .with_reason("no price for the country"),
        _ => accepted(request),
    });
    let limits = BreakerLimits::new().refused_permissions_in_a_row(2);
    let run = Run::new(&world.ledger, "c", &world.template, &sender)
        .slots(1)
        .breaker(limits);
    let sent = sender.sent.clone();
    let stop = run.stop();
    let watch = async {
        testing::until("all rows", || sent.len() >= 20).await;
        stop.stop();
    };
    let (report, ()) = tokio::join!(run.execute(), watch);
    let counts = report.unwrap().counts;
    assert_eq!(counts.state(State::Accepted), 19);
}

#[tokio::test]
async fn the_rate_of_the_account_holds_over_its_campaigns() {
    let world = World::new().await;
    let one = world.campaign(30).await;
    world
        .ledger
        .set_rate(one.id, Some(Rate::per_second(100).with_burst(5)))
        .await
        .unwrap();
    let campaign = world.ledger.campaign("c").await.unwrap();
    assert_eq!(campaign.rate, Some(Rate::per_second(100).with_burst(5)));
    let sender = Script::new(accepted);
    let run = Run::new(&world.ledger, "c", &world.template, &sender);
    run.execute().await.unwrap();
    let rows = world.rows(&campaign).await;
    let mut claims: Vec<_> = rows.iter().filter_map(|row| row.claimed_at).collect();
    claims.sort();
    for (first, from) in claims.iter().enumerate() {
        for (last, to) in claims.iter().enumerate().skip(first) {
            let time = to.duration_since(*from).unwrap();
            let most = 5.0 + 100.0 * time.as_secs_f64();
            let claimed = u32::try_from(last - first + 1).unwrap();
            assert!(f64::from(claimed) <= most, "{claimed} in {time:?}");
        }
    }
    let again = NewCampaign::from_template("d", &world.template).again();
    let list = world.list("list.csv", crate::common::csv(30)).unwrap();
    let other = import(&world.ledger, again, &list, |_| {}).await.unwrap();
    assert_eq!(
        other.rate, campaign.rate,
        "one account and service, one rate"
    );
}

#[tokio::test]
async fn too_fast_slows_the_whole_account_down() {
    let world = World::new().await;
    let campaign = world.campaign(8).await;
    let refused = Mutex::new(None);
    let sender = Script::new(|request| {
        let mut refused = refused.lock().unwrap();
        if refused.is_some() {
            return accepted(request);
        }
        *refused = Some(SystemTime::now());
        Attempt::new(AttemptResult::TooFast).with_retry_after(Duration::from_millis(700))
    });
    let run = Run::new(&world.ledger, "c", &world.template, &sender).slots(1);
    run.execute().await.unwrap();
    let after = refused.lock().unwrap().unwrap() + Duration::from_millis(700);
    let rows = world.rows(&campaign).await;
    assert!(
        rows.iter().all(|row| row.claimed_at.unwrap() >= after),
        "a row was claimed during the pause"
    );
    assert_eq!(sender.sent.len(), 9);
}
