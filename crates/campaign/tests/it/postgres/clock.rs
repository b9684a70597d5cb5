//! The only clock is that of the database: what the clocks of the workers show does not matter.

use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use nxcloud_campaign::{
    Attempt, AttemptResult, Ledger as _, Limits, Rate, Receipt, RowFilter, Run, RunEnd, State,
};
use nxcloud_sms::SendSms;
use serde_json::json;
use testing::in_time;

use super::refused::overrule;
use super::{campaign, client};
use crate::common::{Script, accepted, number};

const HOUR: Duration = Duration::from_secs(3600);

/// Machines whose clocks differ from that of the database by an hour, in either direction: so by two from each other.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn workers_whose_clocks_are_an_hour_wrong() {
    for hours in [1, -1] {
        let (world, database) = campaign(100).await;
        let clock = format!(
            "clock_timestamp() RETURNS timestamptz LANGUAGE SQL AS $$ SELECT pg_catalog.clock_timestamp() + interval '{hours} hour' $$"
        );
        overrule(&database.url, &clock).await;
        let ledgers = [database.ledger().await, database.ledger().await];
        let id = ledgers[0].campaign("c").await.unwrap().id;
        let rate = Rate::per_second(200).with_burst(10);
        ledgers[0].set_rate(id, Some(rate)).await.unwrap();
        // Some are put back, and one pauses the account for a moment.
        let tried = std::sync::Mutex::new(std::collections::BTreeSet::new());
        let sender = Script::new(|request| {
            let number = number(request);
            let first = tried.lock().unwrap().insert(number);
            match (first, number) {
                (true, 7) => Attempt::new(AttemptResult::TooFast),
                (true, 11 | 12) => Attempt::new(AttemptResult::NotSent),
                _ => accepted(request),
            }
        });
        let runs = ledgers
            .iter()
            .map(|ledger| Run::new(ledger, "c", &world.template, &sender).execute());
        for report in in_time("the runs", join_all(runs)).await {
            assert_eq!(report.unwrap().ended, RunEnd::Done);
        }
        let rows = ledgers[0].rows(id, RowFilter::All, 0, 1000).await.unwrap();
        let push = json!({"messageid": "m", "status": "2", "ext": rows[0].row.key()});
        let receipts = Receipt::of_push::<SendSms>("sms_receipt", &push, false);
        ledgers[0].record(receipts).await.unwrap();

        let rows = ledgers[0].rows(id, RowFilter::All, 0, 1000).await.unwrap();
        let mut times: Vec<_> = rows
            .iter()
            .flat_map(|row| [row.claimed_at, row.settled_at])
            .map(Option::unwrap)
            .collect();
        times.push(rows[0].receipt.as_ref().unwrap().at);
        let columns = "SELECT arrival FROM nxcloud_campaign.bucket WHERE arrival > 0
            UNION ALL SELECT paused_until FROM nxcloud_campaign.bucket WHERE paused_until > 0";
        let client = client(&database.url).await;
        let buckets = client.query_typed(columns, &[]).await.unwrap();
        assert_eq!(buckets.len(), 2, "a rate and a pause");
        times.extend(buckets.iter().map(|row| {
            let nanos: i64 = row.get(0);
            SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos.unsigned_abs())
        }));
        let now = SystemTime::now();
        let expected = if hours > 0 { now + HOUR } else { now - HOUR };
        for time in times {
            let off = expected
                .duration_since(time)
                .unwrap_or_else(|error| error.duration());
            assert!(off < HOUR / 2, "{time:?} is not of the database's clock");
        }
    }
}

/// A deadline is a moment; whether it has passed is a question to the database's clock.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_deadline_passes_by_the_clock_of_the_database() {
    for (hours, state) in [(1, State::Skipped), (-1, State::Accepted)] {
        let (world, database) = campaign(10).await;
        let clock = format!(
            "clock_timestamp() RETURNS timestamptz LANGUAGE SQL AS $$ SELECT pg_catalog.clock_timestamp() + interval '{hours} hour' $$"
        );
        overrule(&database.url, &clock).await;
        let ledger = database.ledger().await;
        let sender = Script::new(accepted);
        let half = SystemTime::now() + Duration::from_secs(1800);
        let run = Run::new(&ledger, "c", &world.template, &sender);
        let run = run.limits(Limits::none().deadline(half));
        let report = in_time("the run", run.execute()).await.unwrap();
        assert_eq!(report.counts.state(state), 10);
    }
}
