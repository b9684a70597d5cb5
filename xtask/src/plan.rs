//! The files of a run, in memory, and the code that writes or compares them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::finding::Finding;
use crate::ownership::Claim;

/// The result of a run.
#[derive(Debug)]
pub enum Outcome {
    /// All files are written, or equal; with a summary.
    Clean(String),
    /// `--check` found differences, as a unified diff.
    Drift(String),
}

/// The files that the specs produce.
#[derive(Default)]
pub(crate) struct Plan {
    /// The folder that all paths are relative to.
    pub(crate) root: PathBuf,
    /// The root as messages show it; empty if they show relative paths.
    pub(crate) display_root: PathBuf,
    /// Whole files, by path.
    pub(crate) files: BTreeMap<PathBuf, String>,
    /// Folders that may contain only generated files, each with its spec.
    pub(crate) owned: BTreeMap<PathBuf, Option<String>>,
    /// Hand-written files with a generated block.
    pub(crate) blocks: BTreeMap<PathBuf, String>,
    /// Texts that are copied unchanged.
    pub(crate) copies: Vec<String>,
    /// Number of specs.
    pub(crate) services: usize,
    /// Problems that prevent the run.
    pub(crate) findings: Vec<Finding>,
    /// Notes about parts of specs that are not generated.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    pub(crate) fn put(&mut self, path: PathBuf, content: String) {
        let file = self.display_root.join(&path).display().to_string();
        if self.files.insert(path, content).is_some() {
            self.findings.push(Finding {
                file,
                at: "(file)".to_owned(),
                problem: "two specs produce this file".to_owned(),
                instead: "rename one of the specs".to_owned(),
            });
        }
    }

    /// Writes every file and removes generated files that no spec produces any more.
    pub(crate) fn write(&self) -> Result<Outcome, String> {
        let stale = self.stale()?;
        let mut written = 0;
        for (path, content) in self.outputs() {
            let target = self.root.join(path);
            if fs::read_to_string(&target).ok().as_ref() == Some(content) {
                continue;
            }
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
            }
            fs::write(&target, content).map_err(|error| failed(&target, &error))?;
            written += 1;
        }
        for path in &stale {
            let target = self.root.join(path);
            fs::remove_file(&target).map_err(|error| failed(&target, &error))?;
            // Remove folders that are empty now, up to the first one that is not.
            let mut folder = path.parent();
            while let Some(empty) = folder.filter(|folder| self.is_owned(folder)) {
                if fs::remove_dir(self.root.join(empty)).is_err() {
                    break;
                }
                folder = empty.parent();
            }
        }
        Ok(self.clean(&format!(
            ": {} files, {written} written, {} removed",
            self.outputs().count(),
            stale.len()
        )))
    }

    /// Compares every file with the specs.
    pub(crate) fn check(&self) -> Result<Outcome, String> {
        let stale = self.stale()?;
        let mut difference = String::new();
        for (path, content) in self.outputs() {
            let present = fs::read_to_string(self.root.join(path)).unwrap_or_default();
            if present != *content {
                let name = self.display_root.join(path).display().to_string();
                let diff = TextDiff::from_lines(&present, content);
                let unified = diff
                    .unified_diff()
                    .context_radius(2)
                    .header(&name, &format!("{name} (from the specs)"))
                    .to_string();
                difference.push_str(&unified);
            }
        }
        for path in stale {
            let path = self.display_root.join(path);
            let _ = writeln!(difference, "{}: no spec produces this file", path.display());
        }
        Ok(if difference.is_empty() {
            self.clean(&format!(
                ", {} files: all up to date",
                self.outputs().count()
            ))
        } else {
            Outcome::Drift(difference)
        })
    }

    /// The notes, and a last line with the number of specs and `end`.
    fn clean(&self, end: &str) -> Outcome {
        let specs = if self.services == 1 { "spec" } else { "specs" };
        let mut lines = self.notes.clone();
        lines.push(format!("{} {specs}{end}", self.services));
        Outcome::Clean(lines.join("\n"))
    }

    /// Generated files that no spec produces any more; an error if the run has findings or would destroy hand-written files.
    fn stale(&self) -> Result<Vec<PathBuf>, String> {
        let claim = Claim {
            root: &self.root,
            display_root: &self.display_root,
            files: &self.files,
            folders: &self.owned,
            copies: &self.copies,
        };
        match claim.stale() {
            Ok(stale) if self.findings.is_empty() => Ok(stale),
            Ok(_) => Err(lines(&self.findings)),
            Err(conflicts) => Err(lines(&[self.findings.as_slice(), &conflicts].concat())),
        }
    }

    fn outputs(&self) -> impl Iterator<Item = (&PathBuf, &String)> {
        self.files.iter().chain(&self.blocks)
    }

    fn is_owned(&self, folder: &Path) -> bool {
        self.owned.keys().any(|owned| folder.starts_with(owned))
    }
}

/// Findings, one per line.
pub(crate) fn lines(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The message for a file that cannot be read or written.
pub(crate) fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
