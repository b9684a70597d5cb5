//! The rate in the ledger against the client's GCRA.

use std::num::NonZeroU32;

use nxcloud_client::codegen::gcra;
use proptest::prelude::*;

use super::*;
use crate::clock::Nanos;

const BUCKET: i64 = 1;
const START: Nanos = 1_700_000_000_000_000_000;

/// A schema with one bucket, in memory.
fn bucket(rate: u32, burst: u32) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for step in sql::MIGRATIONS {
        connection.execute_batch(step).unwrap();
    }
    connection
        .execute(sql::ADD_BUCKET, ("account", "sms"))
        .unwrap();
    let set = "UPDATE bucket SET rate = ?1, burst = ?2";
    connection.execute(set, (rate, burst)).unwrap();
    connection
}

fn take(connection: &Connection, now: Nanos, max_claims: u32) -> u32 {
    super::super::rate::take(connection, BUCKET, now, max_claims)
        .unwrap()
        .granted
}

fn at(now: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(now).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Permits in batches are granted exactly as the client's function grants them one by one.
    #[test]
    fn the_statement_grants_what_the_client_would(
        rate in prop_oneof![1..20_u32, 1..5_000_u32, 1..1_000_000_000_u32],
        burst in 1..200_u32,
        steps in prop::collection::vec((0..3_u8, 0..2_000_000_000_i64, 1..300_u32), 1..40),
    ) {
        let connection = bucket(rate, burst);
        let (rate, burst) = (NonZeroU32::new(rate).unwrap(), NonZeroU32::new(burst).unwrap());
        let interval = 1_000_000_000 / i64::from(rate.get()) + 1;
        let (mut now, mut arrival) = (START, Duration::ZERO);
        for (kind, step, max_claims) in steps {
            now += match kind {
                0 => step,
                1 => step % (interval + 1),
                _ => 0,
            };
            let mut expected = 0;
            while expected < max_claims {
                let Ok(next) = gcra(rate, burst, at(now), arrival) else { break };
                (arrival, expected) = (next, expected + 1);
            }
            prop_assert_eq!(take(&connection, now, max_claims), expected);
        }
    }

    /// A clock that is set back costs at most one interval, and gives no burst.
    #[test]
    fn a_clock_set_back_neither_stalls_nor_floods(
        rate in 1..5_000_u32,
        burst in 1..200_u32,
        before in 1..400_u32,
        back in 1..100_000_000_000_000_i64,
    ) {
        let connection = bucket(rate, burst);
        take(&connection, START, before);
        let now = START - back;
        let interval = 1_000_000_000_i64.div_euclid(rate.into()) + 1;
        let soon = take(&connection, now, 1) + take(&connection, now + interval * i64::from(burst + 1), 1);
        prop_assert!(soon >= 1, "it goes on");
        // From then on as if nothing had happened.
        let first = take(&connection, now + interval * i64::from(burst + 1), u32::MAX);
        prop_assert!(first <= burst);
        prop_assert!(take(&connection, now + 10 * interval * i64::from(burst + 1), 1) == 1);
    }
}

fn slow_down(connection: &Connection, now: Nanos, pause: Duration) {
    super::super::rate::slow_down(connection, BUCKET, now, pause).unwrap();
}

#[test]
fn a_pause_holds_every_row_and_ends() {
    for rate in [0, 100] {
        let connection = bucket(rate, 10);
        slow_down(&connection, START, Duration::from_secs(5));
        slow_down(&connection, START, Duration::from_secs(2));
        assert_eq!(take(&connection, START, 1), 0);
        let permits = super::super::rate::take(&connection, BUCKET, START + 1, 1).unwrap();
        assert_eq!(
            permits.wait,
            Some(Duration::from_nanos(4_999_999_999)),
            "the longer pause counts"
        );
        assert_eq!(take(&connection, START + 4_999_999_999, 1), 0);
        assert_eq!(take(&connection, START + 5_000_000_000, 1), 1);
    }
}

#[test]
fn a_pause_of_before_the_clock_was_set_back_is_none() {
    let connection = bucket(100, 10);
    slow_down(&connection, START, Duration::from_secs(60));
    let hour = 3_600_000_000_000;
    assert_eq!(take(&connection, START - hour, 1), 1);
    slow_down(&connection, START - hour, Duration::from_secs(1));
    assert_eq!(take(&connection, START - hour, 1), 0);
    assert_eq!(take(&connection, START - hour + 1_000_000_000, 1), 1);
}

#[test]
fn without_a_rate_everything_is_granted() {
    let connection = bucket(0, 1);
    assert_eq!(take(&connection, START, 500), 500);
    let permits = super::super::rate::take(&connection, BUCKET, START, 500).unwrap();
    assert_eq!((permits.granted, permits.wait), (500, None));
}

#[tokio::test]
async fn rows_put_back_before_the_clock_was_set_back_wait_an_hour_at_most() {
    let (_folder, ledger) = ledger();
    let id = campaign(&ledger, 3).await;
    let late = "UPDATE row SET not_before = 9000000000000000000 WHERE id & 1";
    ledger
        .0
        .writer
        .call(move |connection| connection.execute(late, []).stored())
        .await
        .unwrap();
    let worker = ledger.start(id).await.unwrap();
    let reply = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 10))
        .await
        .unwrap();
    assert_eq!(reply.claimed.len(), 3);
}
