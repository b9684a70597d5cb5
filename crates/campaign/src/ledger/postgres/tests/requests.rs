//! Requests of workers that fail in the middle, and what stays of workers that ended.

use super::super::settle::{Ends, unclaim};
use super::*;

async fn number(admin: &Client, statement: &str) -> i64 {
    let rows = admin.query_typed(statement, &[]).await.unwrap();
    rows[0].get(0)
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_statement_that_fails_is_reported_and_undoes_the_others() {
    let (ledger, id, admin) = ledger(10).await;
    let worker = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 2))
        .await
        .unwrap()
        .claimed;
    let before = ledger.counts(id).await.unwrap();
    let settle = || vec![settled(&claimed[0], AttemptResult::Accepted)];
    let again = || ledger.settle_and_claim(request(id, &worker, settle(), 3));
    let rename = |from, to| format!("ALTER TABLE nxcloud_campaign.{from} RENAME TO {to}");
    // The first one is part of the claim, the second one of the counters.
    for table in ["suppressed", "tally"] {
        admin.batch_execute(&rename(table, "gone")).await.unwrap();
        let error = again().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotALedger, "{error}");
        admin.batch_execute(&rename("gone", table)).await.unwrap();
        assert_eq!(ledger.counts(id).await.unwrap(), before);
        let sending = "SELECT count(*) FROM nxcloud_campaign.list_row WHERE state = 1";
        assert_eq!(number(&admin, sending).await, 2);
    }
    let reply = again().await.unwrap();
    assert_eq!(reply.claimed.len(), 3);
    assert_eq!(
        [State::Accepted, State::Sending].map(|state| reply.counts.state(state)),
        [1, 4]
    );
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn no_statement_of_a_request_runs_outside_of_a_transaction() {
    let (ledger, id, admin) = ledger(10).await;
    let worker = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 2))
        .await
        .unwrap()
        .claimed;
    let rows = "SELECT sum(hashtext(r::text)) FROM nxcloud_campaign.list_row r";
    let seen = "SELECT max(seen) FROM nxcloud_campaign.worker";
    let before = [number(&admin, rows).await, number(&admin, seen).await];
    let ran = || {
        let (me, ends) = (
            worker.id,
            Ends::new(id, &[settled(&claimed[0], AttemptResult::Accepted)]),
        );
        ledger.pipelined(move |tx| {
            Box::pin(async move {
                let campaign = i64::from(id.get());
                let two: [&dyn Param; 2] = [&campaign, &me.0];
                Ok([
                    tx.first(sql::SEEN, &two[1..]).await.is_ok(),
                    tx.first(sql::CAMPAIGN_SHARED, &two[..1]).await.is_ok(),
                    ends.store(tx, id, me).await.is_ok(),
                    unclaim(tx, id, me, Some(&[])).await.is_ok(),
                    claim::take_permits(tx, campaign, 1, false).await.is_ok(),
                    tx.query(sql::CLAIM, &two).await.is_ok(),
                ])
            })
        })
    };
    // On a connection that had a transaction before, and on a new one.
    let (used, new) = tokio::join!(ran(), ran());
    assert_eq!([used.unwrap(), new.unwrap()], [[false; 6]; 2]);
    let after = [number(&admin, rows).await, number(&admin, seen).await];
    assert_eq!(after, before);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn counters_of_workers_that_ended_become_part_of_the_shared_ones() {
    let (ledger, id, admin) = ledger(100).await;
    let living = ledger.start(id).await.unwrap();
    let own = ledger
        .settle_and_claim(request(id, &living, Vec::new(), 5))
        .await
        .unwrap()
        .claimed;
    for slice in 0..10 {
        let worker = ledger.start(id).await.unwrap();
        let claimed = ledger
            .settle_and_claim(request(id, &worker, Vec::new(), 4))
            .await
            .unwrap()
            .claimed;
        let settle = claimed
            .iter()
            .map(|row| settled(row, AttemptResult::Accepted));
        ledger
            .settle_and_claim(request(id, &worker, settle.collect(), 0))
            .await
            .unwrap();
        if slice % 2 == 0 {
            ledger.finish(id, worker.id).await.unwrap();
        } else {
            // It never says that it ended.
            let silent = format!(
                "UPDATE nxcloud_campaign.worker SET seen = seen - 200000000000 WHERE id = {}",
                worker.id.0
            );
            std::mem::forget(worker);
            admin.batch_execute(&silent).await.unwrap();
        }
    }
    let last = ledger.start(id).await.unwrap();
    let workers = "SELECT count(DISTINCT worker) FROM nxcloud_campaign.tally";
    assert_eq!(
        number(&admin, workers).await,
        2,
        "shared, and one that lives"
    );
    // One that was only silent goes on.
    let silent = "UPDATE nxcloud_campaign.worker SET seen = seen - 200000000000";
    admin.batch_execute(silent).await.unwrap();
    let another = ledger.start(id).await.unwrap();
    assert_eq!(another.reaped, 5);
    assert_eq!(number(&admin, workers).await, 1);
    let settle = own.iter().map(|row| settled(row, AttemptResult::Rejected));
    let reply = ledger
        .settle_and_claim(request(id, &living, settle.collect(), 0))
        .await
        .unwrap();
    assert_eq!(
        [
            State::Ready,
            State::Accepted,
            State::Rejected,
            State::Unknown
        ]
        .map(|state| reply.counts.state(state)),
        [55, 40, 5, 0]
    );
    drop((living, last));
}
