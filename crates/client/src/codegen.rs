//! Building blocks of generated code and of the other crates of this workspace.
//!
//! Exempt from semver: any release may change it together with the generator. Programs use the exports of the crate root.
//! Nothing in this crate imports this module.

pub use crate::call::paging::Page;
pub use crate::call::prepare::Call;
#[cfg(feature = "uploads")]
pub use crate::call::upload::{Form, Rule};
pub use crate::error::required::required;
pub use crate::operation::message::{Message, MessageAnswer, MessageReceipt, MessageState};
pub use crate::policy::gcra::gcra;
pub use crate::policy::retry::{Decision, Failure};
pub use crate::types::date::unix_seconds;
pub use crate::types::lenient::{
    Lenient, LenientObject, Map, Value, WireNames, is_default, is_same_code, quoted, quoted_option,
    record, take, take_filled, take_spelled, unquoted, unquoted_option,
};
pub use crate::types::receipt::answers;
pub use crate::types::redact::{Redact, Redacted, redact};
pub use crate::types::time::{TextTime, UnixMillis, UnixSeconds};
pub use crate::types::validate::{Pattern, PhoneForm, TextCheck, Validate, Validator};
pub use crate::{open_enum, record_deserialize};

/// The constant `SERVICE` of a service crate.
#[must_use]
pub const fn service_name(name: &'static str) -> crate::ServiceName {
    crate::ServiceName::new(name)
}

/// Encodes a path parameter as a single segment of the URL.
///
/// progenitor's function does not encode `\`, which URL parsers read as `/`.
#[must_use]
pub fn encode_path(value: &str) -> String {
    progenitor_client::encode_path(value).replace('\\', "%5C")
}

/// Reads replies and pushes.
pub mod incoming {
    pub use crate::incoming::*;
}
