//! The crate as its users see it.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;
mod crash;
mod decisions;
mod export;
mod import;
mod limits;
#[cfg(feature = "postgres")]
mod postgres;
mod receipts;
mod run;
mod sandbox;
mod slices;
