//! Reads criterion's output.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ReportError;

/// One benchmark of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The name of the benchmark in its group.
    pub name: String,
    /// Median nanoseconds of one run.
    pub nanos: f64,
}

/// Benchmarks that are compared with each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The name of the group.
    pub name: String,
    /// Number of signatures in one run.
    pub elements: u64,
    /// The benchmarks, slowest first.
    pub measurements: Vec<Measurement>,
}

impl Group {
    /// Median nanoseconds of one run of a benchmark, if the group has it.
    #[must_use]
    pub fn nanos(&self, name: &str) -> Option<f64> {
        self.measurements
            .iter()
            .find(|measurement| measurement.name == name)
            .map(|measurement| measurement.nanos)
    }
}

/// Reads all groups in a folder of criterion. Numbers in the names are sorted as numbers: 16 before 1024.
///
/// # Errors
/// [`ReportError`] if the folder cannot be read or contains no measurements.
pub fn read(criterion: &Path) -> Result<Vec<Group>, ReportError> {
    let mut groups: Vec<Group> = vec![];
    for group in folders(criterion)? {
        for benchmark in folders(&group)? {
            let new = benchmark.join("new");
            if !new.is_dir() {
                continue;
            }
            let (description, estimates) = (new.join("benchmark.json"), new.join("estimates.json"));
            let (about, estimate) = (json(&description)?, json(&estimates)?);
            let malformed = |path: &Path| ReportError::Malformed {
                path: path.to_owned(),
            };
            let text = |pointer| {
                about
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            let name = text("/function_id").ok_or_else(|| malformed(&description))?;
            let group = text("/group_id").ok_or_else(|| malformed(&description))?;
            let nanos = estimate
                .pointer("/median/point_estimate")
                .and_then(Value::as_f64);
            let nanos = nanos.ok_or_else(|| malformed(&estimates))?;
            let elements = about
                .pointer("/throughput/Elements")
                .and_then(Value::as_u64)
                .unwrap_or(1);
            let measurement = Measurement { name, nanos };
            match groups.iter_mut().find(|existing| existing.name == group) {
                Some(existing) => existing.measurements.push(measurement),
                None => groups.push(Group {
                    name: group,
                    elements,
                    measurements: vec![measurement],
                }),
            }
        }
    }
    if groups.is_empty() {
        return Err(ReportError::NoMeasurements {
            path: criterion.to_owned(),
        });
    }
    groups.sort_by_cached_key(|group| natural(&group.name));
    for group in &mut groups {
        group
            .measurements
            .sort_by(|a, b| b.nanos.total_cmp(&a.nanos));
    }
    Ok(groups)
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let io = |source| ReportError::Io {
        path: path.to_owned(),
        source,
    };
    let mut folders = vec![];
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?.path();
        if entry.is_dir() {
            folders.push(entry);
        }
    }
    folders.sort();
    Ok(folders)
}

fn json(path: &Path) -> Result<Value, ReportError> {
    let text = fs::read(path).map_err(|source| ReportError::Io {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|_| ReportError::Malformed {
        path: path.to_owned(),
    })
}

/// A sort key: the text without digits, then the numbers.
fn natural(name: &str) -> (String, Vec<u64>) {
    let text = name.chars().filter(|c| !c.is_ascii_digit()).collect();
    let numbers = name
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok());
    (text, numbers.collect())
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn numbers_in_names_are_sorted_as_numbers() {
        let mut names = [
            "single, 1500 bytes",
            "single, 172 bytes",
            "batch of 16",
            "batch of 2",
        ];
        names.sort_by_key(|name| natural(name));
        assert_eq!(
            names,
            [
                "batch of 2",
                "batch of 16",
                "single, 172 bytes",
                "single, 1500 bytes"
            ]
        );
    }
}
