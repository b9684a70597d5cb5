//! Random faults.

use super::fault::Fault;

/// A set of faults with probabilities. Each request draws one at random; the same seed draws the same faults.
#[derive(Clone, Debug)]
pub struct Mix {
    random: fastrand::Rng,
    faults: Vec<(f64, Fault)>,
}

impl Mix {
    /// An empty mix.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            faults: Vec::new(),
        }
    }

    /// Adds a fault for this share of the requests, between 0 and 1. The rest of the requests meets no fault.
    #[must_use]
    pub fn with(mut self, share: f64, fault: Fault) -> Self {
        self.faults.push((share, fault));
        self
    }

    pub(super) fn draw(&mut self) -> Option<Fault> {
        let mut drawn = self.random.f64();
        let met = self.faults.iter().find(|(share, _)| {
            drawn -= share;
            drawn < 0.0
        });
        met.map(|(_, fault)| *fault)
    }
}
