//! Reads the specs of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::model::Service;
use crate::plan::{failed, lines};
use crate::read;

/// Reads all specs of a folder, sorted by name. `display_folder` is the folder in messages; `check_names` checks the names of the
/// file and the package.
pub(crate) fn read_all(
    folder: &Path,
    display_folder: &str,
    check_names: impl Fn(&str, &Service) -> Vec<Finding>,
) -> Result<Vec<Service>, String> {
    let entries =
        fs::read_dir(folder).map_err(|error| failed(Path::new(display_folder), &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    let mut services = Vec::new();
    let mut problems: Vec<Finding> = paths
        .iter()
        .filter_map(|path| wrong_extension(display_folder, path))
        .collect();
    paths.retain(|path| extension(path) == "yaml");
    for path in paths {
        // Reading a pipe would block.
        if !path.is_file() {
            problems.push(Finding {
                file: file_name(display_folder, &path),
                at: "(name)".to_owned(),
                problem: "not a regular file".to_owned(),
                instead: "write the spec as a file, or move it to another folder".to_owned(),
            });
            continue;
        }
        let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
        let name = file_name(display_folder, &path);
        match read::read_bytes(&name, &bytes) {
            Ok(service) => {
                problems.extend(check_names(&name, &service));
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

fn file_name(folder: &str, path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{folder}/{name}")
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().into_owned()
}

/// A finding for a file that looks like a spec but has another extension.
fn wrong_extension(folder: &str, path: &Path) -> Option<Finding> {
    let extension = extension(path);
    let looks_like_one = ["yaml", "yml", "json"].contains(&extension.to_lowercase().as_str());
    let name = path.with_extension("yaml");
    let instead = name.file_name().unwrap_or_default().to_string_lossy();
    (looks_like_one && extension != "yaml").then(|| Finding {
        file: file_name(folder, path),
        at: "(name)".to_owned(),
        problem: format!("files with the extension `.{extension}` are not read"),
        instead: format!(
            "write the spec as YAML in `{instead}`, or move the file to another folder"
        ),
    })
}
