//! Shared helpers for the tests of this workspace. Not published: cargo omits a dependency with a path and without a version from published manifests.

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
