//! What the tests of this workspace share. It is not published: a path without a version is left out of a published manifest.

#![forbid(unsafe_code)]
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bounds;
mod closed_port;
#[cfg(feature = "examples")]
mod examples;
mod processes;

pub use bounds::{accepted, blocking, in_time, joined, line, read_to_end, until, wait_for};
pub use closed_port::ClosedPort;
#[cfg(feature = "examples")]
pub use examples::Spec;
pub use processes::{exit_status, output};
