//! What generated code is made of, and what the other crates of this workspace share with it.
//!
//! Exempt from semver: it changes together with the generator. Nothing in this crate imports it.

pub use crate::call::paging;
#[cfg(feature = "uploads")]
pub use crate::call::upload::{Form, Rule};
pub use crate::call::{Call, Service, encode_path};
pub use crate::policy::gcra::gcra;
#[cfg(feature = "blocking")]
pub use crate::session::blocking;
pub use crate::types::redact::{Redact, Redacted};
pub use crate::types::{lenient, validate};
pub use crate::{open_enum, record_deserialize};

/// The constant `SERVICE` of a service crate.
#[must_use]
pub const fn service_name(name: &'static str) -> crate::ServiceName {
    crate::ServiceName::new(name)
}

/// The reader of everything that arrives.
pub mod incoming {
    pub use crate::incoming::*;
}
