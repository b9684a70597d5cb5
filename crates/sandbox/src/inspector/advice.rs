//! Advice for the sender of a refused request, in one sentence.

use crate::platform::verdict::{Cause, CommonProblem, LikelyCause};

/// What the sender of a refused request should change.
pub(super) fn advice(cause: &Cause) -> String {
    match cause {
        Cause::UnknownPath => "Check the path: no service has an operation with it.".to_owned(),
        Cause::Method { allowed } => format!("Send {} instead.", allowed.join(" or ")),
        Cause::BodyTooLarge { limit } => format!("Send at most {limit} bytes."),
        Cause::BodyIncomplete => {
            "Send exactly as many bytes as content-length says, and keep the connection open until then."
                .to_owned()
        }
        Cause::Busy => "Send it again: the sandbox was receiving too many bytes at the same time.".to_owned(),
        Cause::ForeignHost => {
            "Use 127.0.0.1 or localhost in the base URL, or start the sandbox with a token."
                .to_owned()
        }
        Cause::NotRecorded => {
            "Free space on the disk of the record file, and send it again.".to_owned()
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
            "Set ts to the current time in milliseconds, from a synchronised clock, when you sign the request."
                .to_owned()
        }
        Cause::Signature(mismatch) => {
            let advice = signature(mismatch.likely_cause());
            match mismatch.difference() {
                Some(difference) => format!("The request was {difference}. {advice}"),
                None => advice.to_owned(),
            }
        }
        Cause::Operation => "Send the bizType and action that belong to this path.".to_owned(),
        Cause::Parameter { pointer, problem } if pointer.is_empty() => {
            format!("Change the request: {problem}.")
        }
        Cause::Parameter { pointer, problem } => format!("Change {pointer}: it {problem}."),
        Cause::State { problem, .. } => {
            format!("Check the state of the account: {problem}.")
        }
        Cause::Fault => "Nothing: a fault is switched on, or a test enqueued one for this request.".to_owned(),
    }
}

const fn signature(likely: LikelyCause) -> &'static str {
    match likely {
        LikelyCause::BodyLeftOut => {
            "Include the body in the string to sign. Only multipart/form-data bodies are left out."
        }
        LikelyCause::MultipartBodySigned => {
            "Leave the body out of the string to sign: its content type is multipart/form-data."
        }
        LikelyCause::BodyReserialised => {
            "Sign the bytes that you send: serialise the body once, then sign and send the result."
        }
        LikelyCause::LineEnds => {
            "Sign the bytes that you send; `curl --data-binary @file` sends a file unchanged."
        }
        LikelyCause::FinalLineEnd => {
            "Sign all bytes that you send, including the last; `curl --data-binary @file` sends a file unchanged."
        }
        LikelyCause::JsonEscapes => {
            "Serialise the body once, then sign and send that text: two serialisers escape differently."
        }
        LikelyCause::ByteOrderMark => {
            "Remove the byte order mark from the body, then sign and send it."
        }
        LikelyCause::Charset => "Encode the body in UTF-8 once, then sign and send those bytes.",
        LikelyCause::Compression => {
            "Send the body without compression, and sign the bytes that you send."
        }
        LikelyCause::SecretWhiteSpace => {
            "Remove white space and line ends around the secret, such as the line end of its file."
        }
        LikelyCause::ParameterOrder => "Put the parameters in the documented order.",
        LikelyCause::EncodedValues => "Hash the plain values, then percent-encode them.",
        LikelyCause::UpperCase => "Write the signature in lowercase hexadecimal.",
        LikelyCause::WrongSecret => {
            "Check the secret of the account: no documented mistake produces this signature."
        }
    }
}
