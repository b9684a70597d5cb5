//! Writing, checking, and the crate of the spec of corner cases.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use common::{BLOCKS, MINIMAL, Workspace, drift};
use xtask::generate::{LICENCES, Outcome, check, write};

mod common;

#[test]
fn every_edit_of_generated_files_is_found() {
    let workspace = Workspace::new("edit");
    let root = &workspace.0;
    assert!(drift(root).is_some(), "nothing is written yet");
    write(root).unwrap();
    assert_eq!(drift(root), None);
    for file in [
        "crates/minimal/Cargo.toml",
        "crates/minimal/README.md",
        "crates/minimal/src/generated/requests.rs",
        "crates/cli/src/generated/mod.rs",
        "crates/nxcloud/Cargo.toml",
        "crates/nxcloud/README.md",
        "crates/nxcloud/src/lib.rs",
        "crates/spec/src/generated/specs/minimal.json",
        "Cargo.toml",
        "README.md",
    ] {
        let path = root.join(file);
        let before = fs::read_to_string(&path).unwrap();
        let edited = if BLOCKS.contains(&file) {
            before.replace("minimal", "maximal")
        } else {
            format!("{before}edited\n")
        };
        fs::write(&path, edited).unwrap();
        let difference = drift(root).unwrap_or_default();
        assert!(difference.contains(file), "{file} in {difference}");
        fs::write(&path, before).unwrap();
    }
    assert_eq!(drift(root), None);
}

#[test]
fn dependencies_have_the_version_of_the_workspace() {
    let workspace = Workspace::new("version");
    let root = &workspace.0;
    write(root).unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("path = \"crates/minimal\", version = \"4.5.6\""),
        "{manifest}"
    );
    fs::write(root.join("Cargo.toml"), "[workspace]\n").unwrap();
    let error = write(root).unwrap_err();
    assert!(
        error.starts_with("Cargo.toml: `[workspace.package]` has no `version`"),
        "{error}"
    );
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    let workspace = Workspace::new("same");
    write(&workspace.0).unwrap();
    let Outcome::Clean(summary) = write(&workspace.0).unwrap() else {
        panic!("drift after writing")
    };
    assert!(summary.contains(" 0 written, 0 removed"), "{summary}");
}

#[test]
fn the_crate_of_a_removed_spec_is_removed() {
    let workspace = Workspace::new("removed");
    let root = &workspace.0;
    write(root).unwrap();
    fs::remove_file(root.join("specs/minimal.yaml")).unwrap();
    let difference = drift(root).unwrap_or_default();
    assert!(
        difference.contains("crates/minimal/Cargo.toml: no spec produces this file"),
        "{difference}"
    );
    write(root).unwrap();
    assert!(!root.join("crates/minimal").exists());
    let dispatch = fs::read_to_string(root.join("crates/cli/src/generated/mod.rs")).unwrap();
    assert!(!dispatch.contains("minimal"), "{dispatch}");
}

#[test]
fn every_package_gets_the_licence_texts() {
    let workspace = Workspace::new("licences");
    let root = &workspace.0;
    fs::create_dir_all(root.join("crates/by-hand")).unwrap();
    fs::write(root.join("crates/by-hand/Cargo.toml"), "[package]\n").unwrap();
    for name in LICENCES {
        fs::write(root.join(name), name).unwrap();
    }
    write(root).unwrap();
    for package in ["by-hand", "minimal", "nxcloud"] {
        for name in LICENCES {
            let copy = root.join("crates").join(package).join(name);
            assert_eq!(fs::read_to_string(&copy).unwrap(), name, "{package}");
            fs::write(&copy, "another text").unwrap();
            let error = check(root).unwrap_err();
            assert!(error.contains(name) && error.contains(package), "{error}");
            fs::remove_file(&copy).unwrap();
            let difference = drift(root).unwrap_or_default();
            assert!(difference.contains(name), "{package} lacks {name}");
            write(root).unwrap();
        }
    }
    fs::remove_file(root.join("specs/minimal.yaml")).unwrap();
    write(root).unwrap();
    assert!(
        !root.join("crates/minimal").exists(),
        "the crate of a removed spec is removed"
    );
}

/// A package contains all files of its folder, so none may exclude files.
#[test]
fn every_package_of_this_workspace_contains_the_licence_texts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let crates = fs::read_dir(root.join("crates")).unwrap();
    let folders: Vec<_> = crates.map(|entry| entry.unwrap().path()).collect();
    assert!(folders.len() >= 16, "{folders:?}");
    for folder in folders {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let partial = ["\ninclude = ", "\nexclude = ", "\nlicense-file"];
        assert!(
            !partial.iter().any(|key| manifest.contains(key)),
            "{folder:?}"
        );
        for name in LICENCES {
            let own = fs::read_to_string(root.join(name)).unwrap();
            let copy = fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(
                own == copy,
                "{folder:?} lacks {name}: run `cargo xtask generate`"
            );
        }
    }
}

#[test]
fn a_spec_adds_its_commands() {
    let workspace = Workspace::new("commands");
    let root = &workspace.0;
    write(root).unwrap();
    let dispatch = fs::read_to_string(root.join("crates/cli/src/generated/mod.rs")).unwrap();
    let spec = xtask::read::read("specs/minimal.yaml", MINIMAL).unwrap();
    assert!(!spec.operations.is_empty());
    let named = format!("(\"minimal\", \"{}\")", spec.title);
    assert!(dispatch.contains(&named), "{named} in {dispatch}");
    for operation in &spec.operations {
        let arm = format!("(\"minimal\", \"{}\") =>", operation.id);
        assert!(dispatch.contains(&arm), "{arm} in {dispatch}");
    }
}

#[test]
fn a_spec_with_findings_writes_nothing() {
    let workspace = Workspace::new("refused");
    let root = &workspace.0;
    fs::write(
        root.join("specs/minimal.yaml"),
        MINIMAL.replace("x-nx-action", "x-nx-auction"),
    )
    .unwrap();
    let error = write(root).unwrap_err();
    assert!(
        error.contains("specs/minimal.yaml: line 18, paths./send.post.x-nx-auction: "),
        "{error}"
    );
    assert!(!root.join("crates/minimal").exists());
}

/// The findings of a spec with this file name.
fn refusal(file: &str, text: &str) -> String {
    let workspace = Workspace::new(&format!("named-{}", file.replace('.', "-")));
    let root = &workspace.0;
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let table = "[workspace.dependencies]\n";
    let with = manifest.replace(table, &format!("{table}serde = \"1\"\n"));
    fs::write(root.join("Cargo.toml"), with).unwrap();
    fs::write(root.join("specs").join(file), text).unwrap();
    let refused = write(root).unwrap_err();
    assert!(!root.join("crates/cli").exists(), "{file} wrote something");
    refused
}

#[test]
fn reserved_file_names_are_refused() {
    for name in xtask::names::RESERVED_SPECS.iter().chain(&[
        "async", "gen", "self", "type", "mod", "2fa", "a-", "a--b", "Sms", "a_b", "a.b", "é",
    ]) {
        let refused = refusal(&format!("{name}.yaml"), MINIMAL);
        let place = format!("specs/{name}.yaml: (name): ");
        assert!(
            refused.starts_with(&place) && refused.contains("; "),
            "{refused}"
        );
    }
    let package = MINIMAL.replace("x-nx-source:", "x-nx-package: serde\nx-nx-source:");
    let refused = refusal("other.yaml", &package);
    assert!(refused.contains("x-nx-package: `serde`"), "{refused}");
}

#[test]
fn specs_with_other_extensions_are_refused() {
    for file in ["sms.yml", "sms.YAML", "sms.json"] {
        let refused = refusal(file, MINIMAL);
        let place = format!("specs/{file}: (name): ");
        assert!(
            refused.starts_with(&place) && refused.contains("`sms.yaml`"),
            "{refused}"
        );
    }
}

#[test]
fn the_snapshot_crate_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("snapshot/awkward.yaml")).unwrap();
    let service = xtask::read::read("specs/awkward.yaml", &text).unwrap();
    for (path, expected) in xtask::emit::crate_files(&service).unwrap() {
        if path.starts_with("tests/") {
            continue; // They call the sandbox, which does not have this spec.
        }
        let present = fs::read_to_string(root.join("snapshot").join(&path)).unwrap_or_default();
        assert!(
            present == expected,
            "{path} differs: run `cargo xtask generate`"
        );
    }
}

/// A package with such a name breaks the workspace.
#[test]
fn packages_with_names_of_rust_are_refused() {
    for package in [
        "type",
        "std",
        "core",
        "alloc",
        "test",
        "proc-macro",
        "gen",
        "self",
        "a_b",
        "A",
        "1a",
        "",
    ] {
        let text = MINIMAL.replace(
            "x-nx-source:",
            &format!("x-nx-package: \"{package}\"\nx-nx-source:"),
        );
        let refused = refusal("package.yaml", &text);
        let place = format!("specs/package.yaml: x-nx-package: `{package}` ");
        assert!(refused.contains(&place), "{refused}");
    }
}

#[test]
fn the_table_of_packages_follows_the_manifests() {
    let workspace = Workspace::new("packages");
    let root = &workspace.0;
    let manifest = |folder: &str, text: &str| {
        fs::create_dir_all(root.join(folder)).unwrap();
        fs::write(root.join(folder).join("Cargo.toml"), text).unwrap();
    };
    manifest(
        "crates/client",
        "[package]\nname = \"nxcloud-client\"\ndescription = \"Sessions\"\n[dependencies]\nserde = \"1\"\n",
    );
    manifest(
        "crates/tool",
        "[package]\nname = \"tool\"\ndescription = \"A|B\"\n[dependencies]\nnxcloud-client = { version = \"1\", optional = true }\nnxcloud-minimal = \"1\"\n",
    );
    write(root).unwrap();
    assert_eq!(drift(root), None);
    let table = || fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    assert!(table().contains(
        "\n| `crates/client` | `nxcloud-client` | Sessions |  |\n| `crates/<service>` | "
    ));
    assert!(table().contains("\n| `crates/tool` | `tool` | A\\|B | (client), the services |\n"));
    manifest("crates/tool", "[package]\nname = \"tool\"\n");
    assert!(drift(root).is_some());
    write(root).unwrap();
    assert!(table().contains("| `crates/tool` | `tool` |  |  |"));
}
