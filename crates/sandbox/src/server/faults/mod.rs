//! Faults on demand: what a network, a gateway or the platform itself can do to a request and its reply.

mod fault;
mod kind;
mod mix;
mod queue;
mod switch;

pub use fault::Fault;
pub use mix::Mix;
pub use queue::Faults;
pub use switch::FaultSwitch;
