//! The only module that writes to `tracing`. What may be written is what its functions take: names that the generator wrote,
//! numbers, the session's name, and ids that look like ids. Bodies, phone numbers, keys and URLs have no way in.

use std::time::Duration;

use tokio::time::Instant;
use tracing::field::{Empty, display};
use tracing::{Span, debug, info};

use crate::types::redact::looks_like_an_id;
use crate::{Error, Operation, Repairs};

/// The span of one call. It is written to its end even when the call's future is dropped.
pub(crate) struct CallSpan {
    span: Span,
    begun: Option<Instant>,
    finished: bool,
}

impl CallSpan {
    /// `session` is the name that the caller gave to it.
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
        let begun = (!span.is_disabled()).then(Instant::now);
        Self {
            span,
            begun,
            finished: false,
        }
    }

    /// The span itself, for the call's future to run in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Writes how the call ended.
    pub(crate) fn finish(
        mut self,
        attempts: u32,
        repairs: Repairs,
        request_id: Option<&str>,
        failure: Option<&Error>,
    ) {
        self.finished = true;
        let Some(begun) = self.begun else { return };
        self.span.record("attempts", attempts);
        self.span.record("latency_ms", millis(begun.elapsed()));
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
        if let (false, Some(begun)) = (self.finished, self.begun) {
            self.span.record("outcome", "cancelled");
            self.span.record("latency_ms", millis(begun.elapsed()));
        }
    }
}

/// One attempt failed.
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

/// The platform's clock is another one.
pub(crate) fn clock_learned(offset_ms: i64) {
    info!(offset_ms, "learned the platform's clock");
}

/// A caller waits for its slot.
pub(crate) fn waiting(wait: Duration) {
    info!(wait_ms = millis(wait), "waiting for the rate limit");
}

/// The budget for retries is used up.
pub(crate) fn budget_used_up() {
    info!("no retry: the session's budget for retries is used up");
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
