//! Types of the fields of requests and replies.

pub(crate) mod app_key;
pub(crate) mod date;
pub(crate) mod decimal;
pub(crate) mod lenient;
mod open_enum;
pub mod phone;
pub(crate) mod phones;
pub(crate) mod receipt;
pub(crate) mod redact;
pub(crate) mod time;
pub(crate) mod validate;
