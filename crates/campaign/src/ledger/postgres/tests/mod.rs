//! What only the inside of the ledger can show. `.ci/postgres` starts a server for these tests.

use std::sync::atomic::{AtomicU32, Ordering};

use nxcloud_sms::SendSms;
use tokio_postgres::{Client, NoTls};

use super::params::Param;
use super::*;
use crate::ledger::Claimed;
use crate::ledger::types::NewRow;
use crate::{Attempt, AttemptResult, State, Template};

mod rate;
mod requests;

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async { connection.await.ok() });
    client
}

/// A database of its own; its URL.
async fn database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("NXCLOUD_TEST_POSTGRES").expect("run it with .ci/postgres");
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let name = format!("unit_{}_{number}", std::process::id());
    let admin = client(&server.replace("DATABASE", "postgres")).await;
    let create = format!("CREATE DATABASE {name}");
    admin.batch_execute(&create).await.unwrap();
    server.replace("DATABASE", &name)
}

/// A ledger with a campaign of this many rows, and a connection beside it.
async fn ledger(rows: u32) -> (Postgres, CampaignId, Client) {
    let url = database().await;
    let ledger = Postgres::connect(&url, None).await.unwrap();
    let json = r#"{"appKey": "app", "phone": "{phone}", "content": "hello"}"#;
    let template = Template::<SendSms>::new(json).unwrap();
    let new = NewCampaign::from_template("c", &template);
    let id = ledger.create(new).await.unwrap();
    let new_row = |row| NewRow {
        phone: format!("86150{row:08}"),
        values: "[null]".to_owned(),
        problem: None,
    };
    let batch = Batch {
        rows: (0..rows).map(new_row).collect(),
        columns: Some(vec!["phone".to_owned()]),
        after: 0,
    };
    ledger.import(id, batch).await.unwrap();
    ledger.finish_import(id).await.unwrap();
    (ledger, id, client(&url).await)
}

fn request(
    campaign: CampaignId,
    worker: &Worker,
    settle: Vec<Settle>,
    max_claims: u32,
) -> ClaimRequest {
    ClaimRequest {
        campaign,
        worker: worker.id,
        settle: Arc::new(settle),
        max_claims,
        slow_down: None,
        pause: None,
        columns: Arc::clone(&worker.columns),
        echoes: worker.echoes,
        in_flight: None,
    }
}

fn settled(claimed: &Claimed, result: AttemptResult) -> Settle {
    Settle {
        row: claimed.row.number(),
        claim: claimed.claim,
        attempt: Attempt::new(result),
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn rows_of_a_silent_worker_are_unknown_and_only_its_own_late_reply_settles_them() {
    let (ledger, id, admin) = ledger(10).await;
    let silent = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &silent, Vec::new(), 3))
        .await
        .unwrap()
        .claimed;
    // Another worker leaves the rows of one that lives alone.
    let second = ledger.start(id).await.unwrap();
    assert_eq!(second.reaped, 0);
    let theirs = ledger
        .settle_and_claim(request(id, &second, Vec::new(), 3))
        .await
        .unwrap()
        .claimed;
    assert!(theirs.iter().all(|row| row.row.number() > 3), "other rows");
    // It may not settle rows of the other one, nor another claim of its own.
    let mut wrong: Vec<_> = claimed
        .iter()
        .map(|row| settled(row, AttemptResult::Accepted))
        .collect();
    let mut later = settled(&theirs[0], AttemptResult::Accepted);
    later.claim += 1;
    wrong.push(later);
    let reply = ledger
        .settle_and_claim(request(id, &second, wrong, 0))
        .await
        .unwrap();
    assert_eq!(
        (
            reply.counts.state(State::Sending),
            reply.counts.state(State::Accepted)
        ),
        (6, 0)
    );
    let silence = format!(
        "UPDATE nxcloud_campaign.worker SET seen = seen - 200000000000 WHERE id = {}",
        silent.id.0
    );
    admin.batch_execute(&silence).await.unwrap();
    let third = ledger.start(id).await.unwrap();
    assert_eq!(third.reaped, 3);
    // It was only slow: what it knows counts, but a row that others may have resolved is not ready again. Then it goes on.
    let late = vec![
        settled(&claimed[0], AttemptResult::Accepted),
        settled(&claimed[1], AttemptResult::NotSent),
    ];
    let reply = ledger
        .settle_and_claim(request(id, &silent, late, 1))
        .await
        .unwrap();
    assert_eq!(reply.claimed.len(), 1);
    assert_eq!(
        [
            State::Accepted,
            State::Unknown,
            State::Sending,
            State::Ready
        ]
        .map(|state| reply.counts.state(state)),
        [1, 2, 4, 3]
    );
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn rows_of_a_request_whose_answer_was_lost_are_ready_again_unless_they_were_begun() {
    let (ledger, id, _admin) = ledger(10).await;
    let worker = ledger.start(id).await.unwrap();
    let begun = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 3))
        .await
        .unwrap()
        .claimed;
    // The worker never learns of these.
    ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 4))
        .await
        .unwrap();
    let mut next = request(
        id,
        &worker,
        vec![settled(&begun[0], AttemptResult::Rejected)],
        0,
    );
    next.in_flight = Some(begun[1..].iter().map(|row| row.row.number()).collect());
    let reply = ledger.settle_and_claim(next).await.unwrap();
    assert_eq!(
        [State::Rejected, State::Sending, State::Ready].map(|state| reply.counts.state(state)),
        [1, 2, 7]
    );
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_worker_that_ended_or_is_of_an_older_release_claims_nothing() {
    let (ledger, id, admin) = ledger(10).await;
    let worker = ledger.start(id).await.unwrap();
    let newer = "UPDATE nxcloud_campaign.ledger SET version = 99";
    admin.batch_execute(newer).await.unwrap();
    let claim = || ledger.settle_and_claim(request(id, &worker, Vec::new(), 3));
    let error = claim().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotALedger);
    assert!(error.to_string().contains("version 99"), "{error}");
    let older = "UPDATE nxcloud_campaign.ledger SET version = 1";
    admin.batch_execute(older).await.unwrap();
    assert_eq!(claim().await.unwrap().claimed.len(), 3);
    ledger.finish(id, worker.id).await.unwrap();
    assert_eq!(claim().await.unwrap_err().kind(), ErrorKind::InUse);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn a_nul_from_outside_makes_no_statement_fail() {
    let (ledger, id, _admin) = ledger(2).await;
    let worker = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 1))
        .await
        .unwrap()
        .claimed;
    let mut settle = settled(&claimed[0], AttemptResult::Accepted);
    settle.attempt.message_id = Some("a\0b".to_owned());
    settle.attempt.reason = "\0".to_owned();
    let reply = ledger
        .settle_and_claim(request(id, &worker, vec![settle], 0))
        .await
        .unwrap();
    assert_eq!(reply.counts.state(State::Accepted), 1);
    ledger.pause(id, "\0").await.unwrap();
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres"]
async fn claims_follow_the_index_of_ready_rows_and_sort_nothing() {
    let (ledger, id, _admin) = ledger(1000).await;
    let plans = ledger.call(TransactionKind::Short, move |tx| {
        Box::pin(async move {
            let mut plans = Vec::new();
            let settings = "SELECT set_config('nxcloud_campaign.permits', '64', true),
                                   set_config('nxcloud_campaign.permits_at', '1', true)";
            tx.batch(settings).await?;
            let (campaign, one, list, no) = (i64::from(id.get()), 1_i64, vec![1_i64], false);
            let three: [&dyn Param; 3] = [&campaign, &one, &one];
            let reaped = "why";
            for (statement, params) in [
                (sql::CLAIM, &three[..]),
                (sql::SKIP_READY, &three[..]),
                (sql::TAKE_PERMITS, &[&campaign, &one, &no, &one, &one]),
                (sql::UNCLAIM, &[&one, &campaign, &list]),
                (sql::REAP, &[&reaped]),
                (sql::RECEIPTS_OF, &[&list]),
            ] {
                let explain = format!("EXPLAIN {statement}");
                let lines = tx.query(&explain, params).await?;
                let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
                plans.push((statement, lines.join("\n")));
            }
            Ok(plans)
        })
    });
    for (statement, plan) in plans.await.unwrap() {
        assert!(
            !plan.contains("Seq Scan on list_row"),
            "{statement}\n{plan}"
        );
        if statement == sql::CLAIM || statement == sql::TAKE_PERMITS {
            assert!(plan.contains("using list_row_ready"), "{statement}\n{plan}");
            assert!(plan.contains("(ROW("), "{statement}\n{plan}");
            assert!(!plan.contains("Sort"), "{statement}\n{plan}");
        }
    }
}
