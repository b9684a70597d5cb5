//! What the fields of requests and replies are made of.

pub(crate) mod app_key;
pub(crate) mod decimal;
pub(crate) mod lenient;
mod open_enum;
pub mod phone;
pub(crate) mod phones;
pub(crate) mod redact;
pub(crate) mod validate;
