//! What a caller of the facade relies on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_replies;
mod connection_reuse;
mod environment;
mod invariants;
mod mangled_replies;
mod messages;
mod pages;
mod presign;
mod sandbox_state;
mod status_table;
mod support;
mod uploads;
