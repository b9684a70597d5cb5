//! Advice for the sender of a refused request, in one sentence.

use crate::platform::verdict::{Cause, CommonProblem, LikelyCause};

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
            "Sign the bytes that are sent: serialise the body once, and sign and send that."
        }
        LikelyCause::LineEnds => {
            "Sign the bytes that are sent; `curl --data-binary @file` sends a file as it is."
        }
        LikelyCause::FinalLineEnd => {
            "Sign the bytes that are sent, to the last one; `curl --data-binary @file` sends a file as it is."
        }
        LikelyCause::JsonEscapes => {
            "Serialise the body once, and sign and send that text; two serialisers escape differently."
        }
        LikelyCause::ByteOrderMark => {
            "Write the body without a byte order mark, and sign and send that."
        }
        LikelyCause::Charset => "Encode the body in UTF-8 once, and sign and send those bytes.",
        LikelyCause::Compression => "Send the body without compression, and sign what is sent.",
        LikelyCause::SecretWhiteSpace => {
            "Take white space and line ends away from the secret, such as the line end of the file that it is read from."
        }
        LikelyCause::ParameterOrder => "Put the parameters in the documented order.",
        LikelyCause::EncodedValues => "Hash the plain values, and percent-encode them afterwards.",
        LikelyCause::UpperCase => "Write the signature in lowercase hexadecimal.",
        LikelyCause::WrongSecret => {
            "Check the secret of the account: no documented mistake gives this signature."
        }
    }
}
