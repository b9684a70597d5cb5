//! What the benches of this workspace share: the requests that are signed, the rivals that sign them too, and the report.
#![allow(clippy::exhaustive_structs, reason = "not published")]

pub mod bare_server;
pub mod ratio;
pub mod report;
pub mod rivals;
#[cfg(feature = "client")]
pub mod senders;
pub mod workload;
