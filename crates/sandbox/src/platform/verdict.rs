//! The verdict on a request.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use nxcloud_spec::validate::Violation;

use super::text::beginning;

/// Whether a request was accepted, and its result code.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Verdict {
    code: i64,
    cause: Option<Cause>,
}

impl Verdict {
    pub(crate) const fn accepted() -> Self {
        Self {
            code: 0,
            cause: None,
        }
    }

    pub(crate) const fn refused(code: i64, cause: Cause) -> Self {
        Self {
            code,
            cause: Some(cause),
        }
    }

    /// Whether the request passed every check.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.cause.is_none()
    }

    /// 0 for an accepted request, otherwise the result code of the reply. Where the platform replies without an
    /// envelope (`AntBuddy`, an unknown path, a body over the limit) it is the HTTP status.
    #[must_use]
    pub const fn code(&self) -> i64 {
        self.code
    }

    /// Adds the diagnosis of a wrong signature.
    pub(crate) fn explain(&mut self, diagnosis: SignatureMismatch) {
        if let Some(Cause::Signature(mismatch)) = &mut self.cause {
            *mismatch = diagnosis;
        }
    }

    /// Whether the signature is wrong.
    pub(crate) const fn is_wrong_signature(&self) -> bool {
        matches!(self.cause, Some(Cause::Signature(_)))
    }

    /// Why the request was refused; `None` if it was accepted.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// Cuts each string to sign at this size, and then adds its full size.
    pub(crate) fn to_json(&self, max: usize) -> Value {
        let mut verdict = json!({ "code": self.code });
        if let Some(cause) = &self.cause {
            verdict["cause"] = cause.name().into();
            verdict["message"] = cause.to_string().into();
            if let Cause::Signature(mismatch) = cause {
                verdict["likely_cause"] = json!(mismatch.likely_cause);
                verdict["explanation"] = mismatch.explanation().into();
                let client = mismatch.client_string();
                let strings = [
                    ("string_to_sign", Some(mismatch.string_to_sign())),
                    ("client_string_to_sign", client),
                ];
                for (name, string) in strings {
                    let Some(string) = string else { continue };
                    let (text, is_cut) = beginning(string, max);
                    verdict[name] = text.into();
                    if is_cut {
                        verdict[format!("{name}_bytes")] = string.len().into();
                    }
                }
            }
        }
        verdict
    }
}

/// Why a request was refused. `Display` gives one line for the sender. It contains no value of the request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub enum Cause {
    /// No operation has this path.
    UnknownPath,
    /// The path has operations, but none with this method.
    Method {
        /// The methods that the path has.
        allowed: Vec<String>,
    },
    /// The body is larger than the limit.
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection closed, or the time ran out, before the body was complete.
    BodyIncomplete,
    /// The sandbox is receiving too many bytes at the same time.
    Busy,
    /// The `Host` header is another machine.
    ForeignHost,
    /// The record file cannot be written, so the request was not carried out.
    NotRecorded,
    /// A common parameter is missing or unreadable.
    CommonParameter {
        /// Its name.
        name: Cow<'static, str>,
        /// What is wrong with it.
        problem: CommonProblem,
    },
    /// No account has this access key or app id.
    UnknownAccount,
    /// The timestamp is too far from the server's clock.
    Timestamp,
    /// The signature or hash does not match the received request.
    Signature(SignatureMismatch),
    /// No operation of the path has this `bizType` and `action`.
    Operation,
    /// The body or query violates the schema of the operation.
    Parameter {
        /// JSON pointer to the first violation; empty for the whole body or query.
        pointer: String,
        /// The violation.
        problem: String,
    },
    /// The request contradicts the state of the account.
    State {
        /// The result code of the reply.
        code: i64,
        /// The problem.
        problem: Cow<'static, str>,
    },
    /// The request met a [`Fault`](crate::Fault) before the platform acted.
    Fault,
}

impl From<Violation> for Cause {
    fn from(
        Violation {
            pointer, problem, ..
        }: Violation,
    ) -> Self {
        Self::Parameter { pointer, problem }
    }
}

/// The problem of a common parameter.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum CommonProblem {
    /// It is absent or empty.
    Missing,
    /// It is not visible ASCII or, for `ts`, not a number of milliseconds.
    Unreadable,
    /// It is duplicate.
    Repeated,
}

impl Cause {
    /// A short name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown-path",
            Self::Method { .. } => "method",
            Self::BodyTooLarge { .. } => "body-too-large",
            Self::BodyIncomplete => "body-incomplete",
            Self::Busy => "busy",
            Self::ForeignHost => "foreign-host",
            Self::NotRecorded => "not-recorded",
            Self::CommonParameter { .. } => "common-parameter",
            Self::UnknownAccount => "unknown-account",
            Self::Timestamp => "timestamp",
            Self::Signature(_) => "signature",
            Self::Operation => "operation",
            Self::Parameter { .. } => "parameter",
            Self::State { .. } => "state",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPath => f.write_str("no operation has this path: check the base URL and the path"),
            Self::Method { allowed } => write!(f, "this path requires the method {}", allowed.join(", ")),
            Self::BodyTooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::BodyIncomplete => f.write_str("the body is incomplete: send as many bytes as content-length says"),
            Self::Busy => f.write_str("too many bytes are being received at the same time: send the request again"),
            Self::ForeignHost => f.write_str(
                "the Host header is another machine: use 127.0.0.1 or localhost, or start the sandbox with a token",
            ),
            Self::NotRecorded => f.write_str(
                "the request could not be recorded and was not carried out: free disk space for the record file",
            ),
            Self::CommonParameter { name, problem } => {
                let problem = match problem {
                    CommonProblem::Missing => "is missing",
                    CommonProblem::Unreadable => "cannot be read",
                    CommonProblem::Repeated => "appears more than once",
                };
                write!(f, "common parameter {name} {problem}")
            }
            Self::UnknownAccount => f.write_str("no permission: unknown account"),
            Self::Timestamp => {
                f.write_str("timestamp expired: more than 60000 ms from the server's clock")
            }
            Self::Signature(_) => f.write_str("wrong signature"),
            Self::Operation => f.write_str("bizType or action does not belong to this path"),
            Self::Parameter { pointer, problem } if pointer.is_empty() => f.write_str(problem),
            Self::Parameter { pointer, problem } => write!(f, "{pointer} {problem}"),
            Self::State { problem, .. } => f.write_str(problem),
            Self::Fault => f.write_str("a fault is set for this request"),
        }
    }
}

/// A signature that does not match the request.
///
/// `Debug` omits the string to sign, because it contains the body.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct SignatureMismatch {
    likely_cause: LikelyCause,
    string_to_sign: String,
    client_string: Option<String>,
    #[serde(default)]
    difference: Option<String>,
}

impl SignatureMismatch {
    pub(crate) const fn new(
        likely_cause: LikelyCause,
        string_to_sign: String,
        client_string: Option<String>,
    ) -> Self {
        Self {
            likely_cause,
            string_to_sign,
            client_string,
            difference: None,
        }
    }

    /// Adds the difference between what was signed and what was sent.
    pub(crate) fn with_difference(mut self, difference: Option<String>) -> Self {
        self.difference = difference;
        self
    }

    /// The difference between what was signed and what was sent, such as `signed with CRLF line ends, sent with LF`,
    /// if more is known than the cause says. It contains nothing of the request.
    #[must_use]
    pub fn difference(&self) -> Option<&str> {
        self.difference.as_deref()
    }

    /// Cause, difference and what to change, in one line.
    #[must_use]
    pub fn explanation(&self) -> String {
        match &self.difference {
            Some(difference) => format!("{}; {difference}", self.likely_cause),
            None => self.likely_cause.to_string(),
        }
    }

    /// The likely cause.
    #[must_use]
    pub const fn likely_cause(&self) -> LikelyCause {
        self.likely_cause
    }

    /// The string to sign that the server computed, with the secret shown as `***`. It contains the body.
    #[must_use]
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The string that the client signed, with the secret shown as `***`, if it was found. It differs from
    /// [`string_to_sign`](Self::string_to_sign). It contains the body.
    #[must_use]
    pub fn client_string(&self) -> Option<&str> {
        self.client_string.as_deref()
    }
}

impl fmt::Debug for SignatureMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureMismatch")
            .field("likely_cause", &self.likely_cause)
            .finish_non_exhaustive()
    }
}

/// The likely cause of a wrong signature. `Display` says what to change.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LikelyCause {
    /// The body was left out of the string to sign, although the content type is not `multipart/form-data`.
    BodyLeftOut,
    /// The body was signed, although the content type is `multipart/form-data`.
    MultipartBodySigned,
    /// Another serialisation of the body was signed: other white space, key order or form of numbers.
    BodyReserialised,
    /// The body was signed with other line ends: LF, CRLF or none.
    LineEnds,
    /// The body was signed with a final line end and sent without it, or the reverse.
    FinalLineEnd,
    /// The texts of the body were signed with other escapes, such as `\u003d` for `=` or `\/` for `/`.
    JsonEscapes,
    /// The body was signed with a byte order mark and sent without it, or the reverse.
    ByteOrderMark,
    /// The body was signed in one charset and sent in another.
    Charset,
    /// The body was signed before it was compressed, or it was signed compressed and sent uncompressed.
    Compression,
    /// The header parameters were not signed in the order `accessKey`, `action`, `bizType`, `ts`, or the values of an
    /// `AntBuddy` hash were not in the documented order.
    ParameterOrder,
    /// The values of an `AntBuddy` hash were percent-encoded before hashing.
    EncodedValues,
    /// The signature is correct but not written in lowercase hexadecimal.
    UpperCase,
    /// The secret was used with white space, a line end or a byte order mark around it.
    SecretWhiteSpace,
    /// No variant matches: most likely the secret is wrong.
    #[default]
    WrongSecret,
}

impl fmt::Display for LikelyCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BodyLeftOut => {
                "content type: the body was left out; sign it, unless it is multipart/form-data"
            }
            Self::MultipartBodySigned => {
                "content type: a multipart/form-data body must be left out"
            }
            Self::BodyReserialised => "body re-serialised: sign the bytes that you send",
            Self::LineEnds => "line ends: sign the bytes that you send, with the same line ends",
            Self::FinalLineEnd => {
                "final line end: sign all bytes that you send, including the last"
            }
            Self::JsonEscapes => "escapes: serialise the body once, then sign and send that text",
            Self::ByteOrderMark => {
                "byte order mark: remove it from the body, then sign and send the body"
            }
            Self::Charset => "charset: sign and send the body in UTF-8",
            Self::Compression => {
                "compression: send the body without compression, and sign the bytes that you send"
            }
            Self::SecretWhiteSpace => "white space around the secret: remove it before signing",
            Self::ParameterOrder => "order: sign the parameters in the documented order",
            Self::EncodedValues => "encoding: hash the plain values, then percent-encode them",
            Self::UpperCase => "upper case: write the signature in lowercase hexadecimal",
            Self::WrongSecret => "wrong secret: no documented mistake produces this signature",
        })
    }
}
