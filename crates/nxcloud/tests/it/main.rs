//! Tests of the facade's public API.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accessors;
mod bad_replies;
mod connection_reuse;
mod environment;
mod errors;
mod invariants;
mod mangled_replies;
mod messages;
mod own_sandbox;
mod pages;
mod phones;
mod presign;
mod receipts;
mod sandbox_state;
mod status_table;
mod support;
mod uploads;
