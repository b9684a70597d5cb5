//! Packages that there are, and the names that those of specs may have beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::finding::Finding;
use crate::manifest;
use crate::model::Service;
use crate::names;

/// Names of files and packages become names of crates, modules and commands.
pub(crate) fn unusable_names(file: &str, service: &Service) -> Vec<Finding> {
    let name = names::unusable_spec(&service.name);
    unusable(file, name, service)
}

/// The same where the name of the file becomes that of a folder only.
pub(crate) fn unusable_outside(file: &str, service: &Service) -> Vec<Finding> {
    let name = (!names::is_crate(&service.name)).then(|| {
        let problem = format!("`{}` cannot be the name of a crate", service.name);
        (problem, CRATE_NAME.to_owned())
    });
    unusable(file, name, service)
}

const CRATE_NAME: &str = "write lowercase letters, digits and dashes, a letter first";

fn unusable(file: &str, name: Option<(String, String)>, service: &Service) -> Vec<Finding> {
    let finding = |at: &str, (problem, instead): (String, String)| Finding {
        file: file.to_owned(),
        at: at.to_owned(),
        problem,
        instead,
    };
    let name = name.map(|problem| finding("(name)", problem));
    let package = unusable_package(&service.package);
    // A package that is named after the file is not a second problem.
    let derived = service.package == format!("nxcloud-{}", service.name);
    let package = package.filter(|_| name.is_none() || !derived);
    let package = package.map(|problem| finding("x-nx-package", problem));
    name.into_iter().chain(package).collect()
}

/// Why a package cannot have a name, if it cannot.
fn unusable_package(name: &str) -> Option<(String, String)> {
    if !names::is_crate(name) {
        let problem = format!("`{}` cannot be the name of a crate", name.escape_debug());
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
    let mut taken = names_of(root, Path::new(""), folders);
    let used = manifest::dependencies(root).into_iter();
    let used = used.filter(|(_, dependency)| dependency.get("path").is_none());
    taken.extend(used.map(|(name, _)| (name, "a dependency in Cargo.toml".to_owned())));
    taken
}

/// The names of the packages in these folders, each with its folder; `shown` is the name of the root in it.
pub(crate) fn names_of(
    root: &Path,
    shown: &Path,
    folders: impl IntoIterator<Item = PathBuf>,
) -> BTreeMap<String, String> {
    let name = |folder: PathBuf| {
        let manifest = fs::read_to_string(root.join(&folder).join("Cargo.toml")).ok()?;
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
        Some((name.to_owned(), shown.join(folder).display().to_string()))
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
    source(krate).is_some_and(|source| source.starts_with(&format!("{specs}/")))
}

/// The spec that a crate was generated from, as its files name it.
pub(crate) fn source(krate: &Path) -> Option<String> {
    let manifest = fs::read_to_string(krate.join("Cargo.toml")).ok()?;
    let line = manifest.lines().next()?.strip_prefix("# ")?;
    let source = line.strip_prefix(emit::MARKER)?;
    Some(source.strip_suffix(". Do not edit.")?.to_owned())
}
