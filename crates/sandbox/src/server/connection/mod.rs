//! Connections: accepting them, the HTTP/1.1 rules for requests, and time-outs.

mod control;
mod head;
mod refused;
mod serve;
mod stream;

pub(crate) use control::ConnectionControl;
pub(crate) use refused::Refused;
pub(crate) use serve::{Limits, serve};
