//! Faults by chance.

use super::fault::Fault;

/// A mix of faults, each with its probability, drawn again for every request. The same seed draws the same faults.
#[derive(Clone, Debug)]
pub struct Mix {
    random: fastrand::Rng,
    faults: Vec<(f64, Fault)>,
}

impl Mix {
    /// No faults yet.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            faults: Vec::new(),
        }
    }

    /// Adds a fault that this share of the requests meets, between 0 and 1. What the shares leave of 1 goes well.
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
