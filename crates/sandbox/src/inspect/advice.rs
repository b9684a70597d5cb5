//! What to change, in one plain sentence.

use crate::record::{Cause, CommonProblem, LikelyCause};

/// What the sender of a refused request should change.
pub(super) fn advice(cause: &Cause) -> String {
    match cause {
        Cause::UnknownPath => "Check the path: no operation of any service has it.".to_owned(),
        Cause::Method { allowed } => format!("Send {} instead.", allowed.join(" or ")),
        Cause::BodyTooLarge { limit } => format!("Send at most {limit} bytes."),
        Cause::BodyIncomplete => {
            "Send as many bytes as content-length says, and keep the connection open meanwhile."
                .to_owned()
        }
        Cause::Busy => "Send again; the sandbox was receiving too much at once.".to_owned(),
        Cause::ForeignHost => {
            "Use 127.0.0.1 or localhost in the base URL, or start the sandbox with a token."
                .to_owned()
        }
        Cause::NotRecorded => {
            "Make room on the disk of the record file, and send again.".to_owned()
        }
        Cause::CommonParameter { name, problem } => match problem {
            CommonProblem::Missing => format!("Send {name} with every request."),
            CommonProblem::Unreadable => {
                format!("Write {name} in visible ASCII; ts is a number of milliseconds.")
            }
            CommonProblem::Repeated => format!("Send {name} once."),
        },
        Cause::UnknownAccount => {
            "Use an access key or app id that the sandbox knows, such as the built-in one."
                .to_owned()
        }
        Cause::Timestamp => {
            "Take ts from a clock that is right, in milliseconds, at the moment of sending."
                .to_owned()
        }
        Cause::Signature(mismatch) => signature(mismatch.likely_cause()).to_owned(),
        Cause::Operation => "Send the bizType and action that belong to this path.".to_owned(),
        Cause::Parameter { pointer, problem } if pointer.is_empty() => {
            format!("Change the request: {problem}.")
        }
        Cause::Parameter { pointer, problem } => format!("Change {pointer}: it {problem}."),
        Cause::State { problem, .. } => {
            format!("Look at what the account has made before: {problem}.")
        }
        Cause::Fault => "Nothing: a fault is switched on, or a test asked for this one.".to_owned(),
    }
}

const fn signature(likely: LikelyCause) -> &'static str {
    match likely {
        LikelyCause::BodyLeftOut => {
            "Put the body into the string to sign; only multipart/form-data leaves it out."
        }
        LikelyCause::MultipartBodySigned => {
            "Leave the body out of the string to sign, because it is multipart/form-data."
        }
        LikelyCause::BodyReserialised => {
            "Sign the very bytes that are sent: serialise the body once, and sign and send that."
        }
        LikelyCause::ParameterOrder => "Put the parameters in the documented order.",
        LikelyCause::EncodedValues => "Hash the plain values, and percent-encode them afterwards.",
        LikelyCause::UpperCase => "Write the signature in lowercase hexadecimal.",
        LikelyCause::WrongSecret => {
            "Check the secret of the account: no documented mistake gives this signature."
        }
    }
}
