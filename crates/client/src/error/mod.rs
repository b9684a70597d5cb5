//! The error type of all services.

#[cfg(feature = "uploads")]
pub(crate) mod content;
pub(crate) mod kind;
pub(crate) mod required;
pub(crate) mod sent;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::incoming::{Repairs, Unreadable};
use crate::operation::code::kind_of_unlisted;
use crate::types::redact::looks_like_an_id;
use crate::{Code, CodeInfo, CodeKind, ErrorKind, Operation, Outcome, Sent, Violation, Violations};

/// The failure of a call.
///
/// [`outcome`](Self::outcome) says whether the platform may have acted, [`kind`](Self::kind) says what went wrong. After a send, check
/// the outcome first:
///
/// ```
/// use nxcloud_client::{CodeKind, Error, ErrorKind, Outcome};
///
/// fn what_to_do(error: &Error) -> String {
///     match (error.outcome(), error.kind()) {
///         // A message may have been sent and billed: look for it before sending it again.
///         (Outcome::Unknown, _) if error.sent().is_some() => {
///             format!("look for {:?}", error.sent())
///         }
///         // A read can be repeated.
///         (Outcome::Unknown, _) => "ask again".to_owned(),
///         // In all cases below, the platform did nothing.
///         (_, ErrorKind::InvalidRequest) => {
///             let fields = error.violations().iter().map(|violation| violation.field.as_str());
///             format!("correct {}", fields.collect::<Vec<_>>().join(", "))
///         }
///         (_, ErrorKind::Configuration) => format!("correct the settings: {error}"),
///         (_, ErrorKind::ResultCode(CodeKind::NotFound)) => "it is not there".to_owned(),
///         (_, ErrorKind::ResultCode(CodeKind::Balance)) => "top the account up".to_owned(),
///         _ if error.is_retryable() => format!("again in {:?}", error.retry_after()),
///         (_, ErrorKind::ResultCode(_)) => format!("code {:?}: {}", error.code(), error.hint()),
///         _ => format!("{error}: {}", error.hint()),
///     }
/// }
/// # let error = nxcloud_client::Credentials::nxcloud("", "").err();
/// # assert!(error.is_some_and(|error| what_to_do(&error).starts_with("correct the settings")));
/// ```
///
/// `Display` is one line without secrets, phone numbers or message bodies. [`source`](StdError::source) returns the cause and
/// [`body`](Self::body) the reply.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    /// Whether another attempt may end differently, if the reply decides that.
    temporary: Option<bool>,
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
    fn new(kind: ErrorKind, outcome: Outcome) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome,
            temporary: None,
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

    /// The session's own rate limit is reached. `wait` is the time until the next free slot.
    pub(crate) fn throttled(wait: Duration) -> Self {
        Self::new(ErrorKind::Throttled, Outcome::NotSent).with_retry_after(Some(wait))
    }

    /// A transport failure. The URL is removed because it may contain a phone number or a hash.
    pub(crate) fn transport(source: reqwest::Error, may_have_been_sent: bool) -> Self {
        let (kind, outcome) = if source.is_builder() {
            (ErrorKind::InvalidRequest, Outcome::NotSent)
        } else if source.is_connect() || !may_have_been_sent {
            (ErrorKind::Connect, Outcome::NotSent)
        } else if source.is_timeout() {
            (ErrorKind::Timeout, Outcome::Unknown)
        } else {
            (ErrorKind::Transport, Outcome::Unknown)
        };
        #[cfg(feature = "uploads")]
        if let Some(problem) = content::ContentProblem::find_in_causes(&source) {
            // The request was not sent completely, and another attempt would fail in the same way.
            let detail = problem.to_string();
            let mut error = Self::new(ErrorKind::InvalidRequest, outcome).with_detail(detail);
            error.0.temporary = Some(false);
            return error.with_source(source.without_url());
        }
        Self::new(kind, outcome).with_source(source.without_url())
    }

    pub(crate) fn result_code(operation: &'static Operation, code: Code) -> Self {
        let kind = operation
            .code_info(code)
            .map_or_else(|| kind_of_unlisted(code), |info| info.kind);
        let outcome = match kind {
            CodeKind::Platform | CodeKind::Unknown => Outcome::Unknown,
            _ => Outcome::Rejected,
        };
        let mut error = Self::new(ErrorKind::ResultCode(kind), outcome).with_operation(operation);
        error.0.code = Some(code);
        error
    }

    /// A reply without a usable result code.
    pub(crate) fn reply(status: u16, outcome: Outcome, temporary: bool) -> Self {
        let kind = match status {
            200 => ErrorKind::UnreadableReply,
            _ => ErrorKind::HttpStatus,
        };
        let mut error = Self::new(kind, outcome);
        error.0.temporary = Some(temporary);
        error
    }

    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnreadableReply, Outcome::Unknown).with_detail(detail)
    }

    /// Adds why the reply is unreadable.
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

    /// Marks the outcome as unknown: the platform may have acted on what was sent.
    pub(crate) fn with_sent(mut self, sent: Sent) -> Self {
        self.0.outcome = Outcome::Unknown;
        self.0.sent = Some(sent);
        self
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Puts the name of a setting before the detail.
    pub(crate) fn within(mut self, setting: &str) -> Self {
        let detail = self.0.detail.take().unwrap_or_default();
        self.with_detail(format!("{setting}: {detail}"))
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// What went wrong. [`outcome`](Self::outcome) says whether the platform may have acted.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was sent, if the call was a send with an unknown outcome. Look for it before sending again.
    #[must_use]
    pub fn sent(&self) -> Option<&Sent> {
        self.0.sent.as_ref()
    }

    /// How many attempts were made; 0 when the call failed before the first one.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long to wait before another attempt, according to the platform (`Retry-After`) or the session's rate limit.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the platform may have acted.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the outcome is [`Outcome::Unknown`]: a message may have been sent and billed.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        self.outcome() == Outcome::Unknown
    }

    /// Whether the platform answered that something named in the request does not exist ([`CodeKind::NotFound`]). A plain HTTP 404 does
    /// not count: it may come from a wrong base URL.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::ResultCode(CodeKind::NotFound)
    }

    /// Whether the platform answered with this result code. Each service crate lists its codes in the module `codes`.
    #[must_use]
    pub fn is_code(&self, code: Code) -> bool {
        self.code() == Some(code)
    }

    /// The documented limits that the request breaks, each with its field. Empty for other failures.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        let source = self.0.source.as_deref();
        let violations = source.and_then(|source| source.downcast_ref::<Violations>());
        violations.map_or(&[], Violations::as_slice)
    }

    /// Whether the reply says that another attempt may end differently. `None` if the kind of the failure decides that.
    pub(crate) fn reply_is_temporary(&self) -> Option<bool> {
        self.0.temporary
    }

    /// Whether the operation only reads.
    pub(crate) fn is_from_a_read(&self) -> bool {
        self.0.operation.is_some_and(|operation| operation.safe)
    }

    /// The id of the operation that was called, if the failure belongs to one.
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

    /// The name of the result code, if it is documented.
    #[must_use]
    pub fn code_name(&self) -> Option<&'static str> {
        self.code_info().map(|info| info.name)
    }

    /// The platform's text for the code. It may repeat parts of the request.
    #[must_use]
    pub fn platform_message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The platform's id of the request. Quote it to the platform's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The HTTP status, if there was a reply.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The repairs that were needed to read the reply; usually none.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.0.repairs
    }

    /// The body of the reply, complete or as far as it was received. Content encoding is removed, and JSON is repaired as
    /// [`repairs`](Self::repairs) says. It may contain phone numbers and message texts.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// What to do about the failure, in one sentence.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        if self.sent().is_some() {
            return "The platform may have acted: look for the message before sending it again.";
        }
        if let Some(listed) = self.code_info().and_then(|info| info.hint) {
            return listed;
        }
        match self.kind() {
            ErrorKind::Configuration => "Change the setting that the error names.",
            ErrorKind::InvalidRequest if self.violations().is_empty() => {
                "Correct what the error names."
            }
            ErrorKind::InvalidRequest => "Change the field that the error names.",
            ErrorKind::Throttled => "Wait, call more slowly, or raise the session's rate limit.",
            ErrorKind::Connect => {
                "Nothing was sent: check the network, the base URL and the proxy, if there is one."
            }
            ErrorKind::Timeout | ErrorKind::Transport => "Try again.",
            ErrorKind::HttpStatus => {
                "Check the base URL, and proxies or gateways between this program and the platform."
            }
            ErrorKind::UnreadableReply => "Check the reply's body; a proxy may have answered.",
            ErrorKind::ResultCode(CodeKind::RateLimit) => "Send more slowly and try again.",
            ErrorKind::ResultCode(_) => {
                "Look up the code in the platform's documentation, or ask its support."
            }
        }
    }

    /// The first part of the error's text.
    fn summary(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Configuration => "wrong configuration",
            ErrorKind::InvalidRequest if self.violations().is_empty() => {
                "the request cannot be sent"
            }
            ErrorKind::InvalidRequest => "the request breaks a documented limit",
            ErrorKind::Throttled => "the session's rate limit does not allow another request yet",
            ErrorKind::Connect => "could not connect",
            ErrorKind::Timeout => "no answer in time",
            ErrorKind::Transport => "the connection broke",
            ErrorKind::HttpStatus => "unexpected HTTP status",
            ErrorKind::UnreadableReply => "the reply is not what the platform documents",
            ErrorKind::ResultCode(_) if self.outcome() == Outcome::Rejected => {
                "rejected by the platform"
            }
            ErrorKind::ResultCode(_) => "the platform reported a failure",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            write!(f, "{operation}: ")?;
        }
        if self.sent().is_some() {
            f.write_str("the outcome is unknown: ")?;
        }
        f.write_str(self.summary())?;
        if let ErrorKind::ResultCode(kind) = self.kind() {
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
        } else if let (ErrorKind::InvalidRequest, Some(source)) = (self.kind(), &self.0.source) {
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

/// Omits fields without a value.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Error");
        fields.field("kind", &self.kind());
        fields.field("outcome", &self.outcome());
        let mut field = |name, value: Option<&dyn fmt::Debug>| {
            if let Some(value) = value {
                fields.field(name, value);
            }
        };
        let request_id = self.request_id().filter(|id| looks_like_an_id(id));
        let repairs = Some(self.repairs()).filter(|repairs| !repairs.is_empty());
        let attempts = Some(self.attempts()).filter(|attempts| *attempts > 0);
        field("operation", debug(&self.operation()));
        field("code", debug(&self.code()));
        field("code_name", debug(&self.code_name()));
        field("request_id", debug(&request_id));
        field("status", debug(&self.status()));
        field("detail", debug(&self.0.detail));
        field("body_bytes", debug(&self.body().map(<[u8]>::len)));
        field("repairs", debug(&repairs));
        field("attempts", debug(&attempts));
        field("retry_after", debug(&self.retry_after()));
        field("sent", debug(&self.sent()));
        field("source", debug(&self.0.source));
        fields.finish()
    }
}

fn debug<T: fmt::Debug>(value: &Option<T>) -> Option<&dyn fmt::Debug> {
    value.as_ref().map(|value| value as _)
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
