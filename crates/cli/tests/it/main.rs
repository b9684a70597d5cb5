//! Tests of the `nxcloud` binary, run as a process.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod calls;
mod campaign;
mod campaign_input;
mod campaign_ledger;
mod campaign_postgres;
mod campaign_receipts;
mod campaign_slices;
mod escaping;
mod every_operation;
mod exit_codes;
mod forgiving;
mod golden;
mod input;
mod lines;
mod local;
mod misuse;
mod reach;
mod safety;
mod sandbox;
mod signing;
mod support;
