//! What generated code is made of, and what the other crates of this workspace share with it.
//!
//! Exempt from semver: it changes together with the generator, in any release. Programs use what the crate's root exports.
//! Nothing in this crate imports it.

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

/// A path parameter as one segment of the URL.
///
/// progenitor's own function leaves `\` as it is, which URL parsers read as `/`.
#[must_use]
pub fn encode_path(value: &str) -> String {
    progenitor_client::encode_path(value).replace('\\', "%5C")
}

/// The reader of everything that arrives.
pub mod incoming {
    pub use crate::incoming::*;
}
