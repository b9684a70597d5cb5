//! A network that drops: connections hang without an end.

use std::time::Duration;

use futures_util::future::join_all;
use nxcloud_campaign::{Ledger as _, Postgres, Run, RunEnd, State};
use testing::{in_time, until};
use tokio::time::sleep;

use super::proxy::{Drops, Proxy};
use super::{SILENCE, campaign, states};
use crate::common::{Script, accepted};

const ALL: [Drops; 3] = [Drops::Delays, Drops::LosesRequests, Drops::LosesAnswers];

/// A run of 120 rows, whose network drops for this time in the middle. Lost connections are reset then, or never.
async fn dropped(drops: Drops, time: Duration, silence: Duration, reset: bool) {
    let (world, database) = campaign(120).await;
    let proxy = Proxy::start(&database.url);
    let ledger = Postgres::connect(&proxy.url, None).await.unwrap();
    let ledger = ledger.silent_after(silence);
    let sender = Script::new(accepted).slowly(Duration::from_millis(5));
    let (sent, run) = (
        sender.sent.clone(),
        Run::new(&ledger, "c", &world.template, &sender).slots(4),
    );
    let network = async {
        until("some rows", || sent.len() >= 20).await;
        proxy.drops(Some(drops));
        sleep(time / 2).await;
        // What was claimed before is sent; nothing is claimed now.
        let silent = sent.len();
        sleep(time / 2).await;
        assert_eq!(sent.len(), silent);
        assert!(silent < 120);
        if reset {
            proxy.reset().await;
        }
        proxy.drops(None);
    };
    let both = async { tokio::join!(run.execute(), network) };
    let (report, ()) = in_time("the run", both).await;
    let report = report.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    assert_eq!(states(&report.counts), (120, 0));
    assert_eq!((sent.len(), sent.most()), (120, 1));
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_network_that_drops_for_a_while() {
    // Longer than claims are valid, shorter than the silence.
    join_all(ALL.map(|drops| dropped(drops, SILENCE / 2, SILENCE, true))).await;
}

/// Connections whose bytes were lost hang until their time limits end them.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres; takes over a minute"]
async fn a_network_that_drops_for_a_minute() {
    let (minute, silence) = (Duration::from_secs(60), Duration::from_secs(120));
    join_all(ALL.map(|drops| dropped(drops, minute, silence, false))).await;
}

/// Longer than the silence: another worker counts the rows as unknown, and the replies settle them when the network is back.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_worker_that_was_cut_off_settles_its_rows_when_it_is_back() {
    let (world, database) = campaign(300).await;
    let proxy = Proxy::start(&database.url);
    let away = Postgres::connect(&proxy.url, None).await.unwrap();
    let away = away.silent_after(SILENCE);
    let other = database.ledger().await.silent_after(SILENCE);
    let sender = Script::new(accepted).slowly(Duration::from_millis(20));
    let sent = sender.sent.clone();
    let id = world.ledger.campaign("c").await.unwrap().id;
    let run = |ledger| Run::new(ledger, "c", &world.template, &sender).slots(4);
    let network = async {
        until("some rows", || sent.len() >= 20).await;
        proxy.drops(Some(Drops::LosesAnswers));
        let report = run(&other).execute().await.unwrap();
        assert_eq!(report.ended, RunEnd::Done);
        let unknown = report.counts.state(State::Unknown);
        assert!((1..=8).contains(&unknown), "{unknown} in flight or claimed");
        proxy.reset().await;
        proxy.drops(None);
    };
    let both = async { tokio::join!(run(&away).execute(), network) };
    let (report, ()) = in_time("the runs", both).await;
    assert_eq!(report.unwrap().ended, RunEnd::Done);
    let counts = world.ledger.counts(id).await.unwrap();
    assert_eq!(sent.most(), 1);
    // What was sent is accepted. What was claimed and never sent stays unknown: only a person may order it to be sent.
    assert_eq!(counts.state(State::Accepted), sent.len() as u64);
    assert_eq!(counts.state(State::Unknown), 300 - sent.len() as u64);
}
