//! Measures candidates in turn, so that their ratios are valid even while other work runs on the machine.

use std::time::Instant;

/// An implementation to measure.
pub struct Candidate<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
    samples: Vec<f64>,
}

impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<'a> Candidate<'a> {
    /// Creates a candidate from a closure that does the work once.
    pub fn new<T>(name: impl Into<String>, mut work: impl FnMut() -> T + 'a) -> Self {
        let run = Box::new(move || {
            std::hint::black_box(work());
        });
        Self {
            name: name.into(),
            run,
            samples: vec![],
        }
    }
}

/// The times of all candidates, in their order.
#[derive(Debug)]
pub struct Times(Vec<(String, f64)>);

impl Times {
    /// The name and the nanoseconds of each candidate, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, nanos)| (name.as_str(), *nanos))
    }

    /// Nanoseconds of one run of a candidate, or `None` if no candidate has that name.
    #[must_use]
    pub fn nanos(&self, name: &str) -> Option<f64> {
        self.0
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, nanos)| *nanos)
    }

    /// The time of `first` divided by the time of `second`, or `None` if one of them is missing.
    #[must_use]
    pub fn ratio(&self, first: &str, second: &str) -> Option<f64> {
        Some(self.nanos(first)? / self.nanos(second)?)
    }
}

/// Runs all candidates in turn, `rounds` times. In each round a candidate runs for about `slice_micros`.
#[must_use]
pub fn measure_in_turn(candidates: Vec<Candidate<'_>>, rounds: usize, slice_micros: u32) -> Times {
    let mut candidates: Vec<_> = candidates
        .into_iter()
        .map(|mut candidate| {
            let repeats = calibrate(&mut candidate, slice_micros);
            (candidate, repeats)
        })
        .collect();
    for _ in 0..rounds {
        for (candidate, repeats) in &mut candidates {
            let nanos = time(candidate, *repeats);
            candidate.samples.push(nanos / f64::from(*repeats));
        }
    }
    Times(
        candidates
            .into_iter()
            .map(|(candidate, _)| (candidate.name, quick(candidate.samples)))
            .collect(),
    )
}

/// Returns how often a candidate runs in one slice, and warms it up.
fn calibrate(candidate: &mut Candidate<'_>, slice_micros: u32) -> u32 {
    let mut repeats = 1;
    while time(candidate, repeats) < f64::from(slice_micros) * 1_000.0 && repeats < 1 << 24 {
        repeats *= 2;
    }
    repeats
}

fn time(candidate: &mut Candidate<'_>, repeats: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        (candidate.run)();
    }
    start.elapsed().as_secs_f64() * 1e9
}

/// The tenth percentile. Other work on the machine only makes samples longer, so the short ones are the reliable ones.
fn quick(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 10).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_samples_are_ignored() {
        let mut samples = vec![1e9; 15];
        samples.extend([3.0, 2.0, 4.0, 5.0, 6.0]);
        assert_eq!(quick(samples).total_cmp(&4.0), std::cmp::Ordering::Equal);
    }

    #[test]
    fn times_are_found_by_name() {
        let times = Times(vec![("a".into(), 10.0), ("b".into(), 4.0)]);
        assert_eq!(times.ratio("a", "b"), Some(2.5));
        assert_eq!(times.ratio("a", "c"), None);
    }

    #[test]
    fn every_candidate_runs_in_every_round() {
        let count = std::cell::Cell::new(0u32);
        let candidate = Candidate::new("counted", || count.set(count.get() + 1));
        let times = measure_in_turn(vec![candidate], 3, 0);
        // A run for the calibration, then three rounds.
        assert_eq!(count.get(), 4);
        assert!(times.nanos("counted").is_some());
    }
}
