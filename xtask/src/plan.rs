//! Everything that a run calls for, in memory; then written or compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::finding::Finding;
use crate::ownership::Claim;

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing to do, or everything done; what there is to say about it.
    Clean(String),
    /// `--check` found differences, as a unified diff.
    Drift(String),
}

/// Everything that the specs call for.
#[derive(Default)]
pub(crate) struct Plan {
    /// The folder that all paths are relative to.
    pub(crate) root: PathBuf,
    /// Its name in messages; empty where paths stand alone.
    pub(crate) shown: PathBuf,
    /// Whole files by their path.
    pub(crate) files: BTreeMap<PathBuf, String>,
    /// Folders in which nothing else may stand, and the spec that each is for.
    pub(crate) owned: BTreeMap<PathBuf, Option<String>>,
    /// Hand-written files with a generated block.
    pub(crate) blocks: BTreeMap<PathBuf, String>,
    /// Texts that are copied as they are.
    pub(crate) copies: Vec<String>,
    /// Number of specs.
    pub(crate) services: usize,
    /// What cannot be done.
    pub(crate) findings: Vec<Finding>,
    /// What is not generated; lines for whoever runs it.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    pub(crate) fn put(&mut self, path: PathBuf, content: String) {
        let file = self.shown.join(&path).display().to_string();
        if self.files.insert(path, content).is_some() {
            self.findings.push(Finding {
                file,
                at: "(file)".to_owned(),
                problem: "two specs call for this file".to_owned(),
                instead: "give one of the specs another name".to_owned(),
            });
        }
    }

    /// Writes every file and removes what no spec calls for any more.
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
            // Folders that are empty now go too; the first one that is not ends it.
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

    /// Compares every file with what the specs call for.
    pub(crate) fn check(&self) -> Result<Outcome, String> {
        let stale = self.stale()?;
        let mut difference = String::new();
        for (path, content) in self.outputs() {
            let present = fs::read_to_string(self.root.join(path)).unwrap_or_default();
            if present != *content {
                let name = self.shown.join(path).display().to_string();
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
            let path = self.shown.join(path);
            let _ = writeln!(
                difference,
                "{}: no spec calls for this file",
                path.display()
            );
        }
        Ok(if difference.is_empty() {
            self.clean(&format!(
                ", {} files: all as generated",
                self.outputs().count()
            ))
        } else {
            Outcome::Drift(difference)
        })
    }

    /// The notes, and a line that says how many specs there are and ends so.
    fn clean(&self, end: &str) -> Outcome {
        let specs = if self.services == 1 { "spec" } else { "specs" };
        let mut lines = self.notes.clone();
        lines.push(format!("{} {specs}{end}", self.services));
        Outcome::Clean(lines.join("\n"))
    }

    /// Files that no spec calls for any more; an error when anything would be lost that the generator did not write.
    fn stale(&self) -> Result<Vec<PathBuf>, String> {
        let claim = Claim {
            root: &self.root,
            shown: &self.shown,
            files: &self.files,
            folders: &self.owned,
            copies: &self.copies,
        };
        match claim.stale() {
            Ok(stale) if self.findings.is_empty() => Ok(stale),
            Ok(_) => Err(lines(&self.findings)),
            Err(found) => Err(lines(&[self.findings.as_slice(), &found].concat())),
        }
    }

    fn outputs(&self) -> impl Iterator<Item = (&PathBuf, &String)> {
        self.files.iter().chain(&self.blocks)
    }

    fn is_owned(&self, folder: &Path) -> bool {
        self.owned.keys().any(|owned| folder.starts_with(owned))
    }
}

/// Findings, one a line.
pub(crate) fn lines(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// What could not be read or written.
pub(crate) fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
