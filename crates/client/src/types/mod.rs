//! What the fields of requests and replies are made of.

pub(crate) mod decimal;
pub(crate) mod lenient;
mod open_enum;
pub mod phone;
pub(crate) mod redact;
pub(crate) mod validate;
