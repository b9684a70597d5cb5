//! Reads the manifest of this workspace.

use std::fs;
use std::path::Path;

use crate::emit::Origin;
use crate::plan::failed;

/// The workspace's `Cargo.toml`.
fn manifest(root: &Path) -> Result<toml::Table, String> {
    let path = root.join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
    text.parse()
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// A text of `[workspace.package]`.
fn package(manifest: &toml::Table, key: &str) -> Option<String> {
    let package = manifest.get("workspace")?.get("package")?;
    package.get(key)?.as_str().map(str::to_owned)
}

/// The version that the packages of the workspace share.
pub(crate) fn version(root: &Path) -> Result<String, String> {
    package(&manifest(root)?, "version").ok_or_else(|| {
        "Cargo.toml: `[workspace.package]` has no `version`: write the version of the next release".to_owned()
    })
}

/// `[workspace.dependencies]`; empty if there is none.
pub(crate) fn dependencies(root: &Path) -> toml::Table {
    dependencies_in(&manifest(root).unwrap_or_default())
}

fn dependencies_in(manifest: &toml::Table) -> toml::Table {
    let dependencies = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies")?.as_table());
    dependencies.cloned().unwrap_or_default()
}

/// The settings that crates in another workspace copy.
pub(crate) fn origin(root: &Path) -> Result<Origin, String> {
    let manifest = manifest(root)?;
    let text = |key: &str| {
        package(&manifest, key)
            .ok_or_else(|| format!("Cargo.toml: `[workspace.package]` has no `{key}`: add it"))
    };
    Ok(Origin {
        edition: text("edition")?,
        rust_version: text("rust-version")?,
        dependencies: dependencies_in(&manifest),
    })
}
