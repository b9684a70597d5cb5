//! State that all requests share.

use serde_json::json;
use tokio::sync::Mutex;
use tower_http::cors::CorsLayer;

use super::access::Access;
use super::clock::Clock;
use super::events::Events;
use super::faults::Faults;
use super::intake::Intake;
use super::pace::Pace;
use super::push::Pushes;
use super::record::History;
use crate::platform::Platform;

/// State that all requests share.
pub(crate) struct Shared {
    pub(crate) platform: Platform,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) history: History,
    pub(crate) pushes: Pushes,
    pub(crate) intake: Intake,
    pub(crate) pace: Pace,
    pub(crate) access: Access,
    /// For the platform's paths only.
    pub(crate) cors: Option<CorsLayer>,
    pub(crate) events: Events,
    /// Held while a large body is checked or a wrong signature is diagnosed.
    pub(crate) turn: std::sync::Arc<Mutex<()>>,
}

impl Shared {
    /// Deletes the received requests, the state that they created, and all counts.
    pub(crate) fn clear(&self) {
        self.history.clear();
        self.platform.clear();
        self.pushes.clear_log();
        self.events.publish("cleared", || json!({}));
    }
}
