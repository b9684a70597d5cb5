//! A disk that is full, and statements that fail in the middle of a transaction.

use super::*;
use crate::{AttemptResult, Order, Run, Sender, State};

/// Lets the file grow no further.
async fn no_room(ledger: &Sqlite) {
    let work = |connection: &Connection| {
        let pages: i64 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .stored()?;
        connection
            .execute_batch(&format!("PRAGMA max_page_count = {pages}"))
            .stored()
    };
    ledger.0.writer.call(work).await.unwrap();
}

async fn room(ledger: &Sqlite) {
    let work = |connection: &Connection| {
        connection
            .execute_batch("PRAGMA max_page_count = 1000000")
            .stored()
    };
    ledger.0.writer.call(work).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_during_an_import_loses_nothing_and_the_import_goes_on() {
    let (_folder, ledger) = ledger();
    let json = r#"{"appKey": "app", "phone": "{phone}", "content": "hello"}"#;
    let template = crate::Template::<SendSms>::new(json).unwrap();
    let id = ledger
        .create(NewCampaign::from_template("c", &template))
        .await
        .unwrap();
    add(&ledger, id, 0, 100).await;
    no_room(&ledger).await;
    let rows = (0..10_000).map(|row| NewRow {
        phone: format!("86150{row:08}"),
        values: "[null]".to_owned(),
        problem: None,
    });
    let batch = Batch {
        rows: rows.collect(),
        columns: None,
        after: 100,
    };
    let error = ledger.import(id, batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full, "{error}");
    let campaign = ledger.campaign("c").await.unwrap();
    assert_eq!(campaign.imported, 100, "all of a batch or nothing");
    assert_eq!(ledger.counts(id).await.unwrap().total(), 100);
    room(&ledger).await;
    add(&ledger, id, 100, 50).await;
    assert_eq!(
        ledger.finish_import(id).await.unwrap().state(State::Ready),
        150
    );
}

/// Refuses every statement that names this table column, as a disk does that fails.
async fn trigger(ledger: &Sqlite, sql: impl Into<String>) {
    let sql: String = sql.into();
    ledger
        .0
        .writer
        .call(move |connection| connection.execute_batch(&sql).stored())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_claim_that_fails_sends_nothing() {
    let (_folder, ledger) = ledger();
    let id = campaign(&ledger, 10).await;
    let worker = ledger.start(id).await.unwrap();
    trigger(&ledger, "CREATE TEMP TRIGGER fails BEFORE UPDATE ON row WHEN new.state = 1 AND (new.id & 7) = 4 BEGIN SELECT raise(ABORT, 'disk'); END").await;
    let error = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 10))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    let counts = ledger.counts(id).await.unwrap();
    assert_eq!(
        (counts.state(State::Ready), counts.state(State::Sending)),
        (10, 0)
    );
    let rows = ledger.rows(id, RowFilter::All, 0, 100).await.unwrap();
    assert!(
        rows.iter()
            .all(|row| row.state == State::Ready && row.claims == 0)
    );
}

#[tokio::test]
async fn a_settle_that_fails_is_tried_again_and_nothing_is_claimed_with_it() {
    let (_folder, ledger) = ledger();
    let id = campaign(&ledger, 10).await;
    let worker = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 2))
        .await
        .unwrap()
        .claimed;
    trigger(&ledger, "CREATE TEMP TRIGGER fails BEFORE UPDATE ON row WHEN new.state = 2 BEGIN SELECT raise(ABORT, 'disk'); END").await;
    let settles = || {
        claimed
            .iter()
            .map(|row| settled(row, Attempt::accepted("m".to_owned())))
            .collect::<Vec<_>>()
    };
    ledger
        .settle_and_claim(request(id, &worker, settles(), 5))
        .await
        .unwrap_err();
    let counts = ledger.counts(id).await.unwrap();
    assert_eq!(
        (counts.state(State::Sending), counts.state(State::Ready)),
        (2, 8)
    );
    trigger(&ledger, "DROP TRIGGER fails").await;
    let reply = ledger
        .settle_and_claim(request(id, &worker, settles(), 5))
        .await
        .unwrap();
    assert_eq!(
        (
            reply.counts.state(State::Accepted),
            reply.counts.state(State::Sending)
        ),
        (2, 5)
    );
    // What was settled once is not settled differently by a repeat.
    let again = claimed
        .iter()
        .map(|row| settled(row, Attempt::new(AttemptResult::NotSent)))
        .collect();
    let reply = ledger
        .settle_and_claim(request(id, &worker, again, 0))
        .await
        .unwrap();
    assert_eq!(
        (
            reply.counts.state(State::Accepted),
            reply.counts.state(State::Ready)
        ),
        (2, 3)
    );
}

struct Accepts;

impl Sender<SendSms> for Accepts {
    async fn send(&self, _: &SendSms) -> Attempt {
        tokio::task::yield_now().await;
        Attempt::accepted("m".to_owned())
    }
}

fn compose(row: &crate::Row) -> Result<SendSms, String> {
    Ok(SendSms::new(
        nxcloud_client::AppKey::new("app"),
        row.phone(),
        "hello",
    ))
}

#[tokio::test]
async fn a_run_outlives_a_ledger_that_fails_for_a_while() {
    // The first claim fails, or the first settle after one.
    for state in [1, 2] {
        let (_folder, ledger) = ledger();
        let id = campaign(&ledger, 500).await;
        ledger.checked(id).await.unwrap();
        let fails = format!(
            "CREATE TEMP TABLE mended(n);
             CREATE TEMP TRIGGER fails BEFORE UPDATE ON row WHEN new.state = {state} AND (SELECT count(*) FROM mended) = 0
             BEGIN SELECT raise(ABORT, 'disk'); END"
        );
        trigger(&ledger, fails).await;
        let run = Run::new(&ledger, "c0", &compose, &Accepts);
        let (mut progress, end) = (run.progress(), run.progress());
        let mend = async {
            let fails = progress.wait_for(|progress| progress.ledger_problem.is_some());
            testing::in_time("the failure", fails).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1200)).await;
            trigger(&ledger, "INSERT INTO mended VALUES(1)".to_owned()).await;
        };
        let (report, ()) = tokio::join!(run.execute(), mend);
        let report = report.unwrap();
        assert_eq!(report.counts.state(State::Accepted), 500);
        assert_eq!(end.borrow().ledger_problem, None);
        assert_eq!(end.borrow().in_flight, 0);
        let rows = ledger.rows(id, RowFilter::All, 0, 1000).await.unwrap();
        assert!(rows.iter().all(|row| row.claims == 1), "each was sent once");
    }
}

#[tokio::test]
async fn tallies_are_what_counting_gives() {
    let (_folder, ledger) = ledger();
    let id = campaign(&ledger, 60).await;
    let worker = ledger.start(id).await.unwrap();
    let claimed = ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 40))
        .await
        .unwrap()
        .claimed;
    let results = [
        AttemptResult::Accepted,
        AttemptResult::Rejected,
        AttemptResult::Unknown,
        AttemptResult::NotSent,
        AttemptResult::Invalid,
        AttemptResult::Quota,
    ];
    let settles = claimed
        .iter()
        .zip(results.into_iter().cycle())
        .map(|(row, result)| settled(row, Attempt::new(result)));
    ledger
        .settle_and_claim(request(id, &worker, settles.take(36).collect(), 0))
        .await
        .unwrap();
    ledger
        .decide(id, Decision::all(Order::Resend, "ann", "").rows([3]))
        .await
        .unwrap();
    ledger
        .decide(id, Decision::all(Order::Accept, "ann", "").rows([9, 10]))
        .await
        .unwrap();
    ledger
        .suppress(vec!["8615000000050".to_owned()], "asked")
        .await
        .unwrap();
    let key = ledger.0.key.row(RowId {
        campaign: id,
        row: 15,
    });
    let receipt = Receipt {
        service: "sms",
        key: Some(key),
        message_id: None,
        state: crate::ReceiptState::Delivered,
        price: None,
        currency: None,
        parts: None,
        signed: false,
    };
    ledger.record(vec![receipt]).await.unwrap();
    ledger
        .settle_and_claim(request(id, &worker, Vec::new(), 100))
        .await
        .unwrap();
    drop(worker);
    ledger.cancel(id).await.unwrap();
    let counts = ledger.counts(id).await.unwrap();
    let counted = ledger.0.writer.call(|connection| {
        let mut statement = connection
            .prepare("SELECT state, skip, receipt, count(*) FROM row GROUP BY 1, 2, 3")
            .stored()?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get::<_, u32>(0)?,
                row.get::<_, Option<u32>>(1)?,
                row.get::<_, Option<u32>>(2)?,
                row.get::<_, u32>(3)?,
            ))
        });
        rows.stored()?.collect::<Result<Vec<_>, _>>().stored()
    });
    let mut expected = Counts {
        resent: 1,
        ..Counts::default()
    };
    for (state, skip, receipt, count) in counted.await.unwrap() {
        let count = u64::from(count);
        expected.states[state as usize] += count;
        if let Some(skip) = skip {
            expected.skips[skip as usize] += count;
        }
        if let Some(receipt) = receipt {
            expected.receipts[receipt as usize] += count;
        }
    }
    assert_eq!(counts, expected);
    assert_eq!(counts.skipped(crate::Skip::Suppressed), 1);
}
