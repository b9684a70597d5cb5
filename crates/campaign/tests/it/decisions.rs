//! What a person decides about rows whose outcome is unknown.

use nxcloud_campaign::{
    Attempt, AttemptResult, CampaignState, Decision, ErrorKind, Ledger as _, Order, RowFilter, Run,
    RunEnd, State,
};

use crate::common::{Script, World, accepted, number, states};

/// A campaign of 6 rows, of which 2, 4 and 6 are unknown.
async fn unknown() -> (World, nxcloud_campaign::Campaign, crate::common::Sent) {
    let world = World::new().await;
    let campaign = world.campaign(6).await;
    let sender = Script::new(|request| match number(request) % 2 {
        0 => Attempt::new(AttemptResult::Unknown).with_reason("no answer in time"),
        _ => accepted(request),
    });
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(
        (report.ended, states(&report.counts)),
        (RunEnd::Done, [("accepted", 3), ("unknown", 3)].into())
    );
    (world, campaign, sender.sent)
}

#[tokio::test]
async fn unknown_rows_are_sent_again_on_an_order_only() {
    let (world, campaign, sent) = unknown().await;
    let sender = Script::new(accepted).with(&sent);
    let run = || Run::new(&world.ledger, "c", &world.template, &sender);
    for _ in 0..3 {
        assert_eq!(run().execute().await.unwrap().ended, RunEnd::Done);
    }
    assert_eq!(sent.len(), 6, "no run repeats them");
    let listed = world
        .ledger
        .rows(campaign.id, RowFilter::Unknown, 0, 10)
        .await
        .unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|row| row.row.number())
            .collect::<Vec<_>>(),
        [2, 4, 6]
    );
    assert_eq!(listed[0].reason.as_deref(), Some("no answer in time"));

    let decide = |order, rows: &[u32]| {
        let decision =
            Decision::all(order, "Ann", "the platform has no record").rows(rows.to_vec());
        world.ledger.decide(campaign.id, decision)
    };
    assert_eq!(
        decide(Order::Resend, &[2, 1, 99]).await.unwrap(),
        1,
        "of the others no outcome is unknown"
    );
    assert_eq!(decide(Order::Resend, &[2]).await.unwrap(), 0, "once");
    assert_eq!(decide(Order::Accept, &[4]).await.unwrap(), 1);
    assert_eq!(
        world.ledger.campaign("c").await.unwrap().state,
        CampaignState::Ready
    );
    let report = run().execute().await.unwrap();
    assert_eq!(
        states(&report.counts),
        [("accepted", 5), ("unknown", 1)].into()
    );
    assert_eq!(report.counts.resent, 1);
    assert_eq!((sent.len(), sent.most()), (7, 2));
    let rows = world.rows(&campaign).await;
    assert_eq!((rows[1].claims, rows[3].claims), (2, 1));
    assert_eq!(rows[3].reason.as_deref(), Some("accept ordered by Ann"));

    let decisions = world.ledger.decisions(campaign.id).await.unwrap();
    let lines: Vec<_> = decisions
        .iter()
        .map(|one| (one.row, one.order, one.by.as_str(), one.reason.as_str()))
        .collect();
    let reason = "the platform has no record";
    assert_eq!(
        lines,
        [
            (2, Order::Resend, "Ann", reason),
            (4, Order::Accept, "Ann", reason)
        ]
    );
}

#[tokio::test]
async fn all_of_them_at_once_and_by_whom() {
    let (world, campaign, sent) = unknown().await;
    let nameless = Decision::all(Order::Resend, " ", "");
    let error = world
        .ledger
        .decide(campaign.id, nameless)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    // From another process.
    let changed = world
        .opened_again()
        .await
        .decide(campaign.id, Decision::all(Order::Resend, "Ann", ""))
        .await
        .unwrap();
    assert_eq!(changed, 3);
    let sender = Script::new(accepted).with(&sent);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(states(&report.counts), [("accepted", 6)].into());
    assert_eq!(sent.len(), 9);
}

#[tokio::test]
async fn a_cancelled_campaign_sends_nothing_again() {
    let (world, campaign, _) = unknown().await;
    // It is done, so there is nothing to cancel; with a row to send there is.
    assert_eq!(
        world.ledger.cancel(campaign.id).await.unwrap_err().kind(),
        ErrorKind::WrongState
    );
    let decide = |order| {
        world
            .ledger
            .decide(campaign.id, Decision::all(order, "Ann", "").rows([2]))
    };
    decide(Order::Resend).await.unwrap();
    let counts = world.ledger.cancel(campaign.id).await.unwrap();
    assert_eq!(
        (counts.state(State::Skipped), counts.state(State::Unknown)),
        (1, 2)
    );
    let resend = world
        .ledger
        .decide(campaign.id, Decision::all(Order::Resend, "Ann", ""))
        .await;
    assert_eq!(resend.unwrap_err().kind(), ErrorKind::WrongState);
    let accept = world
        .ledger
        .decide(campaign.id, Decision::all(Order::Accept, "Ann", ""))
        .await;
    assert_eq!(accept.unwrap(), 2);
}
