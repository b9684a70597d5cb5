//! Names of services.

use std::fmt;

/// The name of a service, such as `sms` or `number-check`. Each service crate has its name as the constant `SERVICE`. Strings do not
/// convert to it, so a misspelt name is a compile error.
///
/// ```compile_fail,E0308
/// use nxcloud_client::{RateLimit, Session};
///
/// let _ = Session::builder().rate_limit_for("SMS", RateLimit::per_second(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceName(&'static str);

impl ServiceName {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name as a string, as in cargo features and in the field `service` of traces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
