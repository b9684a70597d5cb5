//! The lists of reserved names are complete: each is compared with the code that reserves them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use heck::ToKebabCase as _;
use proc_macro2::{TokenStream, TokenTree};
use xtask::emit;
use xtask::model::{Service, TypeKind};
use xtask::names::{RESERVED_SPECS, unusable_type};
use xtask::read::read;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn services() -> Vec<Service> {
    let entries = fs::read_dir(root().join("specs")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.push(root().join("xtask/snapshot/awkward.yaml"));
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    let file = |path: &PathBuf| format!("specs/{}", path.file_name().unwrap().to_string_lossy());
    paths
        .iter()
        .map(|path| read(&file(path), &fs::read_to_string(path).unwrap()).unwrap())
        .collect()
}

/// Capitalised names without a path before them.
fn bare(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let mut after_path = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => bare(group.stream(), names),
            TokenTree::Ident(name) if !after_path => {
                let name = name.to_string();
                let lower = name.chars().any(|c| c.is_ascii_lowercase());
                if lower && name.starts_with(|c: char| c.is_ascii_uppercase()) {
                    names.insert(name);
                }
            }
            _ => {}
        }
        after_path = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':')
            && after_path
            || matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == proc_macro2::Spacing::Joint);
    }
}

#[test]
fn every_name_that_generated_code_uses_is_reserved() {
    for service in services() {
        // An associated type, which cannot be hidden.
        let mut own: BTreeSet<&str> = BTreeSet::from(["Item"]);
        for def in &service.types {
            own.insert(&def.name);
            match &def.kind {
                TypeKind::Enum { values, .. } => {
                    own.extend(values.iter().map(|value| value.name.as_str()))
                }
                TypeKind::Union(union) => own.extend(
                    union
                        .variants
                        .iter()
                        .map(|(_, variant, _)| variant.as_str()),
                ),
                TypeKind::Object(_) => {}
            }
        }
        let mut files = emit::crate_files(&service).unwrap();
        files.extend(
            emit::webhook_files(std::slice::from_ref(&service))
                .into_iter()
                .map(|(path, text)| (format!("webhooks/{path}"), text)),
        );
        let mut names = BTreeSet::new();
        for (path, text) in &files {
            if path.ends_with(".rs") && !path.contains("tests/") {
                bare(text.parse().unwrap(), &mut names);
            }
        }
        let free: Vec<&String> = names
            .iter()
            .filter(|name| !own.contains(name.as_str()) && unusable_type(name).is_none())
            .collect();
        assert!(free.is_empty(), "{}: {free:?}", service.name);
    }
}

#[test]
fn reserved_names_of_specs_are_listed() {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    // clap adds this one.
    taken.insert("help".to_owned());
    let main = fs::read_to_string(root().join("crates/cli/src/main.rs")).unwrap();
    let main = syn::parse_file(&main).unwrap();
    for item in &main.items {
        if let syn::Item::Enum(commands) = item
            && commands.ident == "Tool"
        {
            let names = commands.variants.iter().map(|variant| &variant.ident);
            taken.extend(names.map(|name| name.to_string().to_kebab_case()));
        }
    }
    assert!(
        taken.contains("doctor") && taken.contains("trigger"),
        "{taken:?}"
    );
    let services = services();
    let own: BTreeSet<&str> = services
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for krate in ["nxcloud", "webhooks"] {
        let manifest =
            fs::read_to_string(root().join(format!("crates/{krate}/Cargo.toml"))).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        taken.extend(manifest["features"].as_table().unwrap().keys().cloned());
    }
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        taken.insert(entry.unwrap().file_name().to_string_lossy().into_owned());
    }
    let missing: Vec<&String> = taken
        .iter()
        .filter(|name| !own.contains(name.as_str()) && !RESERVED_SPECS.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
