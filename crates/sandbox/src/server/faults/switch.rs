//! Faults that stay on.

use std::mem::discriminant;

use serde::Serialize;

use super::fault::Fault;

/// A fault that stays on until it is switched off or has hit a set number of requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultSwitch {
    #[serde(flatten)]
    pub(super) fault: Fault,
    pub(super) operation: Option<String>,
    pub(super) share: f64,
    pub(super) left: Option<u64>,
}

impl FaultSwitch {
    /// A fault that every request meets.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            share: 1.0,
            left: None,
        }
    }

    /// Limits the fault to requests of this operation, such as `send_sms`.
    #[must_use]
    pub fn only_for(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Limits the fault to this share of the requests, between 0 and 1, chosen at random.
    #[must_use]
    pub const fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Switches the fault off after it has hit this many requests.
    #[must_use]
    pub const fn hits(mut self, requests: u64) -> Self {
        self.left = Some(requests);
        self
    }

    /// The fault.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        self.fault
    }

    /// The operation that it is limited to; `None` for all.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// The share of the requests that it hits.
    #[must_use]
    pub const fn hit_share(&self) -> f64 {
        self.share
    }

    /// How many requests it still hits; `None` if it stays on.
    #[must_use]
    pub const fn left(&self) -> Option<u64> {
        self.left
    }

    /// Whether it is the switch of this kind of fault, with any parameters, for this operation.
    pub(super) fn is(&self, fault: Fault, operation: Option<&str>) -> bool {
        discriminant(&self.fault) == discriminant(&fault) && self.operation.as_deref() == operation
    }
}
