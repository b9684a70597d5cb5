//! `cargo xtask generate`: the crates of this workspace.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::blocks;
use crate::crates;
use crate::emit;
use crate::manifest;
use crate::packages;
use crate::plan::{Plan, lines};
use crate::read;
use crate::specs;

pub use crate::plan::Outcome;

/// Folders that contain only generated files, of all specs.
const SHARED: [&str; 4] = [
    "crates/cli/src/generated",
    "crates/spec/src/generated",
    "crates/webhooks/src/generated",
    "crates/webhooks/tests/generated",
];

/// The workspace's licence texts.
pub const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Writes every generated file and removes generated files that no spec produces any more.
///
/// # Errors
///
/// - A spec has findings.
/// - A hand-written file is in the place of a generated one. No file is changed.
/// - A file cannot be read or written.
pub fn write(root: &Path) -> Result<Outcome, String> {
    plan(root)?.write()
}

/// Compares every generated file with the specs.
///
/// # Errors
///
/// Those of [`write()`].
pub fn check(root: &Path) -> Result<Outcome, String> {
    plan(root)?.check()
}

fn plan(root: &Path) -> Result<Plan, String> {
    let mut services = specs::read_all(&root.join("specs"), "specs", crates::unusable_names)?;
    let mut plan = Plan {
        root: root.to_owned(),
        services: services.len(),
        findings: crates::clashes("specs", crates::taken(root), &mut services),
        ..Plan::default()
    };
    for (krate, files) in [
        ("spec", emit::spec_files(&services)),
        ("cli", emit::cli_files(&services)),
        ("webhooks", emit::webhook_files(&services)),
    ] {
        for (path, content) in files {
            plan.put(Path::new("crates").join(krate).join(path), content);
        }
    }
    let shared = SHARED.iter().map(|folder| (PathBuf::from(folder), None));
    plan.owned.extend(shared);
    for service in &services {
        let folder = Path::new("crates").join(&service.name);
        for (path, content) in emit::crate_files(service)? {
            plan.put(folder.join(path), content);
        }
        let spec = format!("specs/{}.yaml", service.name);
        plan.owned.insert(folder, Some(spec));
    }
    snapshot(root, &mut plan)?;
    let mut filled = emit::workspace_blocks(&services, &manifest::version(root)?);
    filled.extend(emit::webhook_blocks(&services));
    let (blocks, findings) = blocks::fill(root, &filled);
    plan.findings.extend(findings);
    plan.blocks = blocks;
    // The table reads the manifests. They are complete only if there are no findings.
    if plan.findings.is_empty() {
        let table = packages::table(root, &services, &plan.blocks)?;
        let (documents, findings) = blocks::fill(root, &[table]);
        plan.findings.extend(findings);
        plan.blocks.extend(documents);
    }
    // A crate of a removed spec is owned too, so it is removed.
    for folder in crates::packages(root, Path::new("crates")) {
        if crates::is_of_a_spec(&root.join(&folder), "specs") {
            plan.owned.entry(folder).or_default();
        }
    }
    licences(root, &mut plan);
    Ok(plan)
}

/// Copies the licence texts into every package: a published package contains only files of its own folder.
fn licences(root: &Path, plan: &mut Plan) {
    let planned = plan
        .files
        .keys()
        .filter(|path| path.ends_with("Cargo.toml"));
    let mut folders: BTreeSet<PathBuf> = planned
        .filter_map(|path| path.parent())
        .map(Path::to_owned)
        .collect();
    let by_hand = crates::packages(root, Path::new("crates")).into_iter();
    folders.extend(by_hand.filter(|folder| !plan.owned.contains_key(folder)));
    for name in LICENCES {
        let Ok(text) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for folder in &folders {
            plan.put(folder.join(name), text.clone());
        }
        plan.copies.push(text);
    }
}

/// Generates the crate of `awkward.yaml`, the spec of corner cases. It is beside its spec and is not a service.
fn snapshot(root: &Path, plan: &mut Plan) -> Result<(), String> {
    let folder = Path::new("xtask/snapshot");
    let Ok(text) = fs::read_to_string(root.join(folder).join("awkward.yaml")) else {
        return Ok(());
    };
    let service = read::read("specs/awkward.yaml", &text).map_err(|findings| lines(&findings))?;
    for (path, content) in emit::crate_files(&service)? {
        if !path.starts_with("tests/") {
            plan.put(folder.join(path), content);
        }
    }
    Ok(())
}
