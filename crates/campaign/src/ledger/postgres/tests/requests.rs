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
                let three: [&dyn Param; 3] = [&campaign, &me.0, &0_i64];
                Ok([
                    tx.first(sql::SEEN, &three[1..2]).await.is_ok(),
                    tx.first(sql::CAMPAIGN_SHARED, &three[..1]).await.is_ok(),
                    ends.store(tx, id, me).await.is_ok(),
                    unclaim(tx, id, me, Some(&[])).await.is_ok(),
                    claim::take_permits(tx, campaign, 1, false, 0).await.is_ok(),
                    tx.query(sql::CLAIM, &three).await.is_ok(),
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

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn rows_behind_which_a_worker_looks_are_found_in_the_end() {
    let (ledger, id, admin) = ledger(40).await;
    let worker = ledger.start(id).await.unwrap();
    let claim = |max_claims| ledger.settle_and_claim(request(id, &worker, Vec::new(), max_claims));
    let numbers = |reply: &ClaimReply| {
        let rows = reply.claimed.iter().map(|claimed| claimed.row.number());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(numbers(&claim(20).await.unwrap()).len(), 20);
    // Another worker's claim of rows 3 and 4 is undone only now.
    let undone = "UPDATE nxcloud_campaign.list_row SET state = 0 WHERE (id & 255) IN (3, 4)";
    admin.batch_execute(undone).await.unwrap();
    assert_eq!(
        numbers(&claim(10).await.unwrap()),
        (21..=30).collect::<Vec<_>>()
    );
    let short = claim(15).await.unwrap();
    assert_eq!(numbers(&short), (31..=40).collect::<Vec<_>>());
    assert_eq!(short.wait, Some(Duration::ZERO), "at once again");
    let last = claim(15).await.unwrap();
    assert_eq!(numbers(&last), [3, 4]);
    assert_ne!(last.wait, Some(Duration::ZERO));
    assert!(claim(15).await.unwrap().claimed.is_empty());
    // What is put back is found wherever it is.
    let resend = Decision::all(crate::Order::Resend, "ann", "lost");
    let unknown = "UPDATE nxcloud_campaign.list_row SET state = 4 WHERE (id & 255) = 7";
    admin.batch_execute(unknown).await.unwrap();
    assert_eq!(ledger.decide(id, resend).await.unwrap(), 1);
    assert_eq!(numbers(&claim(15).await.unwrap()), [7]);
}
