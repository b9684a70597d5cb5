//! The faults that are set for future requests.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::fault::Fault;
use super::mix::Mix;
use super::switch::FaultSwitch;
use crate::server::events::Events;

/// The faults of a sandbox. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    events: Events,
    /// Each entry is for one request.
    queue: Vec<FaultSwitch>,
    switches: Vec<FaultSwitch>,
    random: fastrand::Rng,
    mixes: Vec<(Option<String>, Mix)>,
    injected: usize,
}

impl State {
    /// The number of faults and sources of faults.
    fn count(&self) -> usize {
        self.queue.len() + self.switches.len() + self.mixes.len()
    }

    /// Publishes that the faults have changed.
    fn changed(&self) {
        let on = self.count();
        self.events
            .publish("faults", || serde_json::json!({ "on": on }));
    }

    /// The next fault for an operation: the first match of the queue, otherwise the first switch that hits.
    fn hit(&mut self, operation: Option<&str>) -> Option<Fault> {
        let mut switches = self.queue.iter_mut().chain(&mut self.switches);
        let hit = switches.find(|entry| {
            is_meant(entry.operation(), operation) && self.random.f64() < entry.share
        })?;
        let fault = hit.fault;
        if let Some(left) = &mut hit.left {
            *left = left.saturating_sub(1);
            self.queue.retain(|entry| entry.left != Some(0));
            self.switches.retain(|entry| entry.left != Some(0));
            self.changed();
        }
        Some(fault)
    }
}

/// Whether a fault for one operation (or for all) applies to this operation.
fn is_meant(of: Option<&str>, operation: Option<&str>) -> bool {
    of.is_none() || of == operation
}

impl Faults {
    pub(crate) fn new(events: Events) -> Self {
        let state = State {
            events,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Adds a fault for the next request. Several calls form a queue.
    pub fn enqueue(&self, fault: Fault) {
        self.change(|state| state.queue.push(FaultSwitch::new(fault).hits(1)));
    }

    /// Adds a fault for the next request of an operation, such as `send_sms`.
    pub fn enqueue_for(&self, operation: impl Into<String>, fault: Fault) {
        let fault = FaultSwitch::new(fault).only_for(operation).hits(1);
        self.change(|state| state.queue.push(fault));
    }

    /// Sets the mix for requests that neither the queue nor a switch covers.
    pub fn mix(&self, mix: Mix) {
        self.change(|state| state.mixes.push((None, mix)));
    }

    /// Sets the mix for requests of one operation that neither the queue nor a switch covers.
    pub fn mix_for(&self, operation: impl Into<String>, mix: Mix) {
        let operation = Some(operation.into());
        self.change(|state| state.mixes.push((operation, mix)));
    }

    /// Switches a fault on. It replaces a switch of the same kind for the same operation. The queue comes first; then
    /// the first switch that hits counts.
    pub fn switch_on(&self, switch: FaultSwitch) {
        self.change(|state| {
            let mut switches = state.switches.iter_mut();
            match switches.find(|entry| entry.is(switch.fault, switch.operation())) {
                Some(entry) => *entry = switch,
                None => state.switches.push(switch),
            }
            state.switches.retain(|entry| entry.left != Some(0));
        });
    }

    /// Switches a kind of fault off, with any parameters, for one operation or for all. Returns whether it was on.
    pub fn switch_off(&self, fault: Fault, operation: Option<&str>) -> bool {
        self.change(|state| {
            let before = state.switches.len();
            state.switches.retain(|entry| !entry.is(fault, operation));
            state.switches.len() < before
        })
    }

    /// The faults that are switched on.
    #[must_use]
    pub fn switches(&self) -> Vec<FaultSwitch> {
        self.0.lock().switches.clone()
    }

    /// The number of mixes.
    pub(crate) fn mixes(&self) -> usize {
        self.0.lock().mixes.len()
    }

    /// Removes all faults: the queue, the switches and the mixes.
    pub fn clear(&self) {
        self.change(|state| {
            state.queue.clear();
            state.switches.clear();
            state.mixes.clear();
        });
    }

    /// The number of faults in the queue.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.0.lock().queue.len()
    }

    /// The number of requests that met a fault.
    #[must_use]
    pub fn injected(&self) -> usize {
        self.0.lock().injected
    }

    /// Whether any fault is set.
    pub(crate) fn any(&self) -> bool {
        self.0.lock().count() > 0
    }

    /// The fault that a request meets.
    pub(crate) fn draw(&self, operation: Option<&str>) -> Option<Fault> {
        let mut state = self.0.lock();
        let fault = state.hit(operation).or_else(|| {
            let mut mixes = state.mixes.iter_mut();
            let (_, mix) = mixes.find(|(of, _)| is_meant(of.as_deref(), operation))?;
            mix.draw()
        });
        state.injected += usize::from(fault.is_some());
        fault
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock();
        let changed = change(&mut state);
        state.changed();
        changed
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Faults")
            .field("queue", &state.queue)
            .field("switches", &state.switches)
            .field("mixes", &state.mixes.len())
            .field("injected", &state.injected)
            .finish()
    }
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
