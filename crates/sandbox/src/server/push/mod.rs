//! Pushes: those that follow a request, those sent on demand, and their results.

mod delivery;
mod fill;
mod follow;
mod known;
mod outbox;
mod prepare;
mod pushes;
mod request;
mod run;
mod send;
mod spec;

pub use delivery::{Delivery, DeliveryOutcome, PushError};
pub use known::PushInfo;
/// The transport of a push.
pub use nxcloud_spec::webhook::Transport;
pub use pushes::Pushes;
pub use request::PushRequest;
