//! Requests as rows.

use std::time::Duration;

use axum::http::Method;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::Past;
use super::error::Kind;
use crate::record::{Headers, Parts, ReceivedRequest};

const INSERT: &str = "INSERT OR REPLACE INTO requests (id, received_at, took_nanos, service, operation, method, path, query, \
    headers, body, verdict, status, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const LATEST: &str = "SELECT id, received_at, took_nanos, service, operation, method, path, query, headers, body, verdict, \
    status, reply FROM requests ORDER BY id DESC LIMIT ?";
const LAST_ID: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'requests'";

/// The statement that writes a request.
pub(super) fn insertion(connection: &Connection) -> rusqlite::Result<Statement<'_>> {
    connection.prepare(INSERT)
}

/// Writes a request.
pub(super) fn insert(
    insertion: &mut Statement<'_>,
    request: &ReceivedRequest,
) -> rusqlite::Result<()> {
    // A verdict always becomes JSON.
    let verdict = serde_json::to_string(request.verdict()).unwrap_or_default();
    let took = i64::try_from(request.took().as_nanos()).unwrap_or(i64::MAX);
    insertion.execute(params![
        request.id().cast_signed(),
        request.received_at().cast_signed(),
        took,
        request.service(),
        request.operation(),
        request.method(),
        request.path(),
        request.query(),
        request.parts().headers.as_bytes(),
        request.body(),
        verdict,
        request.status(),
        request.reply(),
    ])?;
    Ok(())
}

/// Reads the latest requests, at most so many; the newest one whatever its size, others as long as all of them take no
/// more than so many bytes.
pub(super) fn read(
    connection: &Connection,
    max_requests: usize,
    max_bytes: usize,
) -> Result<Past, Kind> {
    let last_id = connection.query_row(LAST_ID, [], |row| row.get::<_, i64>(0));
    let last_id = last_id.optional()?.unwrap_or_default().cast_unsigned();
    let mut statement = connection.prepare(LATEST)?;
    let mut rows = statement.query([i64::try_from(max_requests).unwrap_or(i64::MAX)])?;
    let mut requests = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = rows.next()? {
        let request = request(row)?;
        bytes = bytes.saturating_add(request.size());
        if bytes > max_bytes && !requests.is_empty() {
            break;
        }
        requests.push(request);
    }
    requests.reverse();
    Ok(Past { requests, last_id })
}

fn request(row: &Row<'_>) -> Result<ReceivedRequest, Kind> {
    let text = |at: usize| row.get::<_, Option<Box<str>>>(at);
    let bytes = |at: usize| row.get::<_, Vec<u8>>(at);
    let number = |at: usize| row.get::<_, i64>(at);
    let method = Method::from_bytes(row.get_ref(5)?.as_str().unwrap_or_default().as_bytes());
    let verdict = serde_json::from_str(row.get_ref(10)?.as_str().unwrap_or_default());
    let parts = Parts {
        received_at: number(1)?.cast_unsigned(),
        took: Duration::from_nanos(number(2)?.unsigned_abs()),
        service: text(3)?.map(Into::into),
        operation: text(4)?.map(Into::into),
        method: method.map_err(|_| Kind::Damaged("a method"))?,
        path: row.get(6)?,
        query: row.get(7)?,
        headers: Headers::from_bytes(bytes(8)?),
        body: bytes(9)?.into(),
        verdict: verdict.map_err(|_| Kind::Damaged("a verdict"))?,
        status: row.get(11)?,
        reply: bytes(12)?.into(),
    };
    Ok(ReceivedRequest::new(number(0)?.cast_unsigned(), parts))
}

#[cfg(test)]
mod tests {
    use super::super::open::TABLES;
    use super::*;
    use crate::record::{Cause, CommonProblem, LikelyCause, SignatureMismatch, Verdict};

    fn verdicts() -> Vec<Verdict> {
        let causes = [
            Cause::UnknownPath,
            Cause::Method {
                allowed: vec!["GET".to_owned(), "PUT".to_owned()],
            },
            Cause::BodyTooLarge { limit: 17 },
            Cause::BodyIncomplete,
            Cause::CommonParameter {
                name: "ts".into(),
                problem: CommonProblem::Repeated,
            },
            Cause::UnknownAccount,
            Cause::Timestamp,
            Cause::Signature(SignatureMismatch::new(
                LikelyCause::ParameterOrder,
                "a=1&b=\"您好\"&accessSecret=***".to_owned(),
                Some("b=\"您好\"&a=1&accessSecret=***".to_owned()),
            )),
            Cause::Operation,
            Cause::Parameter {
                pointer: "/a/0".to_owned(),
                problem: "is missing".to_owned(),
            },
            Cause::State {
                code: 9000,
                problem: "not there".into(),
            },
            Cause::Fault,
        ];
        let refused = causes.map(|cause| Verdict::refused(-5, cause));
        [Verdict::accepted()].into_iter().chain(refused).collect()
    }

    #[test]
    fn every_verdict_and_every_number_comes_back_from_a_row() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let mut before = Vec::new();
        for (id, verdict) in (0..=u64::MAX >> 1).rev().zip(verdicts()) {
            before.push(ReceivedRequest::new(
                id,
                Parts {
                    received_at: u64::MAX - id,
                    took: Duration::from_nanos(id),
                    service: Some("sms".into()),
                    operation: None,
                    method: Method::POST,
                    path: "/a".to_owned(),
                    query: (id % 2 == 0).then(String::new),
                    headers: Headers::from_bytes(b"a: \xFF\r\n".to_vec()),
                    body: vec![0, 0xFF, b'"'].into(),
                    verdict,
                    status: u16::MAX,
                    reply: vec![b'{', 0].into(),
                },
            ));
        }
        before.reverse();
        let mut insertion = insertion(&connection).unwrap();
        for request in &before {
            insert(&mut insertion, request).unwrap();
        }
        let past = read(&connection, 1000, 1_000_000).ok().unwrap();
        assert_eq!(past.last_id, u64::MAX >> 1);
        let shown = |requests: &[ReceivedRequest]| {
            let shown = requests.iter().map(|request| {
                let headers = request.headers().map(|(_, value)| value.to_vec());
                (
                    request.to_json(),
                    request.took(),
                    headers.collect::<Vec<_>>(),
                )
            });
            shown.collect::<Vec<_>>()
        };
        assert_eq!(shown(&past.requests), shown(&before));
    }
}
