//! What the generator may overwrite and remove: what it wrote itself, and nothing else. It is looked at before the first write.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::finding::Finding;

/// Files that would be written, and folders in which nothing else may stand.
pub(crate) struct Claim<'a> {
    pub(crate) root: &'a Path,
    /// Name of the root in messages; empty where paths stand alone.
    pub(crate) shown: &'a Path,
    pub(crate) files: &'a BTreeMap<PathBuf, String>,
    /// The spec that a folder is for; none for a folder of an earlier spec or of all specs.
    pub(crate) folders: &'a BTreeMap<PathBuf, Option<String>>,
    /// Texts that are copied into packages as they are, without a marker.
    pub(crate) copies: &'a [String],
}

impl Claim<'_> {
    /// The files that no spec calls for any more, relative to the root.
    ///
    /// # Errors
    ///
    /// Everything that the generator did not write and would overwrite or remove.
    pub(crate) fn stale(&self) -> Result<Vec<PathBuf>, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut refused = BTreeSet::new();
        for (folder, spec) in self.folders {
            let manifest = folder.join("Cargo.toml");
            if let (Some(spec), true) = (spec, self.is_foreign(&manifest)) {
                let folder_name = self.shown.join(folder);
                let folder_name = folder_name.display();
                findings.push(finding(
                    spec,
                    "(name)",
                    format!("{folder_name} holds a crate that was written by hand"),
                    "give the spec another name",
                ));
                refused.insert(folder);
            }
        }
        let is_refused = |path: &Path| refused.iter().any(|folder| path.starts_with(folder));
        for path in self.files.keys().filter(|path| !is_refused(path)) {
            if let Some(obstacle) = self.obstacle(path) {
                findings.push(self.foreign(&obstacle, "is not a folder (links are not followed)"));
            } else if self.is_foreign(path) {
                findings.push(self.foreign(path, "was not written by the generator"));
            }
        }
        let mut stale = Vec::new();
        for folder in self.folders.keys().filter(|folder| !is_refused(folder)) {
            for path in self.below(folder) {
                if self.files.contains_key(&path) {
                    continue;
                }
                if self.is_foreign(&path) {
                    let problem = "no spec calls for this file, and the generator did not write it";
                    findings.push(self.foreign(&path, problem));
                } else {
                    stale.push(path);
                }
            }
        }
        if findings.is_empty() {
            Ok(stale)
        } else {
            findings.dedup();
            Err(findings)
        }
    }

    /// Whether something stands at a path that the generator did not write.
    fn is_foreign(&self, path: &Path) -> bool {
        let target = self.root.join(path);
        match fs::symlink_metadata(&target) {
            Err(_) => false,
            Ok(metadata) if !metadata.is_file() => true,
            Ok(_) => {
                // What cannot be read is not known to be the generator's.
                !fs::read(&target).is_ok_and(|content| {
                    let planned = self.files.get(path).map(String::as_bytes);
                    let mut copies = self.copies.iter().map(String::as_bytes);
                    is_generated(&content)
                        || planned == Some(&content)
                        || copies.any(|copy| copy == content)
                })
            }
        }
    }

    fn foreign(&self, path: &Path, problem: &str) -> Finding {
        let instead = "move it elsewhere or delete it, then run `cargo xtask generate` again";
        let path = self.shown.join(path);
        finding(path.display().to_string(), "(file)", problem, instead)
    }

    /// Where a folder of the path should be and something else is.
    fn obstacle(&self, path: &Path) -> Option<PathBuf> {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).collect();
        folders.reverse();
        let is_no_folder = |folder: &&&Path| {
            let metadata = fs::symlink_metadata(self.root.join(folder));
            metadata.is_ok_and(|metadata| !metadata.is_dir())
        };
        // The first is the root itself, which may be reached by a link.
        folders
            .iter()
            .skip(1)
            .find(is_no_folder)
            .map(|folder| folder.to_path_buf())
    }

    /// Everything below a folder but folders; links are not followed.
    fn below(&self, folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let entries = match fs::symlink_metadata(self.root.join(folder)) {
            Ok(metadata) if metadata.is_dir() => fs::read_dir(self.root.join(folder)),
            _ => return found,
        };
        for entry in entries.into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.extend(self.below(&path));
            } else {
                found.push(path);
            }
        }
        found.sort();
        found
    }
}

/// Whether a file says in its first two lines that it was generated. (The first line of JSON is a brace.)
pub(crate) fn is_generated(content: &[u8]) -> bool {
    let mut lines = content.split(|byte| *byte == b'\n').take(2);
    lines.any(|line| String::from_utf8_lossy(line).contains(emit::MARKER))
}

fn finding(
    file: impl Into<String>,
    at: &str,
    problem: impl Into<String>,
    instead: &str,
) -> Finding {
    Finding {
        file: file.into(),
        at: at.to_owned(),
        problem: problem.into(),
        instead: instead.to_owned(),
    }
}
