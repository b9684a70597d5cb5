//! The server: HTTP, faults, pushes, the history, and access control.

mod access;
mod blocking;
mod builder;
#[cfg(feature = "client")]
mod client;
mod clock;
pub(crate) mod connection;
mod cors;
mod error;
pub(crate) mod events;
pub(crate) mod faults;
mod http;
mod intake;
mod loopback;
mod pace;
pub(crate) mod pool;
pub(crate) mod push;
pub(crate) mod record;
mod sandbox;
mod shared;
mod thread;

pub use builder::Builder;
pub use error::Error;
pub(crate) use intake::Refusal;
pub use loopback::is_named_by as names_this_machine;
pub use sandbox::{
    DEFAULT_BODY_LIMIT, DEFAULT_HISTORY_BYTES, DEFAULT_HISTORY_REQUESTS, DEFAULT_RECORD_BYTES,
    MIN_TOKEN, Sandbox,
};
pub(crate) use shared::Shared;
