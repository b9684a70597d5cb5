//! The generator overwrites and removes only files that it wrote.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{MINIMAL, Workspace, drift};
use xtask::generate::{LICENCES, check, write};

mod common;

/// Every file and link below a folder, with its content.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            files.insert(
                path.clone(),
                fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes(),
            );
        } else if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Both writing and checking fail with these parts, and no file changes.
fn refused(root: &Path, parts: &[&str]) {
    let before = snapshot(root);
    for error in [write(root).unwrap_err(), check(root).unwrap_err()] {
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
        let remedies = [
            "move or delete it",
            "another name",
            "rename the",
            "write lowercase",
            "put them back",
        ];
        for line in error.lines() {
            assert!(
                remedies.iter().any(|remedy| line.contains(remedy)),
                "{line}"
            );
        }
    }
    assert!(before == snapshot(root), "something changed");
}

fn put(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn spec(root: &Path, name: &str) {
    put(root, &format!("specs/{name}.yaml"), MINIMAL);
}

#[test]
fn a_spec_named_like_a_hand_written_crate_is_refused() {
    for name in [
        "client", "signing", "webhooks", "sandbox", "spec", "cli", "nxcloud", "anything",
    ] {
        for fresh in [true, false] {
            let workspace = Workspace::new(&format!("named-{name}-{fresh}"));
            let root = &workspace.0;
            if !fresh {
                write(root).unwrap();
            }
            if !(fresh && ["webhooks", "spec", "cli", "nxcloud"].contains(&name)) {
                put(
                    root,
                    &format!("crates/{name}/Cargo.toml"),
                    "[package]\nname = \"x\"\n",
                );
                put(root, &format!("crates/{name}/src/lib.rs"), "//! By hand.\n");
            }
            spec(root, name);
            let why = if name == "anything" {
                "crates/anything is a hand-written crate"
            } else {
                &format!("`{name}` is already a command, a feature, a crate")
            };
            refused(root, &[&format!("specs/{name}.yaml: (name): {why}")]);
        }
    }
}

#[test]
fn an_existing_package_name_is_refused() {
    let workspace = Workspace::new("package");
    let root = &workspace.0;
    put(
        root,
        "crates/other/Cargo.toml",
        "[package]\nname = \"nxcloud-taken\"\n",
    );
    spec(root, "taken");
    refused(
        root,
        &["specs/taken.yaml: x-nx-package: `nxcloud-taken` is already the package of crates/other"],
    );
    fs::remove_file(root.join("specs/taken.yaml")).unwrap();
    put(
        root,
        "crates/client/loom/Cargo.toml",
        "[package]\nname = \"nxcloud-client-loom\"\n",
    );
    spec(root, "client-loom");
    refused(
        root,
        &[
            "specs/client-loom.yaml: x-nx-package: `nxcloud-client-loom` is already the package of crates/client/loom",
        ],
    );
    fs::remove_file(root.join("specs/client-loom.yaml")).unwrap();
    put(
        root,
        "specs/twin.yaml",
        &format!("x-nx-package: nxcloud-minimal\n{MINIMAL}"),
    );
    refused(
        root,
        &[
            "specs/twin.yaml: x-nx-package: `nxcloud-minimal` is already the package of specs/minimal.yaml",
        ],
    );
    fs::remove_file(root.join("specs/twin.yaml")).unwrap();
    for name in ["Minimal", "a b", "a_b", "1st", "a.b", "ä"] {
        spec(root, name);
        refused(
            root,
            &[&format!(
                "specs/{name}.yaml: (name): `{name}` cannot be the name"
            )],
        );
        fs::remove_file(root.join(format!("specs/{name}.yaml"))).unwrap();
    }
}

#[test]
fn a_folder_with_hand_written_files_is_refused() {
    let workspace = Workspace::new("folder");
    let root = &workspace.0;
    put(root, "crates/minimal/notes.txt", "by hand");
    put(root, "crates/minimal/src/lib.rs", "//! By hand.\n");
    refused(
        root,
        &[
            "crates/minimal/notes.txt: (file): ",
            "crates/minimal/src/lib.rs: (file): ",
        ],
    );
}

#[test]
fn a_hand_written_file_among_generated_ones_is_refused() {
    let workspace = Workspace::new("stray");
    let root = &workspace.0;
    write(root).unwrap();
    for file in [
        "crates/minimal/stray.rs",
        "crates/minimal/src/generated/stray.rs",
        "crates/minimal/tests/by_hand/main.rs",
        "crates/minimal/.hidden",
        "crates/cli/src/generated/stray.rs",
        "crates/spec/src/generated/specs/stray.json",
        "crates/webhooks/src/generated/deep/stray.rs",
        "crates/webhooks/tests/generated/stray.bin",
    ] {
        for content in ["", "// By hand.\n", "\u{0}\u{1}"] {
            put(root, file, content);
            refused(
                root,
                &[&format!("{file}: (file): no spec produces this file")],
            );
        }
        fs::remove_file(root.join(file)).unwrap();
    }
    // Also after its spec is removed.
    put(root, "crates/minimal/stray.rs", "// By hand.\n");
    fs::remove_file(root.join("specs/minimal.yaml")).unwrap();
    refused(
        root,
        &["crates/minimal/stray.rs: (file): no spec produces this file"],
    );
}

#[test]
fn a_generated_file_that_was_replaced_by_hand_is_refused() {
    let workspace = Workspace::new("replaced");
    let root = &workspace.0;
    write(root).unwrap();
    for file in [
        "crates/minimal/src/lib.rs",
        "crates/minimal/README.md",
        "crates/cli/src/generated/mod.rs",
        "crates/spec/src/generated/specs/minimal.json",
        "crates/webhooks/src/generated/pushes.md",
    ] {
        let before = fs::read_to_string(root.join(file)).unwrap();
        put(root, file, "// By hand.\n");
        refused(
            root,
            &[&format!("{file}: (file): was not written by the generator")],
        );
        fs::remove_file(root.join(file)).unwrap();
        fs::create_dir(root.join(file)).unwrap();
        refused(root, &[file]);
        fs::remove_dir(root.join(file)).unwrap();
        put(root, file, &before);
    }
    assert_eq!(drift(root), None);
}

#[test]
fn stale_generated_files_are_removed_with_empty_folders() {
    let workspace = Workspace::new("stale");
    let root = &workspace.0;
    for name in LICENCES {
        put(root, name, name);
    }
    write(root).unwrap();
    let stale = "// Generated by `cargo xtask generate` from specs/minimal.yaml. Do not edit.\n";
    put(root, "crates/minimal/src/generated/old/stale.rs", stale);
    put(root, "crates/cli/src/generated/stale.rs", stale);
    assert!(
        drift(root)
            .unwrap()
            .contains("old/stale.rs: no spec produces this file")
    );
    write(root).unwrap();
    assert!(!root.join("crates/minimal/src/generated/old").exists());
    assert!(!root.join("crates/cli/src/generated/stale.rs").exists());
    fs::remove_file(root.join("specs/minimal.yaml")).unwrap();
    write(root).unwrap();
    assert!(!root.join("crates/minimal").exists());
    assert!(root.join("crates").exists());
    assert_eq!(drift(root), None);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;

    let workspace = Workspace::new("links");
    let root = &workspace.0;
    write(root).unwrap();
    // A link with another name to a generated crate elsewhere. The generator must not remove that crate.
    let elsewhere = root.join("elsewhere");
    fs::rename(root.join("crates/minimal"), &elsewhere).unwrap();
    symlink(&elsewhere, root.join("crates/old")).unwrap();
    let kept = snapshot(&elsewhere);
    write(root).unwrap();
    assert!(kept == snapshot(&elsewhere));
    // A link instead of the crate, a folder or a file, and beside them.
    for link in ["crates/minimal", "crates/cli/src/generated"] {
        fs::remove_dir_all(root.join(link)).unwrap();
        symlink(&elsewhere, root.join(link)).unwrap();
        refused(root, &[&format!("{link}: (file): is not a folder")]);
        fs::remove_file(root.join(link)).unwrap();
        write(root).unwrap();
    }
    for (link, remove) in [
        ("crates/minimal/src/lib.rs", true),
        ("crates/minimal/src/link.rs", false),
    ] {
        if remove {
            fs::remove_file(root.join(link)).unwrap();
        }
        symlink(elsewhere.join("src/lib.rs"), root.join(link)).unwrap();
        refused(root, &[link]);
        fs::remove_file(root.join(link)).unwrap();
        write(root).unwrap();
    }
    symlink(
        root.join("nowhere"),
        root.join("crates/minimal/src/dangling"),
    )
    .unwrap();
    refused(root, &["crates/minimal/src/dangling"]);
    assert!(kept == snapshot(&elsewhere));
}
