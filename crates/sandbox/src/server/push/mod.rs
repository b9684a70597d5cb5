//! Pushes: what follows a request, what is sent on demand, and what became of it.

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
/// How a push travels.
pub use nxcloud_spec::webhook::Transport;
pub use pushes::Pushes;
pub use request::PushRequest;
