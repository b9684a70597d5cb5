//! The platform as a whole.

mod checks;
mod dispatch;
mod numbers_state;
mod state;
mod sweep;
pub(super) mod test_request;
mod whatsapp_state;
