//! The rate in the database against the functions that keep it elsewhere.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::breaker::LONGEST_PAUSE;
use crate::clock::nanos;
use crate::ledger::permits::Bucket;

/// What an account's rate is before a request: times are relative to the clock, in nanoseconds.
#[derive(Clone, Debug)]
struct Case {
    rate: u32,
    burst: u32,
    arrival: i64,
    paused_until: i64,
    max_claims: u32,
}

fn cases() -> impl Strategy<Value = Case> {
    let rate = prop_oneof![Just(0), 1..20_u32, 1..5_000_u32, 1..1_000_000_000_u32];
    let arrival = prop_oneof![
        -1_000_000..1_000_000_i64,
        -5_000_000_000..5_000_000_000_i64,
        -9_000_000_000_000..9_000_000_000_000_i64
    ];
    let pause = prop_oneof![3 => Just(-1), 1 => -1_000_000_000..120_000_000_000_i64];
    let case = (rate, 1..200_u32, arrival, pause, 1..300_u32);
    case.prop_map(|(rate, burst, arrival, paused_until, max_claims)| Case {
        rate,
        burst,
        arrival,
        paused_until,
        max_claims,
    })
}

const SET: &str = "
UPDATE nxcloud_campaign.bucket SET rate = $1, burst = $2, arrival = clock + $3, paused_until = clock + $4
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS clock) AS now";
const GET: &str = "SELECT rate, burst, arrival, paused_until FROM nxcloud_campaign.bucket";

async fn bucket(tx: &Transaction<'_>, statement: &str, params: &[&dyn Param]) -> Bucket {
    let found = tx.first(statement, params).await.unwrap().unwrap();
    Bucket {
        rate: found.get(0),
        burst: found.get(1),
        arrival: found.get(2),
        paused_until: found.get(3),
    }
}

async fn set(tx: &Transaction<'_>, case: &Case) {
    let (rate, burst) = (i64::from(case.rate), i64::from(case.burst));
    let params: [&dyn Param; 4] = [&rate, &burst, &case.arrival, &case.paused_until];
    assert_eq!(tx.execute(SET, &params).await.unwrap(), 1);
}

/// Permits, how long to wait and when that was; all are missing while no row is ready.
type Taken = (Option<i64>, Option<i64>, Option<i64>);

async fn take(tx: &Transaction<'_>, campaign: CampaignId, max_claims: u32) -> Taken {
    let (campaign, max) = (i64::from(campaign.get()), i64::from(max_claims));
    let params: [&dyn Param; 5] = [&campaign, &max, &false, &nanos(LONGEST_PAUSE), &0_i64];
    let found = tx.first(sql::TAKE_PERMITS, &params).await.unwrap().unwrap();
    (found.get(1), found.get(2), found.get(3))
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn the_statement_grants_what_the_function_would() {
    let (ledger, id, _admin) = ledger(1).await;
    let _worker = ledger.start(id).await.unwrap();
    let mut runner = TestRunner::default();
    let cases: Vec<Case> = (0..600)
        .map(|_| cases().new_tree(&mut runner).unwrap().current())
        .collect();
    let compare = ledger.call(TransactionKind::Bulk, move |tx| {
        Box::pin(async move {
            for case in cases {
                set(tx, &case).await;
                // The second request finds what the first one left.
                for _ in 0..2 {
                    let before = bucket(tx, GET, &[]).await;
                    let (granted, wait, now) = take(tx, id, case.max_claims).await;
                    let expected = before.take(now.unwrap(), case.max_claims);
                    assert_eq!(granted, Some(i64::from(expected.granted)), "{case:?}");
                    assert_eq!(wait, expected.wait.map(nanos), "{case:?}");
                    let after = bucket(tx, GET, &[]).await;
                    let arrival = expected.arrival.unwrap_or(before.arrival);
                    assert_eq!(after.arrival, arrival, "{case:?}");
                }
            }
            Ok(())
        })
    });
    compare.await.unwrap();
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn nothing_is_taken_while_no_row_is_ready_or_the_campaign_is_paused() {
    let (ledger, id, _admin) = ledger(1).await;
    let worker = ledger.start(id).await.unwrap();
    let rate = Rate::per_second(100).with_burst(10);
    ledger.set_rate(id, Some(rate)).await.unwrap();
    let taken = |max_claims| {
        ledger.call(TransactionKind::Short, move |tx| {
            Box::pin(async move {
                let (granted, ..) = take(tx, id, max_claims).await;
                Ok((granted, bucket(tx, GET, &[]).await.arrival))
            })
        })
    };
    ledger.pause(id, "by hand").await.unwrap();
    assert_eq!(taken(5).await.unwrap(), (None, 0));
    ledger.resume(id).await.unwrap();
    let worker = (drop(worker), ledger.start(id).await.unwrap()).1;
    let reply = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 1))
        .await
        .unwrap();
    assert_eq!(reply.claimed.len(), 1);
    let (granted, arrival) = taken(5).await.unwrap();
    assert!(granted.is_none() && arrival > 0);
    assert_eq!(taken(5).await.unwrap(), (None, arrival));
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn the_longer_pause_counts_unless_the_clock_was_set_back() {
    let (ledger, id, _admin) = ledger(1).await;
    let seconds = 1_000_000_000;
    // Pauses in seconds: the present one, the next one; then what is left is more and at most this long.
    for (present, next, more_than, at_most) in [
        (-1, 50, 0, 50),
        (55, 20, 20, 55),
        (20, 55, 20, 55),
        (3600, 50, 0, 50),
        (-1, 3600, 0, 60),
    ] {
        let left = ledger.call(TransactionKind::Short, move |tx| {
            Box::pin(async move {
                let case = Case {
                    rate: 0,
                    burst: 1,
                    arrival: 0,
                    paused_until: present * seconds,
                    max_claims: 1,
                };
                set(tx, &case).await;
                let next = Duration::from_secs(next);
                claim::slow_down(tx, id, Some(next)).await?;
                let left = "
                    SELECT paused_until - (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint FROM nxcloud_campaign.bucket";
                let left = tx.first(left, &[]).await?.unwrap();
                Ok(left.get::<_, i64>(0))
            })
        });
        let left = left.await.unwrap();
        let expected = more_than * seconds + 1..=at_most * seconds;
        assert!(expected.contains(&left), "{present} {next}: {left}");
    }
}
