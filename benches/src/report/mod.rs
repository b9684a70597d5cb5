//! Writes the figures in `README.md` and the chart from criterion's output.

mod chart;
mod machine;
mod measurements;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use machine::Machine;
pub use measurements::{Group, Measurement, read};

/// [`write()`] replaces the text between these two lines of `README.md`.
const BEGIN: &str = "<!-- figures: written by the report, not by hand -->";
const END: &str = "<!-- figures: end -->";

/// An error of [`write()`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder cannot be read or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of criterion does not have the expected content.
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// There are no measurements: `cargo bench` was not run.
    NoMeasurements {
        /// The searched folder.
        path: PathBuf,
    },
    /// `README.md` lacks the two lines around the figures.
    NoMarkers {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, .. } => write!(f, "cannot read or write {}", path.display()),
            Self::Malformed { path } => write!(f, "{} is not output of criterion", path.display()),
            Self::NoMeasurements { path } => {
                write!(
                    f,
                    "no measurements in {}; run `cargo bench -p nxcloud-benches` first",
                    path.display()
                )
            }
            Self::NoMarkers { path } => {
                write!(
                    f,
                    "{} lacks the lines `{BEGIN}` and `{END}`; add them",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for ReportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The output folder of criterion, in the target folder of the workspace.
#[must_use]
pub fn criterion_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    target.unwrap_or_else(default).join("criterion")
}

/// The file to which the `table` bench writes its lines, as rows of a Markdown table.
#[must_use]
pub fn goals_file(criterion: &Path) -> PathBuf {
    criterion.join("goals.md")
}

/// Writes the figures in `criterion` to `README.md` and `chart.svg` in the folder `benches`.
///
/// # Errors
/// [`ReportError`] if a file cannot be read or written. `README.md` is then unchanged.
pub fn write(criterion: &Path, benches: &Path, machine: &Machine) -> Result<(), ReportError> {
    let groups = read(criterion)?;
    let path = benches.join("README.md");
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Io { path, source }
    };
    let readme = fs::read_to_string(&path).map_err(io(&path))?;
    // The file does not exist if the `table` bench was not run; the report then has no table of goals.
    let goals = fs::read_to_string(goals_file(criterion)).unwrap_or_default();
    let Some(readme) = replaced(&readme, &figures(&groups, &goals, machine)) else {
        return Err(ReportError::NoMarkers { path });
    };
    let chart = benches.join("chart.svg");
    fs::write(&chart, chart::svg(&groups)).map_err(io(&chart))?;
    fs::write(&path, readme).map_err(io(&path))
}

/// The text with the figures between the markers.
fn replaced(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{figures}\n{END}{after}"))
}

/// The machine, the goals, the chart, and a table for each group.
fn figures(groups: &[Group], goals: &str, machine: &Machine) -> String {
    let mut text = format!("{machine}\n\n");
    if !goals.is_empty() {
        text += "### Goals, alternatives measured in turn\n\n";
        text += "| figure | first, ns | second, ns | ratio | goal |\n";
        text += &format!("| --- | ---: | ---: | ---: | --- |\n{goals}\n");
    }
    text += "### Medians by criterion, measured one after another\n\n";
    text += "![Nanoseconds per signature, by batch size](chart.svg)\n";
    for group in groups {
        text.push_str(&table(group));
    }
    text
}

fn table(group: &Group) -> String {
    let naive = group.nanos("naive");
    let bare = group
        .measurements
        .iter()
        .find(|measurement| measurement.name.starts_with("bare "));
    let unit = if group.elements > 1 {
        "ns per signature"
    } else {
        "ns"
    };
    let mut text = format!("\n#### {}\n\n| method | {unit} |", group.name);
    let mut rule = "\n| --- | ---: |".to_owned();
    if naive.is_some() {
        text.push_str(" naive / method |");
        rule.push_str(" ---: |");
    }
    if let Some(bare) = bare {
        text.push_str(&format!(" method / {} |", bare.name));
        rule.push_str(" ---: |");
    }
    text.push_str(&rule);
    text.push('\n');
    for Measurement { name, nanos } in &group.measurements {
        let per_signature = nanos / group.elements as f64;
        text.push_str(&format!("| {name} | {per_signature:.1} |"));
        if let Some(naive) = naive {
            text.push_str(&format!(" {:.2} |", naive / nanos));
        }
        if let Some(bare) = bare {
            text.push_str(&format!(" {:.2} |", nanos / bare.nanos));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Group {
        let measurement = |name: &str, nanos| Measurement {
            name: name.into(),
            nanos,
        };
        Group {
            name: "batch of 2, 172 bytes".into(),
            elements: 2,
            measurements: vec![
                measurement("naive", 1_000.0),
                measurement("bare md-5", 500.0),
                measurement("batch", 250.0),
            ],
        }
    }

    #[test]
    fn a_table_has_the_time_per_signature_and_both_ratios() {
        let table = table(&group());
        assert!(
            table.contains("| method | ns per signature | naive / method | method / bare md-5 |"),
            "{table}"
        );
        assert!(table.contains("| batch | 125.0 | 4.00 | 0.50 |"), "{table}");
    }

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let replaced = replaced(&text, "new\n").unwrap();
        assert_eq!(
            replaced,
            format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n")
        );
        assert_eq!(super::replaced("no markers", "new"), None);
    }

    #[test]
    fn the_report_is_made_from_the_folders_of_criterion() {
        let folder = std::env::temp_dir().join(format!("nxcloud-benches-{}", std::process::id()));
        let new = folder.join("criterion/a_group/naive/new");
        fs::create_dir_all(&new).unwrap();
        let benchmark =
            r#"{"group_id":"a group","function_id":"naive","throughput":{"Elements":2}}"#;
        fs::write(new.join("benchmark.json"), benchmark).unwrap();
        fs::write(
            new.join("estimates.json"),
            r#"{"median":{"point_estimate":60.0}}"#,
        )
        .unwrap();
        let goals = goals_file(&folder.join("criterion"));
        fs::write(goals, "| a goal | 1 | 2 | 0.50 | at most 1 |\n").unwrap();
        fs::write(
            folder.join("README.md"),
            format!("# Benches\n{BEGIN}\n{END}\n"),
        )
        .unwrap();
        let machine = Machine {
            cpu: "a CPU".into(),
            cpus: 2,
            compiler: "a rustc".into(),
            flags: String::new(),
        };
        write(&folder.join("criterion"), &folder, &machine).unwrap();
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        let chart = fs::read_to_string(folder.join("chart.svg")).unwrap();
        let missing = write(&folder.join("nothing"), &folder, &machine);
        fs::write(new.join("estimates.json"), "{").unwrap();
        let malformed = write(&folder.join("criterion"), &folder, &machine);
        fs::remove_dir_all(&folder).unwrap();
        assert!(readme.contains("| naive | 30.0 | 1.00 |"), "{readme}");
        assert!(readme.contains("\n| a goal | 1 | 2 |"), "{readme}");
        assert!(chart.starts_with("<svg "));
        assert!(matches!(missing, Err(ReportError::Io { .. })));
        assert!(matches!(malformed, Err(ReportError::Malformed { .. })));
    }
}
