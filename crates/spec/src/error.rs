//! The error of reading a spec.

use std::{error, fmt};

/// A spec cannot be read: which one, where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    service: String,
    place: String,
    reason: String,
}

impl SpecError {
    /// An error at a place in a spec.
    pub fn new(
        service: impl Into<String>,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            service: service.into(),
            place: place.into(),
            reason: reason.into(),
        }
    }

    /// The name of the spec.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The place: keys joined by dots, or the id of an operation.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong there.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec {}, {}: {}", self.service, self.place, self.reason)
    }
}

impl error::Error for SpecError {}
