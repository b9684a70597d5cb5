//! Packages that there are, and the names that those of specs may have beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::lint::Finding;
use crate::manifest;
use crate::model::Service;
use crate::names;

/// Names of files and packages become names of crates, modules and commands.
pub(crate) fn unusable_names(file: &str, service: &Service) -> Vec<Finding> {
    let name = names::unusable_spec(&service.name);
    unusable(file, name, &service.package)
}

const CRATE_NAME: &str = "write lowercase letters, digits and dashes, a letter first";

fn unusable(file: &str, name: Option<(String, String)>, package: &str) -> Vec<Finding> {
    let finding = |at: &str, (problem, instead): (String, String)| Finding {
        file: file.to_owned(),
        at: at.to_owned(),
        problem,
        instead,
    };
    let name = name.map(|problem| finding("(name)", problem));
    let package = unusable_package(package).map(|problem| finding("x-nx-package", problem));
    name.into_iter().chain(package).collect()
}

/// Why a package cannot have a name, if it cannot.
fn unusable_package(name: &str) -> Option<(String, String)> {
    if !names::is_crate(name) {
        let problem = format!("`{name}` cannot be the name of a crate");
        return Some((problem, CRATE_NAME.to_owned()));
    }
    let of_rust = ["alloc", "core", "proc-macro", "std", "test"].contains(&name);
    (of_rust || !names::is_identifier(&name.replace('-', "_"))).then(|| {
        let problem = format!("`{name}` is a word or a crate of Rust");
        (problem, "write another name".to_owned())
    })
}

/// Takes out the specs whose package is among those taken, or that of another spec of their folder, and says so of each.
///
/// `taken` says of each package where it is; `shown` is the folder's name in messages.
pub(crate) fn clashes(
    shown: &str,
    mut taken: BTreeMap<String, String>,
    services: &mut Vec<Service>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    services.retain(|service| {
        let spec = format!("{shown}/{}.yaml", service.name);
        let Some(other) = taken.insert(service.package.clone(), spec.clone()) else {
            return true;
        };
        findings.push(Finding {
            file: spec,
            at: "x-nx-package".to_owned(),
            problem: format!("`{}` is the package of {other}", service.package),
            instead: "write another name".to_owned(),
        });
        false
    });
    findings
}

/// The packages of this workspace that no spec gives, and those of other people that it uses.
pub(crate) fn taken(root: &Path) -> BTreeMap<String, String> {
    let others = ["benches", "crates/client/loom", "xtask", "xtask/snapshot"].map(PathBuf::from);
    let folders = packages(root, Path::new("crates"))
        .into_iter()
        .chain(others);
    let folders = folders.filter(|folder| !is_of_a_spec(&root.join(folder), "specs"));
    let mut taken = names_of(root, folders);
    let used = manifest::dependencies(root).into_iter();
    let used = used.filter(|(_, dependency)| dependency.get("path").is_none());
    taken.extend(used.map(|(name, _)| (name, "a dependency in Cargo.toml".to_owned())));
    taken
}

/// The names of the packages in these folders, each with its folder.
pub(crate) fn names_of(
    root: &Path,
    folders: impl IntoIterator<Item = PathBuf>,
) -> BTreeMap<String, String> {
    let name = |folder: PathBuf| {
        let manifest = fs::read_to_string(root.join(&folder).join("Cargo.toml")).ok()?;
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
        Some((name.to_owned(), folder.display().to_string()))
    };
    folders.into_iter().filter_map(name).collect()
}

/// Folders of packages in a folder, relative to the root; links are not followed.
pub(crate) fn packages(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(folder));
    entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| folder.join(entry.file_name()))
        .filter(|folder| root.join(folder).join("Cargo.toml").is_file())
        .collect()
}

/// Whether a crate was generated from a spec of this folder.
pub(crate) fn is_of_a_spec(krate: &Path, specs: &str) -> bool {
    let manifest = fs::read_to_string(krate.join("Cargo.toml")).unwrap_or_default();
    manifest.starts_with(&format!("# {}{specs}/", emit::MARKER))
}
