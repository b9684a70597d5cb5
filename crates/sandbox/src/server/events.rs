//! What happens, as it happens, for whoever watches.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::broadcast;

/// Events that a watcher may be behind. One that is further behind misses the oldest ones, and gets an event that says so.
pub(crate) const CAPACITY: usize = 256;

/// Something that happened. It is small: no body, whatever the request holds. It may name a recipient, hence no `Debug`.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    /// JSON in one line.
    pub(crate) data: Arc<str>,
}

/// Where events go. Clones are the same. Publishing never waits.
#[derive(Clone)]
pub(crate) struct Events(broadcast::Sender<Event>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

impl Events {
    /// Publishes an event to the watchers. The data is made only if there are any.
    pub(crate) fn publish(&self, name: &'static str, data: impl FnOnce() -> Value) {
        if self.0.receiver_count() > 0 {
            let data = data().to_string().into();
            // It fails if the last watcher has just gone.
            let _ = self.0.send(Event { name, data });
        }
    }

    /// From now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }

    /// How many watch.
    pub(crate) fn watchers(&self) -> usize {
        self.0.receiver_count()
    }
}
