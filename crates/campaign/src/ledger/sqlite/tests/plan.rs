//! Claims and lists find their rows by an index, whatever the number of rows that are done.

use super::*;

fn plan(connection: &Connection, statement: &str) -> String {
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let count = explain.parameter_count();
    let parameters = rusqlite::params_from_iter((0..count).map(|_| 1_i64));
    let lines = explain
        .query_map(parameters, |row| row.get::<_, String>(3))
        .unwrap();
    lines.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
}

#[tokio::test]
async fn no_statement_of_a_turn_looks_at_rows_that_are_done() {
    let (_folder, ledger) = ledger();
    campaign(&ledger, 10).await;
    let plans = ledger.0.writer.call(|connection| {
        let statements = [
            sql::CLAIM,
            sql::NEXT_READY,
            sql::SKIP_READY,
            sql::NOT_LATER,
            sql::SENDING,
            sql::REAP,
            sql::UNKNOWN,
            sql::ROWS_UNKNOWN,
            sql::CURRENT,
            sql::SETTLE,
            sql::RECEIPT_OF,
            sql::ROW_OF_ID,
            sql::TAKE_WAITING,
            sql::IS_SUPPRESSED,
            sql::COUNTS,
            sql::RATE_OF,
            sql::SET_ARRIVAL,
            sql::SET_PAUSE,
        ];
        Ok(statements.map(|statement| (statement, plan(connection, statement))))
    });
    for (statement, plan) in plans.await.unwrap() {
        for line in plan.lines().filter(|line| line.starts_with("SCAN")) {
            let small = line.contains("row_sending") || line.contains("subquery");
            assert!(small, "{statement}\n{plan}");
        }
    }
}

#[tokio::test]
async fn a_claim_uses_the_index_of_ready_rows_and_sorts_nothing() {
    let (_folder, ledger) = ledger();
    campaign(&ledger, 10).await;
    let plan = ledger
        .0
        .writer
        .call(|connection| Ok(plan(connection, sql::CLAIM)))
        .await
        .unwrap();
    assert!(
        plan.contains("USING COVERING INDEX row_ready (campaign=? AND not_before<?)"),
        "{plan}"
    );
    assert!(
        plan.contains("SEARCH row USING INTEGER PRIMARY KEY"),
        "{plan}"
    );
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}
