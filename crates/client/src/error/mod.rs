//! The one error type.

pub(crate) mod kind;
pub(crate) mod sent;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::incoming::{Repairs, Unreadable};
use crate::operation::code::kind_of_unlisted;
use crate::policy::retry::Failure;
use crate::types::redact::looks_like_an_id;
use crate::{Code, CodeInfo, CodeKind, ErrorKind, Operation, Outcome, Sent};

/// What went wrong with a call.
///
/// `Display` is one line without secrets, phone numbers or message bodies; [`source`](StdError::source) leads to the causes;
/// [`body`](Self::body) has the reply, for those who ask.
pub struct Error(Box<Inner>);

struct Inner {
    reason: ErrorKind,
    outcome: Outcome,
    /// Whether another attempt may end differently; see [`Failure::temporary`].
    temporary: bool,
    operation: Option<&'static Operation>,
    code: Option<Code>,
    message: Option<String>,
    request_id: Option<String>,
    status: Option<u16>,
    body: Option<Bytes>,
    repairs: Repairs,
    detail: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    sent: Option<Sent>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(reason: ErrorKind, outcome: Outcome) -> Self {
        Self(Box::new(Inner {
            reason,
            outcome,
            temporary: match reason {
                ErrorKind::Connect
                | ErrorKind::Throttled
                | ErrorKind::Refused(CodeKind::RateLimit) => true,
                _ => outcome == Outcome::Unknown,
            },
            operation: None,
            code: None,
            message: None,
            request_id: None,
            status: None,
            body: None,
            repairs: Repairs::NONE,
            detail: None,
            retry_after: None,
            attempts: 0,
            sent: None,
            source: None,
        }))
    }

    pub(crate) fn configuration(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, Outcome::NotSent).with_detail(detail)
    }

    pub(crate) fn invalid_request(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(ErrorKind::InvalidRequest, Outcome::NotSent).with_source(source)
    }

    /// The session's own rate limit has no room for so long.
    pub(crate) fn throttled(wait: Duration) -> Self {
        Self::new(ErrorKind::Throttled, Outcome::NotSent).with_retry_after(Some(wait))
    }

    /// A failure of the transport; the URL is taken off, since it may hold a phone number or a hash.
    pub(crate) fn transport(source: reqwest::Error, may_have_left: bool) -> Self {
        let (kind, outcome) = if source.is_builder() {
            (ErrorKind::InvalidRequest, Outcome::NotSent)
        } else if source.is_connect() || !may_have_left {
            (ErrorKind::Connect, Outcome::NotSent)
        } else if source.is_timeout() {
            (ErrorKind::Timeout, Outcome::Unknown)
        } else {
            (ErrorKind::Transport, Outcome::Unknown)
        };
        Self::new(kind, outcome).with_source(source.without_url())
    }

    pub(crate) fn refused(operation: &'static Operation, code: Code) -> Self {
        let kind = operation
            .code_info(code)
            .map_or_else(|| kind_of_unlisted(code), |info| info.kind);
        let outcome = match kind {
            CodeKind::Platform | CodeKind::Unknown => Outcome::Unknown,
            _ => Outcome::Rejected,
        };
        let mut error = Self::new(ErrorKind::Refused(kind), outcome).with_operation(operation);
        error.0.code = Some(code);
        error
    }

    /// A reply that has no code to go by, or contradicts itself.
    pub(crate) fn reply(status: u16, outcome: Outcome, temporary: bool) -> Self {
        let kind = match status {
            200 => ErrorKind::UnreadableReply,
            _ => ErrorKind::HttpStatus,
        };
        let mut error = Self::new(kind, outcome);
        error.0.temporary = temporary;
        error
    }

    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnreadableReply, Outcome::Unknown).with_detail(detail)
    }

    /// Says why nothing could be read in the reply.
    pub(crate) fn unreadable_because(self, reason: Unreadable) -> Self {
        let error = self.with_detail(reason.to_string());
        match reason {
            Unreadable::Json(source) => error.with_source(source),
            _ => error,
        }
    }

    pub(crate) fn with_repairs(mut self, repairs: Repairs) -> Self {
        self.0.repairs = repairs;
        self
    }

    pub(crate) fn with_operation(mut self, operation: &'static Operation) -> Self {
        self.0.operation = Some(operation);
        self
    }

    pub(crate) fn with_reply(mut self, status: u16, body: Bytes) -> Self {
        self.0.status = Some(status);
        self.0.body = Some(body);
        self
    }

    pub(crate) fn with_platform_message(
        mut self,
        message: Option<String>,
        request_id: Option<String>,
    ) -> Self {
        self.0.message = message;
        self.0.request_id = request_id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// The failure of a call of which the platform may have acted on what was sent.
    pub(crate) fn with_sent(mut self, sent: Sent) -> Self {
        self.0.outcome = Outcome::Unknown;
        self.0.sent = Some(sent);
        self
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// What sort of failure it is.
    ///
    /// A send whose outcome is unknown is [`ErrorKind::OutcomeUnknown`], whatever the reason.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        if self.0.sent.is_some() {
            ErrorKind::OutcomeUnknown
        } else {
            self.0.reason
        }
    }

    /// What went wrong: the same as [`kind`](Self::kind), but for a send whose outcome is unknown what made it so.
    #[must_use]
    pub fn reason(&self) -> ErrorKind {
        self.0.reason
    }

    /// What was sent, if the call was a send and its outcome is unknown: what to look for before sending it again.
    #[must_use]
    pub fn sent(&self) -> Option<&Sent> {
        self.0.sent.as_ref()
    }

    /// How many attempts were made; 0 when the call failed before the first one.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long to wait before another attempt, as the platform (`Retry-After`) or the session's rate limit says.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the platform may have acted.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same call may succeed later without a second message being sent.
    ///
    /// True when nothing was sent for a reason that passes, when the platform refused for the moment, and for reads whose outcome
    /// is unknown.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let failure = self.failure();
        match failure.outcome {
            Outcome::NotSent | Outcome::Rejected => failure.temporary,
            Outcome::Unknown => {
                failure.temporary && self.0.operation.is_some_and(|operation| operation.safe)
            }
        }
    }

    /// What the retry policy decides on.
    pub(crate) fn failure(&self) -> Failure {
        Failure {
            outcome: self.outcome(),
            temporary: self.0.temporary,
            retry_after: self.retry_after(),
        }
    }

    /// Whether the platform said that calls come too fast.
    pub(crate) fn is_too_fast(&self) -> bool {
        self.outcome() == Outcome::Rejected && self.failure().temporary
    }

    /// The operation that was called, when the failure belongs to one.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation.map(|operation| operation.id)
    }

    /// The result code in the platform's answer.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.0.code
    }

    fn code_info(&self) -> Option<&'static CodeInfo> {
        self.0.operation?.code_info(self.code()?)
    }

    /// The name of the result code, when the reference lists it.
    #[must_use]
    pub fn code_name(&self) -> Option<&'static str> {
        self.code_info().map(|info| info.name)
    }

    /// The text that came with the code, in the platform's words; it may repeat what was sent.
    #[must_use]
    pub fn platform_message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The platform's id of the request, to name to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// What was repaired before the reply could be read; usually nothing.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.0.repairs
    }

    /// The reply, complete or as far as it got: without its content encoding, and where it is JSON repaired as
    /// [`repairs`](Self::repairs) says. It may hold phone numbers and texts.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        let listed = self.code_info().and_then(|info| info.hint);
        match (self.kind(), listed) {
            (ErrorKind::OutcomeUnknown, _) | (_, None) => {}
            (_, Some(hint)) => return hint,
        }
        match self.kind() {
            ErrorKind::Configuration => "Change the setting that the error names.",
            ErrorKind::InvalidRequest => "Change the field that the error names.",
            ErrorKind::Throttled => "Wait, call more slowly, or raise the session's rate limit.",
            ErrorKind::Connect => "Check the network and the base URL; nothing was sent.",
            ErrorKind::OutcomeUnknown => {
                "The platform may have acted: look for the message before sending it again."
            }
            ErrorKind::Timeout | ErrorKind::Transport => "Try again.",
            ErrorKind::HttpStatus => {
                "Check the base URL and what stands between this program and the platform."
            }
            ErrorKind::UnreadableReply => "Look at the reply's body; a proxy may have answered.",
            ErrorKind::Refused(CodeKind::RateLimit) => "Send more slowly and try again.",
            ErrorKind::Refused(_) => {
                "Look the code up in the reference, or ask the platform's support."
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            write!(f, "{operation}: ")?;
        }
        if self.kind() != self.reason() {
            write!(f, "{}: ", self.kind().in_words())?;
        }
        f.write_str(self.reason().in_words())?;
        if let ErrorKind::Refused(kind) = self.reason() {
            write!(f, " ({})", kind.as_str())?;
        }
        if let Some(code) = self.code() {
            write!(f, ": code {code}")?;
            if let Some(info) = self.code_info() {
                write!(f, " {}, {}", info.name, info.meaning)?;
            }
        }
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        } else if let (ErrorKind::InvalidRequest, Some(source)) = (self.reason(), &self.0.source) {
            write!(f, ": {source}")?;
        }
        if let Some(status) = self.status().filter(|status| *status != 200) {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(request_id) = self.request_id().filter(|id| looks_like_an_id(id)) {
            write!(f, " (request id {request_id})")?;
        }
        if let Some(sent) = self.sent().map(Sent::to_string)
            && !sent.is_empty()
        {
            write!(f, " (sent: {sent})")?;
        }
        match self.attempts() {
            0 | 1 => Ok(()),
            attempts => write!(f, " after {attempts} attempts"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("reason", &self.reason())
            .field("outcome", &self.outcome())
            .field("operation", &self.operation())
            .field("code", &self.code())
            .field("code_name", &self.code_name())
            .field(
                "request_id",
                &self.request_id().filter(|id| looks_like_an_id(id)),
            )
            .field("status", &self.status())
            .field("detail", &self.0.detail)
            .field("body_bytes", &self.body().map(<[u8]>::len))
            .field("repairs", &self.repairs())
            .field("attempts", &self.attempts())
            .field("retry_after", &self.retry_after())
            .field("sent", &self.sent())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Why a body did not decode: the place, not the value, which may be a phone number.
#[derive(Debug)]
pub(crate) struct NotDecoded {
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for NotDecoded {
    fn from(error: serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
        }
    }
}

impl fmt::Display for NotDecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column } = self;
        write!(
            f,
            "another type was expected at line {line} column {column}"
        )
    }
}

impl StdError for NotDecoded {}
