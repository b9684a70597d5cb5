//! The table of packages and dependencies in `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::crates;
use crate::emit::Block;
use crate::model::Service;
use crate::plan::failed;

/// A package of the workspace.
struct Package {
    folder: String,
    description: String,
    /// Packages of the workspace by name; true if the dependency is optional.
    dependencies: BTreeMap<String, bool>,
}

/// The table of packages. `filled` has the manifests whose generated blocks have been updated.
pub(crate) fn table(
    root: &Path,
    services: &[Service],
    filled: &BTreeMap<PathBuf, String>,
) -> Result<Block, String> {
    let mut folders = crates::packages(root, Path::new("crates"));
    folders.extend(["crates/client/loom", "xtask", "xtask/snapshot", "benches"].map(PathBuf::from));
    folders.retain(|folder| {
        let path = root.join(folder);
        path.join("Cargo.toml").is_file() && !crates::is_of_a_spec(&path, "specs")
    });
    let mut packages = BTreeMap::from([(
        SERVICES.to_owned(),
        Package {
            folder: "crates/<service>".to_owned(),
            description: "Typed client of one service, generated from `specs/<service>.yaml`"
                .to_owned(),
            dependencies: BTreeMap::from([("nxcloud-client".to_owned(), false)]),
        },
    )]);
    for folder in &folders {
        let path = folder.join("Cargo.toml");
        let text = match filled.get(&path) {
            Some(text) => text.clone(),
            None => {
                let path = root.join(&path);
                fs::read_to_string(&path).map_err(|error| failed(&path, &error))?
            }
        };
        let (name, package) = read(folder, &text)?;
        packages.insert(name, package);
    }
    let names: BTreeSet<String> = packages.keys().cloned().collect();
    for package in packages.values_mut() {
        let dependencies = std::mem::take(&mut package.dependencies);
        for (name, optional) in dependencies {
            let is_service = services.iter().any(|service| service.package == name);
            let name = if is_service {
                SERVICES.to_owned()
            } else {
                name
            };
            if names.contains(&name) {
                package.dependencies.insert(name, optional);
            }
        }
    }
    Ok(Block {
        file: "ARCHITECTURE.md",
        name: None,
        text: rows(&packages),
    })
}

/// The name of the row for all service crates.
const SERVICES: &str = "the services";

fn read(folder: &Path, text: &str) -> Result<(String, Package), String> {
    let manifest: toml::Table = text
        .parse()
        .map_err(|error| format!("{}/Cargo.toml: {error}", folder.display()))?;
    let package = |key: &str| {
        let value = manifest
            .get("package")
            .and_then(|package| package.get(key)?.as_str());
        value.unwrap_or_default().to_owned()
    };
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    let dependencies = table.into_iter().flatten().map(|(name, dependency)| {
        let optional = dependency.get("optional").and_then(toml::Value::as_bool);
        (name.clone(), optional == Some(true))
    });
    let description = package("description");
    Ok((
        package("name"),
        Package {
            folder: folder.display().to_string(),
            description: description.replace('|', "\\|"),
            dependencies: dependencies.collect(),
        },
    ))
}

/// The rows of the table: packages after their dependencies, then by folder.
fn rows(packages: &BTreeMap<String, Package>) -> String {
    let mut text =
        "| folder | package | what it is | depends on |\n| --- | --- | --- | --- |\n".to_owned();
    let mut written: BTreeSet<&str> = BTreeSet::new();
    while written.len() < packages.len() {
        let ready = |package: &Package| {
            package
                .dependencies
                .keys()
                .all(|name| written.contains(name.as_str()))
        };
        let waiting = packages
            .iter()
            .filter(|(name, _)| !written.contains(name.as_str()));
        let mut next: Vec<_> = waiting
            .clone()
            .filter(|(_, package)| ready(package))
            .collect();
        if next.is_empty() {
            // A cycle, which cargo rejects. The loop must still end.
            next = waiting.collect();
        }
        next.sort_by_key(|(_, package)| &package.folder);
        for (name, package) in next {
            written.insert(name);
            let dependencies = package.dependencies.iter().map(|(name, optional)| {
                let name = name.strip_prefix("nxcloud-").unwrap_or(name);
                if *optional {
                    format!("({name})")
                } else {
                    name.to_owned()
                }
            });
            let label = if name == SERVICES {
                "`nxcloud-<service>`, `antbuddy`".to_owned()
            } else {
                format!("`{name}`")
            };
            text.push_str(&format!(
                "| `{}` | {label} | {} | {} |\n",
                package.folder,
                package.description,
                dependencies.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    text
}
