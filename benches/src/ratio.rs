//! Times of rivals taken in turn, so that their ratios hold on a machine that other work disturbs.

use std::time::Instant;

/// One way of doing the work, timed beside its rivals.
pub struct Rival<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
    samples: Vec<f64>,
}

impl std::fmt::Debug for Rival<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rival")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<'a> Rival<'a> {
    /// A rival from a closure that does the work once.
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

/// The times of rivals, in their order.
#[derive(Debug)]
pub struct Times(Vec<(String, f64)>);

impl Times {
    /// Each rival with its nanoseconds, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, nanos)| (name.as_str(), *nanos))
    }

    /// Nanoseconds of one run of a rival, or `None` if no rival has that name.
    #[must_use]
    pub fn nanos(&self, name: &str) -> Option<f64> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, nanos)| *nanos)
    }

    /// How many times as long `one` takes as `other`, or `None` if either is missing.
    #[must_use]
    pub fn ratio(&self, one: &str, other: &str) -> Option<f64> {
        Some(self.nanos(one)? / self.nanos(other)?)
    }
}

/// Runs all rivals in turn, `rounds` times, each for about `slice_micros` a round.
#[must_use]
pub fn race(rivals: Vec<Rival<'_>>, rounds: usize, slice_micros: u32) -> Times {
    let mut rivals: Vec<_> = rivals
        .into_iter()
        .map(|mut rival| {
            let repeats = calibrate(&mut rival, slice_micros);
            (rival, repeats)
        })
        .collect();
    for _ in 0..rounds {
        for (rival, repeats) in &mut rivals {
            let nanos = time(rival, *repeats);
            rival.samples.push(nanos / f64::from(*repeats));
        }
    }
    Times(
        rivals
            .into_iter()
            .map(|(rival, _)| (rival.name, quick(rival.samples)))
            .collect(),
    )
}

/// How often a rival runs in one slice; also warms it up.
fn calibrate(rival: &mut Rival<'_>, slice_micros: u32) -> u32 {
    let mut repeats = 1;
    while time(rival, repeats) < f64::from(slice_micros) * 1_000.0 && repeats < 1 << 24 {
        repeats *= 2;
    }
    repeats
}

fn time(rival: &mut Rival<'_>, repeats: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        (rival.run)();
    }
    start.elapsed().as_secs_f64() * 1e9
}

/// The tenth percentile: what other work does to a sample only ever makes it longer.
fn quick(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 10).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_samples_do_not_count() {
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
    fn every_rival_runs_in_every_round() {
        let count = std::cell::Cell::new(0u32);
        let rival = Rival::new("counted", || count.set(count.get() + 1));
        let times = race(vec![rival], 3, 0);
        // One calibrating run, then three rounds.
        assert_eq!(count.get(), 4);
        assert!(times.nanos("counted").is_some());
    }
}
