//! Events, published as they happen.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::broadcast;

/// The number of events that a watcher may lag behind. Beyond it, the watcher misses the oldest events and receives
/// an event that says so.
pub(crate) const CAPACITY: usize = 256;

/// An event. It is small and contains no body. It may name a recipient, so it does not implement `Debug`.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    /// JSON in one line.
    pub(crate) data: Arc<str>,
}

/// The channel for events. Clones share it. Publishing never waits.
#[derive(Clone)]
pub(crate) struct Events(broadcast::Sender<Event>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

impl Events {
    /// Publishes an event to the watchers. The data is created only if there are any.
    pub(crate) fn publish(&self, name: &'static str, data: impl FnOnce() -> Value) {
        if self.0.receiver_count() > 0 {
            let data = data().to_string().into();
            // It fails only if the last watcher has just left.
            let _ = self.0.send(Event { name, data });
        }
    }

    /// Receives all events from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }

    /// The number of watchers.
    pub(crate) fn watchers(&self) -> usize {
        self.0.receiver_count()
    }
}
