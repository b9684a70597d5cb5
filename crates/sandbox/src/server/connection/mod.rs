//! Connections: accepting them, what HTTP/1.1 asks of a request, and time-outs.

mod control;
mod head;
mod refused;
mod serve;
mod stream;

pub(crate) use control::ConnectionControl;
pub(crate) use refused::Refused;
pub(crate) use serve::{Limits, serve};
