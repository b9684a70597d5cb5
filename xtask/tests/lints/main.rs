//! Checks of specs: each reports a finding with the file, the place, the problem and what to write. A spec without findings gives code that parses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod directions;
mod examples;
mod keys;
#[path = "../common/manifests.rs"]
mod manifests;
mod names;
mod parameters;
mod pushes;
mod schemas;
mod spec;
mod texts;
