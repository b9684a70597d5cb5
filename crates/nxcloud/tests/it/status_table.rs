//! The table of `docs/failures.md` from HTTP status and envelope to outcome, cell by cell, over a real connection.

use nxcloud::number_check::{self, QueryChecks};
use nxcloud::sms::{self, SendSms};
use nxcloud::{AppKey, Credentials, Error, Outcome, Session};

use crate::support::{PHONE, SECRET, Server, TEXT};

const FAILURES: &str = include_str!("../../docs/failures.md");
/// Samples of the statuses that no row lists.
const OTHERS: [u16; 22] = [
    201, 202, 203, 206, 226, 299, 300, 303, 305, 399, 402, 408, 409, 410, 423, 425, 499, 500, 502,
    503, 504, 599,
];

/// The rows of the table: the statuses in the first column, and the other cells.
fn rows() -> Vec<(Vec<u16>, Vec<&'static str>)> {
    let lines = FAILURES
        .lines()
        .skip_while(|line| !line.starts_with("| status |"));
    let rows: Vec<Vec<&str>> = lines
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let numbers = |cell: &str| -> Vec<u16> {
        let parts = cell.split(", ").map(|part| part.parse().ok());
        parts.collect::<Option<_>>().unwrap_or_default()
    };
    let listed: Vec<u16> = rows.iter().flat_map(|row| numbers(row[0])).collect();
    rows.iter()
        .map(|row| {
            let mut statuses = numbers(row[0]);
            if statuses.is_empty() {
                // `other 2xx`, `5xx`
                let class = row[0].trim_start_matches("other ").trim_end_matches("xx");
                let class: u16 = class.parse().unwrap();
                let others = OTHERS.into_iter().filter(|status| status / 100 == class);
                statuses.extend(others.filter(|status| !listed.contains(status)));
            }
            assert!(!statuses.is_empty(), "{}", row[0]);
            (statuses, row[1..].to_vec())
        })
        .collect()
}

/// Makes a call that is answered with this status and body. Returns the result and the number of requests.
async fn call(status: u16, body: &str, safe: bool) -> (Result<(), Error>, usize) {
    let server = Server::answering(&format!("{status} X"), "", body).await;
    let session = Session::builder()
        .credentials(Credentials::nxcloud("test-key", SECRET).unwrap())
        .base_url(&server.url)
        .sleep(|_| async {})
        .retry_budget(None)
        .build()
        .unwrap();
    let result = if safe {
        let request = QueryChecks::new(10, "2026-11-21".parse().unwrap()).with_batch_no("batch-1");
        let client = number_check::Client::new(&session);
        client.query_checks(&request).await.map(drop)
    } else {
        let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
        sms::Client::new(&session)
            .send_sms(&request)
            .await
            .map(drop)
    };
    (result, server.requests().len())
}

/// The result as a cell of the table.
fn cell(result: &Result<(), Error>, requests: usize) -> &'static str {
    match (result.as_ref().map_err(Error::outcome), requests) {
        (Ok(()), 1) => "success",
        (Err(Outcome::Rejected), 1) => "Rejected",
        (Err(Outcome::Rejected), 3) => "Rejected, temporary",
        (Err(Outcome::Unknown), 1) => "Unknown",
        (Err(Outcome::Unknown), 3) => "Unknown, retried",
        other => panic!("the table has no such cell: {other:?}"),
    }
}

#[tokio::test]
async fn calls_behave_like_every_cell_of_the_table() {
    let rows = rows();
    assert_eq!(rows.len(), 8);
    for (statuses, cells) in &rows {
        for status in statuses {
            // Sends and queries behave the same if the envelope has a code.
            for safe in [false, true] {
                let (result, requests) = call(*status, r#"{"code":"0"}"#, safe).await;
                assert_eq!(
                    cell(&result, requests),
                    cells[0],
                    "{status}, code 0: {result:?}"
                );
                for body in ["<html></html>", "", r#"{"error":"none"}"#] {
                    let (result, requests) = call(*status, body, safe).await;
                    let column = if safe { 3 } else { 2 };
                    let cell = cell(&result, requests);
                    assert_eq!(cell, cells[column], "{status}, `{body}`: {result:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_error_code_is_read_with_every_status() {
    for (statuses, cells) in rows() {
        assert_eq!(cells[1], "what the code table says");
        for status in statuses {
            for code in [2, 28, 99, 1003, 4711] {
                let body = format!(r#"{{"code":{code},"result":"no"}}"#);
                let (result, requests) = call(status, &body, false).await;
                let error = result.unwrap_err();
                let (with_200, requests_with_200) = call(200, &body, false).await;
                assert_eq!(
                    error.code().map(nxcloud::Code::value),
                    Some(code),
                    "{status}"
                );
                assert_eq!(
                    error.outcome(),
                    with_200.unwrap_err().outcome(),
                    "{status} {code}"
                );
                assert_eq!(requests, requests_with_200, "{status} {code}");
            }
        }
    }
}

#[tokio::test]
async fn status_204_is_an_unknown_outcome() {
    let (result, requests) = call(204, "", false).await;
    assert_eq!(cell(&result, requests), "Unknown");
}

#[tokio::test]
async fn two_different_codes_are_unknown_and_never_retried() {
    for status in [200, 201, 400, 429, 503] {
        for safe in [false, true] {
            let (result, requests) = call(status, r#"{"code":2,"code":0}"#, safe).await;
            assert_eq!(cell(&result, requests), "Unknown", "{status}");
        }
    }
}

/// `AntBuddy` uses the HTTP status and documents no envelope. Its 503 means that calls come too fast.
mod antbuddy {
    use super::*;
    use nxcloud::antbuddy::{ClickToCall, Client};

    async fn click_to_call(status: u16, body: &str) -> &'static str {
        let (result, requests) = call(status, body).await;
        cell(&result, requests)
    }

    async fn call(status: u16, body: &str) -> (Result<(), Error>, usize) {
        let server = Server::answering(&format!("{status} X"), "", body).await;
        let session = Session::builder()
            .credentials(Credentials::antbuddy("id", SECRET).unwrap())
            .base_url(&server.url)
            .sleep(|_| async {})
            .retry_budget(None)
            .build()
            .unwrap();
        let request = ClickToCall::new(PHONE, "device", "password");
        let result = Client::new(&session)
            .click_to_call(&request)
            .await
            .map(drop);
        (result, server.requests().len())
    }

    #[tokio::test]
    async fn an_error_without_ids_has_no_text_for_ids() {
        for (status, body, text) in [
            (
                502,
                "",
                "click_to_call: the outcome is unknown: unexpected HTTP status (HTTP 502)",
            ),
            (
                200,
                "[]",
                "click_to_call: the outcome is unknown: the reply is not what the platform documents: it is neither an object nor a documented list",
            ),
        ] {
            let error = call(status, body).await.0.unwrap_err();
            assert_eq!(error.to_string(), text);
        }
    }

    #[tokio::test]
    async fn only_its_own_503_is_its_rate_limit() {
        let own = r#"{"message":"request limit exceeded"}"#;
        assert_eq!(click_to_call(503, own).await, "Rejected, temporary");
        for foreign in [
            "",
            " ",
            "<html></html>",
            "{}",
            "[]",
            r#"{"error":"upstream"}"#,
            r#"{"msg":"slow down"}"#,
            r#"{"result":"slow down"}"#,
            r#"{"message":503}"#,
            r#"{"code":777,"msg":"slow down"}"#,
            r#"{"code":503,"message":"slow down"}"#,
        ] {
            assert_eq!(click_to_call(503, foreign).await, "Unknown", "{foreign}");
        }
    }

    #[tokio::test]
    async fn a_code_in_the_body_is_none_of_its_own() {
        for status in [201, 302, 408, 409, 500, 502, 504] {
            for code in [400, 503, 777] {
                let foreign = format!(r#"{{"code":{code},"message":"no"}}"#);
                let expected = if status == 302 { "Rejected" } else { "Unknown" };
                assert_eq!(click_to_call(status, &foreign).await, expected, "{status}");
            }
        }
    }

    #[tokio::test]
    async fn a_2xx_is_success_only_if_it_says_so() {
        for body in ["", "{}", r#"{"code":0}"#] {
            assert_eq!(click_to_call(200, body).await, "success", "{body}");
        }
        assert_eq!(click_to_call(200, "<html></html>").await, "Unknown");
        for status in [201, 202, 206] {
            assert_eq!(click_to_call(status, r#"{"code":0}"#).await, "success");
            assert_eq!(click_to_call(status, "{}").await, "Unknown");
        }
        assert_eq!(click_to_call(204, "").await, "Unknown");
    }

    #[tokio::test]
    async fn its_documented_refusals_need_its_own_body_where_it_matters() {
        assert_eq!(
            click_to_call(400, r#"{"message":"offline"}"#).await,
            "Rejected"
        );
        assert_eq!(click_to_call(400, "").await, "Rejected");
        assert_eq!(
            click_to_call(500, r#"{"message":"fault"}"#).await,
            "Unknown"
        );
        // Success and failure in one reply.
        let both = r#"{"code":0,"message":"request limit exceeded"}"#;
        assert_eq!(click_to_call(503, both).await, "Unknown");
    }
}
