//! The fault matrix: every fault, for the first or for every attempt, for a send and for a query, on a new and on a used connection.
//!
//! The results are compared with the table in `matrix.md`. After an intended change, write it again with
//! `NXCLOUD_WRITE_MATRIX=1 cargo test -p nxcloud --test faults`, and read the difference.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nxcloud::{Code, CodeInfo, CodeKind, Error, Outcome, RetryBudget};
use nxcloud_sandbox::{Fault, Mix};
use testing::{ClosedPort, in_time};
use tokio::sync::Semaphore;

use crate::capture;
use crate::mangling::{Mangling, Proxy};
use crate::support::{Operation, PHONE, SECRET, TEXT, counting, hasty, sandbox, shifted_sandbox};

/// The subject of a row.
#[derive(Clone, Copy)]
enum Row {
    NoFault,
    ConnectionRefused,
    Clock(i64),
    Fault(Fault, Attempts),
    /// A proxy changes every reply. The platform accepts, or refuses with code 1002.
    Mangled(Mangling, Answer),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepts,
    Refuses,
}

/// Which attempts of a call fail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempts {
    /// Only the first attempt fails.
    First,
    /// Every attempt fails.
    Every,
}

impl Row {
    /// Whether the row applies to an operation. A code applies if the reference of the operation lists it, or if no reference does.
    fn applies_to(self, operation: Operation) -> bool {
        let lists = |operation: Operation, code| {
            let row = operation.row();
            row.code_info(Code::new(code)).is_some()
        };
        match self {
            Self::Fault(Fault::Code { code }, _) => {
                let mut both = Operation::BOTH.into_iter();
                lists(operation, code) || !both.any(|operation| lists(operation, code))
            }
            _ => true,
        }
    }
}

/// The result of a call.
#[derive(Debug, PartialEq, Eq)]
struct Cell {
    attempts: u32,
    accepted: usize,
    result: String,
}

fn rows() -> Vec<(String, Row)> {
    let slow = Fault::Slow { milliseconds: 1 };
    let faults = [
        ("reset before the platform acts", Fault::ResetBeforeAccept),
        ("reset after the platform acted", Fault::ResetAfterAccept),
        ("reset in the middle of the reply", Fault::ResetMidReply),
        (
            "no answer, the platform did not act",
            Fault::StallBeforeAccept,
        ),
        ("no answer, the platform acted", Fault::StallAfterAccept),
        ("slow reply", slow),
        ("truncated reply", Fault::Truncated),
        ("reply is not JSON", Fault::Malformed),
        ("reply has content type text/html", Fault::WrongContentType),
        ("HTTP 429", Fault::Status { status: 429 }),
        (
            "HTTP 429, Retry-After: 2",
            Fault::RetryAfter {
                status: 429,
                seconds: 2,
            },
        ),
        (
            "HTTP 429, Retry-After: 3600",
            Fault::RetryAfter {
                status: 429,
                seconds: 3600,
            },
        ),
        ("HTTP 500", Fault::Status { status: 500 }),
        ("HTTP 502", Fault::Status { status: 502 }),
        ("HTTP 503", Fault::Status { status: 503 }),
        ("HTTP 504", Fault::Status { status: 504 }),
        (
            "HTTP 500, the platform acted",
            Fault::StatusAfterAccept { status: 500 },
        ),
        (
            "HTTP 502, the platform acted",
            Fault::StatusAfterAccept { status: 502 },
        ),
        (
            "HTTP 503, the platform acted",
            Fault::StatusAfterAccept { status: 503 },
        ),
        (
            "HTTP 504, the platform acted",
            Fault::StatusAfterAccept { status: 504 },
        ),
    ];
    let mut rows = vec![
        ("none".to_owned(), Row::NoFault),
        ("connection refused".to_owned(), Row::ConnectionRefused),
    ];
    for ms in [59_000, -59_000, 61_000, -61_000, 3_600_000, -3_600_000] {
        rows.push((format!("clock off by {} s", ms / 1000), Row::Clock(ms)));
    }
    for (name, fault) in faults {
        rows.push((
            format!("{name}, first attempt"),
            Row::Fault(fault, Attempts::First),
        ));
        rows.push((
            format!("{name}, every attempt"),
            Row::Fault(fault, Attempts::Every),
        ));
    }
    for info in codes() {
        let name = format!("code {} {}", info.code, info.name);
        let fault = Fault::Code {
            code: info.code.value(),
        };
        rows.push((name, Row::Fault(fault, Attempts::Every)));
    }
    for mangling in Mangling::ALL {
        for (answer, reply) in [(Answer::Accepts, "success"), (Answer::Refuses, "refusal")] {
            let name = format!("{reply} {}", mangling.name());
            rows.push((name, Row::Mangled(mangling, answer)));
        }
    }
    let unlisted = Row::Fault(Fault::Code { code: 777_777 }, Attempts::Every);
    rows.push(("a code that no reference lists".to_owned(), unlisted));
    rows
}

/// Every code that the platform or one of the two services documents.
fn codes() -> Vec<CodeInfo> {
    let rows = Operation::BOTH.map(Operation::row);
    let tables = rows.iter().flat_map(|row| row.codes);
    let mut codes: Vec<CodeInfo> = tables
        .copied()
        .chain([nxcloud::PLATFORM_CODES])
        .flatten()
        .copied()
        .collect();
    codes.sort_by_key(|info| info.code);
    codes.dedup_by_key(|info| info.code);
    codes
}

/// Sandboxes are started one at a time, because starting one takes computing time from tests whose time-outs run.
static STARTING: Semaphore = Semaphore::const_new(1);

async fn run(row: Row, operation: Operation, used_connection: bool) -> Cell {
    let permit = STARTING.acquire().await.unwrap();
    let shift = match row {
        Row::Clock(ms) => ms,
        _ => 0,
    };
    let sandbox = shifted_sandbox(shift).await;
    drop(permit);
    let closed = ClosedPort::new();
    let url = match row {
        Row::ConnectionRefused => closed.url(),
        _ => sandbox.url().to_owned(),
    };
    let stalls = matches!(
        row,
        Row::Fault(Fault::StallBeforeAccept | Fault::StallAfterAccept, _)
    );
    let proxy = match row {
        Row::Mangled(mangling, _) => Some(Proxy::start(mangling, url.clone()).await),
        _ => None,
    };
    let url = proxy.as_ref().map_or(url, |proxy| proxy.url.clone());
    let mut session = hasty(&url).retry_budget(None::<RetryBudget>);
    if stalls {
        session = session.timeout(Duration::from_secs(4));
    }
    let session = session.build().unwrap();
    if used_connection {
        // A call without faults opens the connection.
        operation.call(&session, Default::default()).await.unwrap();
        sandbox.clear();
    }
    if let Row::Fault(fault, attempts) = row {
        match attempts {
            Attempts::First => sandbox.faults().enqueue_for(operation.id(), fault),
            Attempts::Every => sandbox.faults().mix(Mix::new(1).with(1.0, fault)),
        }
    }
    if let Row::Mangled(_, Answer::Refuses) = row {
        sandbox
            .faults()
            .mix(Mix::new(1).with(1.0, Fault::Code { code: 1002 }));
    }
    let (options, attempts) = counting();
    let result = operation.call(&session, options).await;
    let attempts = attempts.load(Ordering::Relaxed);
    if let Err(error) = &result {
        assert_eq!(error.attempts(), attempts, "{error}");
        assert_explained(error, operation);
    }
    Cell {
        attempts,
        accepted: operation.accepted(&sandbox),
        result: result.map_or_else(|error| describe(&error), |()| "success".to_owned()),
    }
}

fn describe(error: &Error) -> String {
    let kind = error.kind();
    if error.sent().is_some() {
        format!("Unknown: {kind:?}")
    } else {
        format!("{kind:?}")
    }
}

/// Asserts what every error must have.
fn assert_explained(error: &Error, operation: Operation) {
    assert_eq!(error.operation(), Some(operation.id()));
    assert!(error.hint().ends_with('.'), "{}", error.hint());
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    let unknown_send = error.outcome() == Outcome::Unknown && operation == Operation::Send;
    assert_eq!(error.sent().is_some(), unknown_send, "{error:?}");
    if let Some(sent) = error.sent() {
        assert_eq!(sent.operation(), "send_sms");
        assert_eq!(sent.id("sysMessageId"), Some(crate::support::ID));
        assert_eq!(sent.timestamps().len(), 1);
    }
    let output = format!("{line} {error:?}");
    for private in [SECRET, PHONE, TEXT, "471199"] {
        assert!(!output.contains(private), "{output}");
    }
}

async fn both_connections(row: Row, operation: Operation) -> Option<Cell> {
    if !row.applies_to(operation) {
        return None;
    }
    let with_new = run(row, operation, false).await;
    let is_code = matches!(row, Row::Fault(Fault::Code { .. }, _));
    if !is_code
        && !matches!(
            row,
            Row::ConnectionRefused | Row::Clock(_) | Row::Mangled(..)
        )
    {
        let with_used = run(row, operation, true).await;
        assert_eq!(with_new, with_used, "a used connection makes a difference");
    }
    Some(with_new)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_documented_outcome() {
    let mut table = String::from(
        "| fault | send: attempts | accepted | result | query: attempts | accepted | result |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    // All rows run at the same time, because some wait for a time-out.
    let running: Vec<_> = rows()
        .into_iter()
        .map(|(name, row)| {
            let spawn = |operation| tokio::spawn(both_connections(row, operation));
            (name, row, Operation::BOTH.map(spawn))
        })
        .collect();
    for (name, row, [send, read]) in running {
        let both = async { (send.await.unwrap(), read.await.unwrap()) };
        let (send, read) = in_time(&name, both).await;
        if let Some(send) = &send {
            assert_never_twice(&name, send);
            assert_refusal(&name, row, send);
        }
        if let Some(read) = &read {
            assert_refusal(&name, row, read);
            assert_eq!(
                read.result == "success",
                can_succeed(row),
                "{name}: {read:?}"
            );
        }
        let _ = writeln!(table, "| {name} | {} | {} |", cells(send), cells(read));
    }
    compare(&table);
    assert_nothing_private_was_logged();
}

/// Asserts that a send is accepted at most once and that its outcome is reported correctly.
fn assert_never_twice(name: &str, send: &Cell) {
    assert!(send.accepted <= 1, "{name}: sent twice: {send:?}");
    if send.result == "success" {
        assert_eq!(send.accepted, 1, "{name}: a message was lost: {send:?}");
    } else if !send.result.starts_with("Unknown") {
        assert_eq!(send.accepted, 0, "{name}: reported as not sent: {send:?}");
    }
}

/// Asserts that a readable refusal is reported as a refusal, and an unreadable reply is not.
fn assert_refusal(name: &str, row: Row, cell: &Cell) {
    if let Row::Mangled(mangling, answer) = row {
        let is_refusal = cell.result.starts_with("ResultCode");
        let expected = answer == Answer::Refuses && mangling.is_readable();
        assert_eq!(is_refusal, expected, "{name}: {cell:?}");
    }
}

/// Whether a query can succeed within the attempts of a call.
fn can_succeed(row: Row) -> bool {
    match row {
        Row::NoFault | Row::Clock(_) => true,
        // The platform asks for a pause of an hour.
        Row::Fault(Fault::RetryAfter { seconds: 3600, .. }, _) | Row::ConnectionRefused => false,
        Row::Fault(Fault::Slow { .. } | Fault::WrongContentType, _) => true,
        Row::Fault(_, attempts) => attempts == Attempts::First,
        Row::Mangled(mangling, answer) => answer == Answer::Accepts && mangling.is_readable(),
    }
}

fn cells(cell: Option<Cell>) -> String {
    cell.map_or_else(
        || "- | - | -".to_owned(),
        |cell| format!("{} | {} | {}", cell.attempts, cell.accepted, cell.result),
    )
}

fn compare(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/matrix.md");
    if std::env::var_os("NXCLOUD_WRITE_MATRIX").is_some() {
        std::fs::write(&path, table).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    for (actual, expected) in table.lines().zip(file.lines()) {
        assert_eq!(actual, expected, "a row differs from {}", path.display());
    }
    assert_eq!(table.lines().count(), file.lines().count());
}

/// Checks the log of all rows and all crates at the level `TRACE`.
fn assert_nothing_private_was_logged() {
    let log = capture::log();
    for expected in [
        "nxcloud_call",
        "attempt failed",
        "outcome=\"unknown\"",
        "latency_ms",
        "repaired=surrogate",
    ] {
        assert!(log.contains(expected), "the log lacks `{expected}`");
    }
    for private in [SECRET, PHONE, TEXT, "471199", "验证码", "Grüße"] {
        let line = log.lines().find(|line| line.contains(private));
        assert_eq!(line, None, "`{private}` was logged");
    }
}

#[test]
fn the_only_code_that_sends_retry_is_the_rate_limit() {
    let retried: Vec<&str> = codes()
        .iter()
        .filter(|info| info.kind == CodeKind::RateLimit)
        .map(|info| info.name)
        .collect();
    assert_eq!(retried, ["TPS_LIMIT"]);
}

#[tokio::test]
async fn a_fault_for_one_operation_does_not_affect_others() {
    let sandbox = sandbox().await;
    sandbox.faults().enqueue_for("send_sms", Fault::Malformed);
    let session = hasty(sandbox.url()).build().unwrap();
    Operation::Read
        .call(&session, Default::default())
        .await
        .unwrap();
    assert_eq!(sandbox.faults().pending(), 1);
}
