//! The fault matrix: every fault, met once or by every attempt, for a send and for a read, on a fresh and on a used connection.
//!
//! The outcome is compared with `matrix.md` beside this file, which holds the table for people. After an intended change, write it
//! anew with `NXCLOUD_WRITE_MATRIX=1 cargo test -p nxcloud --test faults`, and read the difference.

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

/// What a row of the table is about.
#[derive(Clone, Copy)]
enum Row {
    Nothing,
    Refused,
    Clock(i64),
    Fault(Fault, Lasting),
    /// Something between client and platform mangles every reply; the platform accepts, or refuses with code 1002.
    Mangled(Mangling, Answer),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepts,
    Refuses,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    /// The first attempt meets the fault, the next ones do not.
    Once,
    /// Every attempt meets it.
    Always,
}

impl Row {
    /// Whether the row is about this operation: a code is, if the operation's reference lists it, or none does.
    fn is_about(self, operation: Operation) -> bool {
        let listed = |code, one: Operation| one.row().code_info(Code::new(code)).is_some();
        match self {
            Self::Fault(Fault::Code { code }, _) => {
                listed(code, operation) || Operation::BOTH.iter().all(|one| !listed(code, *one))
            }
            _ => true,
        }
    }
}

/// What came of one call.
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
            "silence, the platform did not act",
            Fault::StallBeforeAccept,
        ),
        ("silence, the platform acted", Fault::StallAfterAccept),
        ("slow reply", slow),
        ("reply cut short", Fault::Truncated),
        ("reply that is no JSON", Fault::Malformed),
        ("reply called HTML", Fault::WrongContentType),
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
        ("none".to_owned(), Row::Nothing),
        ("connection refused".to_owned(), Row::Refused),
    ];
    for ms in [59_000, -59_000, 61_000, -61_000, 3_600_000, -3_600_000] {
        rows.push((format!("clock off by {} s", ms / 1000), Row::Clock(ms)));
    }
    for (name, fault) in faults {
        rows.push((format!("{name}, once"), Row::Fault(fault, Lasting::Once)));
        rows.push((
            format!("{name}, always"),
            Row::Fault(fault, Lasting::Always),
        ));
    }
    for info in codes() {
        let name = format!("code {} {}", info.code, info.name);
        let fault = Fault::Code {
            code: info.code.value(),
        };
        rows.push((name, Row::Fault(fault, Lasting::Always)));
    }
    for mangling in Mangling::ALL {
        for (answer, what) in [(Answer::Accepts, "success"), (Answer::Refuses, "refusal")] {
            let name = format!("{what} {}", mangling.name());
            rows.push((name, Row::Mangled(mangling, answer)));
        }
    }
    let unlisted = Row::Fault(Fault::Code { code: 777_777 }, Lasting::Always);
    rows.push((
        "a code that the reference does not list".to_owned(),
        unlisted,
    ));
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

/// Starting a sandbox is work; one at a time leaves room for those whose time-outs run.
static STARTING: Semaphore = Semaphore::const_new(1);

async fn run(row: Row, operation: Operation, used_connection: bool) -> Cell {
    let turn = STARTING.acquire().await.unwrap();
    let shift = match row {
        Row::Clock(ms) => ms,
        _ => 0,
    };
    let sandbox = shifted_sandbox(shift).await;
    drop(turn);
    let closed = ClosedPort::new();
    let url = match row {
        Row::Refused => closed.url(),
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
        // One that the faults are not for.
        operation.call(&session, Default::default()).await.unwrap();
        sandbox.clear();
    }
    if let Row::Fault(fault, lasting) = row {
        match lasting {
            Lasting::Once => sandbox.faults().enqueue_for(operation.id(), fault),
            Lasting::Always => sandbox.faults().mix(Mix::new(1).with(1.0, fault)),
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

/// What every error has, whatever it is.
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
    let shown = format!("{line} {error:?}");
    for private in [SECRET, PHONE, TEXT, "471199"] {
        assert!(!shown.contains(private), "{shown}");
    }
}

async fn both_connections(row: Row, operation: Operation) -> Option<Cell> {
    if !row.is_about(operation) {
        return None;
    }
    let fresh = run(row, operation, false).await;
    let codes = matches!(row, Row::Fault(Fault::Code { .. }, _));
    if !codes && !matches!(row, Row::Refused | Row::Clock(_) | Row::Mangled(..)) {
        let used = run(row, operation, true).await;
        assert_eq!(fresh, used, "a used connection makes a difference");
    }
    Some(fresh)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_for_a_send_and_for_a_read() {
    let mut table = String::from(
        "| fault | send: attempts | accepted | result | read: attempts | accepted | result |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    // All at once, because some wait for their time-outs.
    let running: Vec<_> = rows()
        .into_iter()
        .map(|(name, row)| {
            let cells = Operation::BOTH.map(|one| tokio::spawn(both_connections(row, one)));
            (name, row, cells)
        })
        .collect();
    for (name, row, [send, read]) in running {
        let both = async { (send.await.unwrap(), read.await.unwrap()) };
        let (send, read) = in_time(&name, both).await;
        if let Some(send) = &send {
            assert_never_twice(&name, send);
            assert_judged(&name, row, send);
        }
        if let Some(read) = &read {
            assert_judged(&name, row, read);
            assert_eq!(
                read.result == "success",
                can_succeed(row),
                "{name}: {read:?}"
            );
        }
        let _ = writeln!(table, "| {name} | {} | {} |", shown(send), shown(read));
    }
    compare(&table);
    assert_nothing_private_was_logged();
}

/// A send is accepted once at most, and the caller is never told otherwise than it was.
fn assert_never_twice(name: &str, send: &Cell) {
    assert!(send.accepted <= 1, "{name}: sent twice: {send:?}");
    if send.result == "success" {
        assert_eq!(send.accepted, 1, "{name}: a message was lost: {send:?}");
    } else if !send.result.starts_with("Unknown") {
        assert_eq!(send.accepted, 0, "{name}: told that it was not: {send:?}");
    }
}

/// A refusal that can be read is one, and of what cannot be read nothing is claimed.
fn assert_judged(name: &str, row: Row, cell: &Cell) {
    if let Row::Mangled(mangling, answer) = row {
        let refused = cell.result.starts_with("ResultCode");
        let expected = answer == Answer::Refuses && mangling.is_readable();
        assert_eq!(refused, expected, "{name}: {cell:?}");
    }
}

/// Whether a read can succeed within the attempts of a call.
fn can_succeed(row: Row) -> bool {
    match row {
        Row::Nothing | Row::Clock(_) => true,
        // The caller is told to come back in an hour.
        Row::Fault(Fault::RetryAfter { seconds: 3600, .. }, _) | Row::Refused => false,
        Row::Fault(Fault::Slow { .. } | Fault::WrongContentType, _) => true,
        Row::Fault(_, lasting) => lasting == Lasting::Once,
        Row::Mangled(mangling, answer) => answer == Answer::Accepts && mangling.is_readable(),
    }
}

fn shown(cell: Option<Cell>) -> String {
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
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in table.lines().zip(written.lines()) {
        assert_eq!(now, before, "a row differs from {}", path.display());
    }
    assert_eq!(table.lines().count(), written.lines().count());
}

/// The log of all of this, at the most talkative level of every crate.
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
        let found = log.lines().find(|line| line.contains(private));
        assert_eq!(found, None, "`{private}` was logged");
    }
}

/// The decision rests on what the codes say; this is the list for those who read the table.
#[test]
fn only_rate_limits_among_the_codes_are_tried_again_by_sends() {
    let again: Vec<&str> = codes()
        .iter()
        .filter(|info| info.kind == CodeKind::RateLimit)
        .map(|info| info.name)
        .collect();
    assert_eq!(again, ["TPS_LIMIT"]);
}

#[tokio::test]
async fn nothing_happens_to_requests_that_no_fault_is_for() {
    let sandbox = sandbox().await;
    sandbox.faults().enqueue_for("send_sms", Fault::Malformed);
    let session = hasty(sandbox.url()).build().unwrap();
    Operation::Read
        .call(&session, Default::default())
        .await
        .unwrap();
    assert_eq!(sandbox.faults().pending(), 1);
}
