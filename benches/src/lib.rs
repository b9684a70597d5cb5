//! Code that the benches share: the signed requests, other implementations to compare with, and the report.
#![allow(clippy::exhaustive_structs, reason = "not published")]

pub mod bare_server;
pub mod baselines;
pub mod ratio;
pub mod report;

#[cfg(feature = "client")]
pub mod senders;
pub mod workload;
