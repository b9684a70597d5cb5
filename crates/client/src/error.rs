//! The one error type.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;

use crate::code::kind_of_unlisted;
use crate::{Code, CodeInfo, CodeKind, Operation};

/// What went wrong with a call.
///
/// `Display` is one line without secrets, phone numbers or message bodies; [`source`](StdError::source) leads to the causes;
/// [`body`](Self::body) has the reply as it came, for those who ask.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    operation: Option<&'static Operation>,
    code: Option<Code>,
    message: Option<String>,
    request_id: Option<String>,
    status: Option<u16>,
    body: Option<Bytes>,
    detail: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of failure it is, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Credentials, base URL or another setting is missing or malformed: change the setting.
    Configuration,
    /// The request breaks a documented limit: change the field that the error names.
    InvalidRequest,
    /// No connection: name resolution, TCP or TLS failed. Nothing was sent.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke, or the reply was cut short.
    Transport,
    /// The HTTP status is not 200 and the reply has no code of the platform: look at [`Error::status`].
    HttpStatus,
    /// HTTP said 200, but the reply is not what the platform documents: look at [`Error::body`].
    UnreadableReply,
    /// The platform answered with a code that is not success: look at [`Error::code`].
    Refused(CodeKind),
}

/// Whether the platform may have acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The request did not leave this machine.
    NotSent,
    /// The platform said that it did not act.
    Rejected,
    /// The platform may have acted: a message may have been sent and billed.
    Unknown,
}

impl Error {
    fn new(kind: ErrorKind, outcome: Outcome) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome,
            operation: None,
            code: None,
            message: None,
            request_id: None,
            status: None,
            body: None,
            detail: None,
            source: None,
        }))
    }

    pub(crate) fn configuration(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, Outcome::NotSent).with_detail(detail)
    }

    pub(crate) fn invalid_request(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(ErrorKind::InvalidRequest, Outcome::NotSent).with_source(source)
    }

    /// A failure of the transport; the URL is taken off, since it may hold a phone number or a hash.
    pub(crate) fn transport(source: reqwest::Error) -> Self {
        let (kind, outcome) = if source.is_builder() {
            (ErrorKind::InvalidRequest, Outcome::NotSent)
        } else if source.is_connect() {
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

    pub(crate) fn http_status(status: u16) -> Self {
        // A redirect or a 4xx comes before the platform acts; a 5xx may come after.
        let outcome = if status < 500 { Outcome::Rejected } else { Outcome::Unknown };
        Self::new(ErrorKind::HttpStatus, outcome)
    }

    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnreadableReply, Outcome::Unknown).with_detail(detail)
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

    pub(crate) fn with_words(mut self, message: Option<String>, request_id: Option<String>) -> Self {
        self.0.message = message;
        self.0.request_id = request_id;
        self
    }

    fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the platform may have acted.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same call may succeed later without a second message being sent.
    ///
    /// True when nothing was sent, when the platform refused for the moment, and for reads whose outcome is unknown.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match (self.kind(), self.outcome()) {
            (ErrorKind::Connect, _) | (ErrorKind::Refused(CodeKind::RateLimit), _) => true,
            (ErrorKind::HttpStatus, _) if self.status() == Some(429) => true,
            (_, Outcome::Unknown) => self.0.operation.is_some_and(|operation| operation.safe),
            _ => false,
        }
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

    /// The reply as it came, complete or as far as it got; it may hold phone numbers and texts.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        if let Some(hint) = self.code_info().and_then(|info| info.hint) {
            return hint;
        }
        match self.kind() {
            ErrorKind::Configuration => "Change the setting that the error names.",
            ErrorKind::InvalidRequest => "Change the field that the error names.",
            ErrorKind::Connect => "Check the network and the base URL; nothing was sent.",
            _ if self.outcome() == Outcome::Unknown && !self.is_retryable() => {
                "The platform may have acted: look for the message before sending it again."
            }
            ErrorKind::Timeout | ErrorKind::Transport => "Try again.",
            ErrorKind::HttpStatus => "Check the base URL and what stands between this program and the platform.",
            ErrorKind::UnreadableReply => "Look at the reply's body; a proxy may have answered.",
            ErrorKind::Refused(CodeKind::RateLimit) => "Send more slowly and try again.",
            ErrorKind::Refused(_) => "Look the code up in the reference, or ask the platform's support.",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            write!(f, "{operation}: ")?;
        }
        match self.kind() {
            ErrorKind::Configuration => f.write_str("wrong configuration")?,
            ErrorKind::InvalidRequest => f.write_str("the request breaks a documented limit")?,
            ErrorKind::Connect => f.write_str("could not connect")?,
            ErrorKind::Timeout => f.write_str("no answer in time")?,
            ErrorKind::Transport => f.write_str("the connection broke")?,
            ErrorKind::HttpStatus => f.write_str("unexpected HTTP status")?,
            ErrorKind::UnreadableReply => f.write_str("the reply is not what the platform documents")?,
            ErrorKind::Refused(kind) => write!(f, "refused by the platform ({})", kind.as_str())?,
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
        if let Some(request_id) = self.request_id() {
            write!(f, " (request id {request_id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("outcome", &self.outcome())
            .field("operation", &self.operation())
            .field("code", &self.code())
            .field("code_name", &self.code_name())
            .field("request_id", &self.request_id())
            .field("status", &self.status())
            .field("detail", &self.0.detail)
            .field("body_bytes", &self.body().map(<[u8]>::len))
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
