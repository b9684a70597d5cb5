//! The binary, run as a process.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod calls;
mod escaping;
mod every_operation;
mod golden;
mod local;
mod misuse;
mod safety;
mod signing;
mod support;
