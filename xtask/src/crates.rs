//! The existing packages, and the package names that specs may use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::finding::Finding;
use crate::manifest;
use crate::model::Service;
use crate::names;

/// Findings about the names of a spec and of its package, which become names of a crate, a module and a command.
pub(crate) fn unusable_names(file: &str, service: &Service) -> Vec<Finding> {
    let name = names::unusable_spec(&service.name);
    unusable(file, name, service)
}

/// Like [`unusable_names`], for another workspace, where the name of the spec only becomes the name of a folder.
pub(crate) fn unusable_outside(file: &str, service: &Service) -> Vec<Finding> {
    let name = (!names::is_crate(&service.name)).then(|| {
        let problem = format!("`{}` cannot be the name of a crate", service.name);
        (problem, CRATE_NAME.to_owned())
    });
    unusable(file, name, service)
}

const CRATE_NAME: &str = "write lowercase letters, digits and dashes, starting with a letter";

fn unusable(file: &str, name: Option<(String, String)>, service: &Service) -> Vec<Finding> {
    let finding = |at: &str, (problem, instead): (String, String)| Finding {
        file: file.to_owned(),
        at: at.to_owned(),
        problem,
        instead,
    };
    let name = name.map(|problem| finding("(name)", problem));
    let package = unusable_package(&service.package);
    // The name of the package follows from the file name: one finding is enough.
    let derived = service.package == format!("nxcloud-{}", service.name);
    let package = package.filter(|_| name.is_none() || !derived);
    let package = package.map(|problem| finding("x-nx-package", problem));
    name.into_iter().chain(package).collect()
}

/// Why a name cannot be the name of a package; `None` if it can.
fn unusable_package(name: &str) -> Option<(String, String)> {
    if !names::is_crate(name) {
        let problem = format!("`{}` cannot be the name of a crate", name.escape_debug());
        return Some((problem, CRATE_NAME.to_owned()));
    }
    let of_rust = ["alloc", "core", "proc-macro", "std", "test"].contains(&name);
    (of_rust || !names::is_identifier(&name.replace('-', "_"))).then(|| {
        let problem = format!("`{name}` is a keyword or a standard crate of Rust");
        (problem, "choose another name".to_owned())
    })
}

/// Removes the specs whose package name is already used, and returns a finding for each. `taken` has the place of each existing
/// package, by name. `folder` is the folder's name in messages.
pub(crate) fn clashes(
    folder: &str,
    mut taken: BTreeMap<String, String>,
    services: &mut Vec<Service>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    services.retain(|service| {
        let spec = format!("{folder}/{}.yaml", service.name);
        let Some(other) = taken.insert(service.package.clone(), spec.clone()) else {
            return true;
        };
        findings.push(Finding {
            file: spec,
            at: "x-nx-package".to_owned(),
            problem: format!("`{}` is already the package of {other}", service.package),
            instead: "choose another name".to_owned(),
        });
        false
    });
    findings
}

/// The hand-written packages of this workspace and its dependencies, by name, each with its place.
pub(crate) fn taken(root: &Path) -> BTreeMap<String, String> {
    let others = ["benches", "crates/client/loom", "xtask", "xtask/snapshot"].map(PathBuf::from);
    let folders = packages(root, Path::new("crates"))
        .into_iter()
        .chain(others);
    let folders = folders.filter(|folder| !is_of_a_spec(&root.join(folder), "specs"));
    let mut taken = names_of(root, Path::new(""), folders);
    let used = manifest::dependencies(root).into_iter();
    let used = used.filter(|(_, dependency)| dependency.get("path").is_none());
    taken.extend(used.map(|(name, _)| (name, "a dependency in Cargo.toml".to_owned())));
    taken
}

/// The names of the packages in these folders, each with its folder. `display_root` replaces the root in it.
pub(crate) fn names_of(
    root: &Path,
    display_root: &Path,
    folders: impl IntoIterator<Item = PathBuf>,
) -> BTreeMap<String, String> {
    let name = |folder: PathBuf| {
        let manifest = fs::read_to_string(root.join(&folder).join("Cargo.toml")).ok()?;
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
        let folder = display_root.join(folder);
        Some((name.to_owned(), folder.display().to_string()))
    };
    folders.into_iter().filter_map(name).collect()
}

/// Folders of packages in a folder, relative to the root. Links are not followed.
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
    source(krate).is_some_and(|source| source.starts_with(&format!("{specs}/")))
}

/// The spec that a crate was generated from, according to its manifest.
pub(crate) fn source(krate: &Path) -> Option<String> {
    let manifest = fs::read_to_string(krate.join("Cargo.toml")).ok()?;
    let line = manifest.lines().next()?.strip_prefix("# ")?;
    let source = line.strip_prefix(emit::MARKER)?;
    Some(source.strip_suffix(". Do not edit.")?.to_owned())
}
