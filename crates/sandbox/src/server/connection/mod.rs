//! Connections: accepting them, what HTTP/1.1 asks of a request, time-outs, and what a fault does to the bytes of a reply.

mod body;
mod control;
mod head;
mod refused;
mod serve;
mod stream;

pub(crate) use control::{ConnectionControl, Plan};
pub(crate) use refused::Refused;
pub(crate) use serve::{Limits, serve};
