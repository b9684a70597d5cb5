//! The only module that writes to `tracing`. Its functions accept generated names, numbers, the session's name, and request ids that
//! look like ids. They cannot be passed bodies, phone numbers, keys or URLs.

use std::time::Duration;

use tokio::time::Instant;
use tracing::field::{Empty, display};
use tracing::{Span, debug, info};

use crate::types::redact::looks_like_an_id;
use crate::{Error, Operation, Repairs};

/// The span of one call. Its final fields are recorded even if the call's future is dropped.
pub(crate) struct CallSpan {
    span: Span,
    started: Option<Instant>,
    finished: bool,
}

impl CallSpan {
    /// `session` is the session's name, if it has one.
    pub(crate) fn new(session: Option<&str>, operation: &Operation) -> Self {
        let span = tracing::info_span!(
            "nxcloud_call",
            session,
            service = operation.service,
            operation = operation.id,
            attempts = Empty,
            outcome = Empty,
            kind = Empty,
            code = Empty,
            status = Empty,
            request_id = Empty,
            repaired = Empty,
            latency_ms = Empty,
        );
        let started = (!span.is_disabled()).then(Instant::now);
        Self {
            span,
            started,
            finished: false,
        }
    }

    /// The span to run the call's future in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Records how the call ended.
    pub(crate) fn finish(
        mut self,
        attempts: u32,
        repairs: Repairs,
        request_id: Option<&str>,
        failure: Option<&Error>,
    ) {
        self.finished = true;
        let Some(started) = self.started else { return };
        self.span.record("attempts", attempts);
        self.span.record("latency_ms", millis(started.elapsed()));
        if !repairs.is_empty() {
            self.span.record("repaired", display(repairs));
        }
        if let Some(id) = request_id.filter(|id| looks_like_an_id(id)) {
            self.span.record("request_id", display(id));
        }
        let Some(error) = failure else {
            self.span.record("outcome", "accepted");
            return;
        };
        self.span.record("outcome", error.outcome().as_str());
        self.span.record("kind", error.kind().as_str());
        if let Some(code) = error.code() {
            self.span.record("code", code.value());
        }
        if let Some(status) = error.status() {
            self.span.record("status", status);
        }
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if let (false, Some(started)) = (self.finished, self.started) {
            self.span.record("outcome", "cancelled");
            self.span.record("latency_ms", millis(started.elapsed()));
        }
    }
}

/// Logs a failed attempt.
pub(crate) fn attempt_failed(attempt: u32, error: &Error, retry_in: Option<Duration>) {
    debug!(
        attempt,
        outcome = error.outcome().as_str(),
        kind = error.kind().as_str(),
        code = error.code().map(crate::Code::value),
        status = error.status(),
        repaired = (!error.repairs().is_empty()).then(|| display(error.repairs())),
        retry_in_ms = retry_in.map(millis),
        "attempt failed"
    );
}

/// Logs a new clock offset.
pub(crate) fn clock_learned(offset_ms: i64) {
    info!(offset_ms, "learned the platform's clock");
}

/// Logs that a caller waits for its slot.
pub(crate) fn waiting(wait: Duration) {
    info!(wait_ms = millis(wait), "waiting for the rate limit");
}

/// Logs that the session's retry budget is used up.
pub(crate) fn budget_used_up() {
    info!("no retry: the session's budget for retries is used up");
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
