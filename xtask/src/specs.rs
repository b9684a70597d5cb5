//! The specs of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::model::Service;
use crate::plan::{failed, lines};
use crate::read;

/// Reads all specs of a folder, sorted by name.
///
/// `shown` is the folder's name in messages; `unusable` finds what the file's name and the package cannot be.
pub(crate) fn read_all(
    folder: &Path,
    shown: &str,
    unusable: impl Fn(&str, &Service) -> Vec<Finding>,
) -> Result<Vec<Service>, String> {
    let entries = fs::read_dir(folder).map_err(|error| failed(Path::new(shown), &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    let mut services = Vec::new();
    let mut problems: Vec<Finding> = paths
        .iter()
        .filter_map(|path| unread(shown, path))
        .collect();
    paths.retain(|path| extension(path) == "yaml");
    for path in paths {
        // A pipe would be waited for.
        if !path.is_file() {
            problems.push(Finding {
                file: file_name(shown, &path),
                at: "(name)".to_owned(),
                problem: "not a file".to_owned(),
                instead: "write the spec as a file, or move this away".to_owned(),
            });
            continue;
        }
        let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
        let name = file_name(shown, &path);
        match read::read_bytes(&name, &bytes) {
            Ok(service) => {
                problems.extend(unusable(&name, &service));
                services.push(service);
            }
            Err(findings) => problems.extend(findings),
        }
    }
    if problems.is_empty() {
        Ok(services)
    } else {
        Err(lines(&problems))
    }
}

fn file_name(shown: &str, path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{shown}/{name}")
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().into_owned()
}

/// A file that looks like a spec and is not read as one.
fn unread(shown: &str, path: &Path) -> Option<Finding> {
    let extension = extension(path);
    let looks_like_one = ["yaml", "yml", "json"].contains(&extension.to_lowercase().as_str());
    let name = path.with_extension("yaml");
    let instead = name.file_name().unwrap_or_default().to_string_lossy();
    (looks_like_one && extension != "yaml").then(|| Finding {
        file: file_name(shown, path),
        at: "(name)".to_owned(),
        problem: format!("a file `.{extension}` is not read"),
        instead: format!("write the spec as YAML in `{instead}`, or move the file away"),
    })
}
