//! Checks, before the first write, that the generator overwrites and removes only files that it wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::finding::Finding;

/// The planned files, and the folders that may contain only generated files.
pub(crate) struct Claim<'a> {
    pub(crate) root: &'a Path,
    /// The root as messages show it; empty if they show relative paths.
    pub(crate) display_root: &'a Path,
    pub(crate) files: &'a BTreeMap<PathBuf, String>,
    /// Folders with their spec; `None` for a folder of a removed spec or of all specs.
    pub(crate) folders: &'a BTreeMap<PathBuf, Option<String>>,
    /// Texts that are copied into packages unchanged, without a marker.
    pub(crate) copies: &'a [String],
}

impl Claim<'_> {
    /// The generated files that no spec produces any more, relative to the root.
    ///
    /// # Errors
    ///
    /// A finding for each file that the generator would overwrite or remove but did not write.
    pub(crate) fn stale(&self) -> Result<Vec<PathBuf>, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut refused = BTreeSet::new();
        for (folder, spec) in self.folders {
            let manifest = folder.join("Cargo.toml");
            if let (Some(spec), true) = (spec, self.is_foreign(&manifest)) {
                let folder_name = self.display_root.join(folder);
                let folder_name = folder_name.display();
                findings.push(finding(
                    spec,
                    "(name)",
                    format!("{folder_name} is a hand-written crate"),
                    "rename the spec",
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
            for path in self.files_below(folder) {
                if self.files.contains_key(&path) {
                    continue;
                }
                if self.is_foreign(&path) {
                    let problem = "no spec produces this file, and the generator did not write it";
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

    /// Whether something exists at a path that the generator did not write.
    fn is_foreign(&self, path: &Path) -> bool {
        let target = self.root.join(path);
        match fs::symlink_metadata(&target) {
            Err(_) => false,
            Ok(metadata) if !metadata.is_file() => true,
            Ok(_) => {
                // A file that cannot be read counts as hand-written.
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
        let instead = "move or delete it, then run `cargo xtask generate` again";
        let path = self.display_root.join(path);
        finding(path.display().to_string(), "(file)", problem, instead)
    }

    /// The first ancestor of a path that exists and is not a folder.
    fn obstacle(&self, path: &Path) -> Option<PathBuf> {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).collect();
        folders.reverse();
        let is_no_folder = |folder: &&&Path| {
            let metadata = fs::symlink_metadata(self.root.join(folder));
            metadata.is_ok_and(|metadata| !metadata.is_dir())
        };
        // The first is the root itself, which may be a link.
        folders
            .iter()
            .skip(1)
            .find(is_no_folder)
            .map(|folder| folder.to_path_buf())
    }

    /// All files below a folder. Links are not followed.
    fn files_below(&self, folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let entries = match fs::symlink_metadata(self.root.join(folder)) {
            Ok(metadata) if metadata.is_dir() => fs::read_dir(self.root.join(folder)),
            _ => return files,
        };
        for entry in entries.into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                files.extend(self.files_below(&path));
            } else {
                files.push(path);
            }
        }
        files.sort();
        files
    }
}

/// Whether a file has the marker in its first two lines. (The first line of a JSON file is a brace.)
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
