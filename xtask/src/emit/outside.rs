//! The files of a crate for another workspace.

use std::collections::BTreeMap;

use super::readme::{self, Surroundings};
use super::{FEATURES, marker, sources};
use crate::model::Service;

mod tests;

/// The settings of this workspace that a crate in another workspace copies.
#[derive(Debug)]
pub struct Origin {
    /// Edition of the generated code.
    pub edition: String,
    /// The oldest Rust that compiles it.
    pub rust_version: String,
    /// `[workspace.dependencies]`.
    pub dependencies: toml::Table,
}

/// The dependencies of such a crate, in the order of its manifest.
pub const DEPENDENCIES: [&str; 4] = ["nxcloud-client", "progenitor-client", "reqwest", "serde"];
/// The dependencies of its tests, with their features.
pub const DEV_DEPENDENCIES: [(&str, &[&str]); 2] =
    [("serde_json", &[]), ("tokio", &["macros", "rt"])];

/// The parts of a crate page outside of this workspace.
const SURROUNDINGS: Surroundings<'_> = Surroundings {
    more_examples: "",
    receiving: "Only the types are generated, no receiver: check signatures with `Verifier` of the crate `nxcloud-webhooks`, and read a JSON body with serde.",
    licences: "\
## Licences of dependencies

Builds contain `nxcloud-client` and `nxcloud-signing`, which are licensed under MIT or Apache-2.0, and `progenitor-client`, which is licensed
under the MPL-2.0: if you distribute a program, say where the source of `progenitor-client` is available, and publish changes to its files. The
rest of the program may have any licence.
",
};

/// All files of the crate, by path. `source` is the name of the spec in generated files, `version` that of the crate.
///
/// # Errors
///
/// The error of progenitor, if it does not accept the spec, or a dependency without a version in this workspace.
pub fn outside_files(
    service: &Service,
    source: &str,
    version: &str,
    origin: &Origin,
) -> Result<BTreeMap<String, String>, String> {
    let mut files = sources(service, source)?;
    let manifest = manifest(service, source, version, origin)?;
    files.insert("Cargo.toml".to_owned(), manifest);
    let readme = readme::readme(service, source, &SURROUNDINGS);
    files.insert("README.md".to_owned(), readme);
    files.extend(tests::files(service, source));
    Ok(files)
}

fn manifest(
    service: &Service,
    source: &str,
    version: &str,
    origin: &Origin,
) -> Result<String, String> {
    let uploads: &[&str] = if service.has_uploads() {
        &["uploads"]
    } else {
        &[]
    };
    let mut dependencies = String::new();
    for name in DEPENDENCIES {
        let added = if name == "nxcloud-client" {
            uploads
        } else {
            &[]
        };
        dependencies.push_str(&dependency(name, added, &origin.dependencies)?);
    }
    let mut for_tests = String::new();
    for (name, added) in DEV_DEPENDENCIES {
        for_tests.push_str(&dependency(name, added, &origin.dependencies)?);
    }
    Ok(format!(
        r#"# {marker}
[package]
name = "{package}"
description = "Typed client of {title}"
readme = "README.md"
version = "{version}"
edition = "{edition}"
rust-version = "{rust_version}"

{features}
[dependencies]
{dependencies}
[dev-dependencies]
{for_tests}"#,
        marker = marker(source),
        package = service.package,
        title = service.title,
        edition = origin.edition,
        rust_version = origin.rust_version,
        features = FEATURES,
    ))
}

/// A line of a manifest: the dependency with the version and features of this workspace and further features.
fn dependency(name: &str, added: &[&str], all: &toml::Table) -> Result<String, String> {
    let missing =
        || format!("Cargo.toml: `[workspace.dependencies]` has no version of `{name}`: add one");
    let entry = all.get(name).ok_or_else(missing)?;
    let version = entry.as_str().or_else(|| entry.get("version")?.as_str());
    let version = version.ok_or_else(missing)?;
    let features = entry.get("features").and_then(toml::Value::as_array);
    let features = features
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str);
    let features: Vec<String> = features
        .chain(added.iter().copied())
        .map(|feature| format!("\"{feature}\""))
        .collect();
    let by_default = entry
        .get("default-features")
        .and_then(toml::Value::as_bool)
        .unwrap_or(true);
    if by_default && features.is_empty() {
        return Ok(format!("{name} = \"{version}\"\n"));
    }
    let mut line = format!("{name} = {{ version = \"{version}\"");
    if !by_default {
        line.push_str(", default-features = false");
    }
    if !features.is_empty() {
        line.push_str(&format!(", features = [{}]", features.join(", ")));
    }
    Ok(line + " }\n")
}
