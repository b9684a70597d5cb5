//! Faults: every fault for a send and for a query, and every statement of `docs/failures.md`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocking;
mod capture;
mod mangling;
mod matrix;
mod page;
mod support;
