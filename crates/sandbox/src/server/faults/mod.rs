//! Faults on demand: failures of the network, a gateway or the platform itself.

mod fault;
mod kind;
mod mix;
mod queue;
mod switch;

pub use fault::Fault;
pub use mix::Mix;
pub use queue::Faults;
pub use switch::FaultSwitch;
