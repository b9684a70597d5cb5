//! The platform as a whole.

mod checks;
mod dispatch;
pub(super) mod draft;
mod numbers_state;
mod state;
mod sweep;
mod whatsapp_state;
