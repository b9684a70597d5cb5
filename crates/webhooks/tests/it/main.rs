//! Tests of the crate's public API, as a server uses it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod attack;
mod bounds;
mod events;
mod fuzz;
mod glue;
mod guard;
mod mangled;
mod properties;
mod receiver;
mod repeats;
mod sandbox;
